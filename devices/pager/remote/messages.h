// Packets to checked messages, and back. Pure: no socket, no state; what a message refers to is its reader's to check.
//
// A parsed message has the right size, lengths that fit, no more and no fewer descriptors than it must have, and values
// that exist. The error is a phrase that follows "it sent ", for a person.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

#include "devices/core/unique_fd.h"
#include "devices/pager/page_source.h"
#include "devices/pager/remote/channel.h"
#include "devices/pager/remote/protocol.h"
#include "shared/base/result.h"

namespace pager::remote {

struct Kick {};

// ---- Monitor to pager
struct Hello {
  uint32_t magic;
  uint32_t version;
  uint64_t features;
};
struct Setup {
  SetupMessage geometry;
  dev::UniqueFd region;
};
struct Memory {
  uint64_t file_size;
  std::vector<MemoryRangeEntry> ranges;  // inside the file, ascending, without overlap
  dev::UniqueFd file;
};
struct Open {
  uint64_t object;
  std::string path;
};
struct Attach {
  uint64_t object;
};
struct Close {
  uint64_t object;
};
struct List {
  uint64_t id;
  uint32_t first;
  std::string path;
};
struct OperationResult {
  uint64_t id;
  zx_status_t status;
  uint64_t values[3];
  std::vector<DirtyRange> ranges;
};
using ToPager = std::variant<Kick, Hello, Setup, Memory, Open, Attach, Close, List, OperationResult>;

// ---- Pager to monitor
struct Welcome {
  uint32_t version;
  uint64_t features;
};
struct Refused {
  uint32_t version;
  std::string reason;  // printable characters only
};
struct Ready {};
struct Opened {
  uint64_t object;
  zx_status_t status;
  uint64_t existing;  // see OpenedMessage; this and the next: with ZX_OK
  ObjectInfo info;
  std::string version = {};  // of the content; empty: there is no telling
};
struct Listed {
  uint64_t id;
  zx_status_t status;
  bool more;
  std::vector<std::string> names;
};
struct File {
  uint32_t file;
  uint64_t object;
  dev::UniqueFd descriptor;  // of a regular file or a block device
};
using Operation = OperationMessage;  // `header` means nothing any more
using ToMonitor = std::variant<Kick, Welcome, Refused, Ready, Opened, Listed, File, Operation>;

[[nodiscard]] base::Result<ToPager, std::string> ParseToPager(Packet packet);
[[nodiscard]] base::Result<ToMonitor, std::string> ParseToMonitor(Packet packet);

// Whether there can be such an object: its sizes belong together.
[[nodiscard]] bool CanBe(const ObjectInfo& info);

// ---- Making messages

[[nodiscard]] std::vector<std::byte> Join(std::span<const std::byte> front, std::span<const std::byte> rest);

// The bytes of a message: `fixed`, whose header is filled in, and what follows it.
template <typename T>
[[nodiscard]] std::vector<std::byte> Encode(MessageType type, T fixed, std::span<const std::byte> rest = {}) {
  static_assert(std::is_trivially_copyable_v<T>);
  fixed.header = {.type = type, .size = static_cast<uint32_t>(sizeof(T) + rest.size())};
  return Join(std::as_bytes(std::span(&fixed, 1)), rest);
}
[[nodiscard]] inline std::vector<std::byte> EncodePlain(MessageType type) { return Encode(type, PlainMessage{}); }
[[nodiscard]] inline std::vector<std::byte> EncodeObject(MessageType type, uint64_t object) {
  return Encode(type, ObjectMessage{.header = {}, .object = object});
}
[[nodiscard]] inline std::span<const std::byte> BytesOf(std::string_view text) {
  return std::as_bytes(std::span(text));
}
[[nodiscard]] std::vector<std::byte> EncodeMemory(uint64_t file_size, std::span<const MemoryRangeEntry> ranges);
[[nodiscard]] std::vector<std::byte> EncodeOpened(const Opened& opened);
[[nodiscard]] std::vector<std::byte> EncodeRefused(std::string_view reason);
// Names from `first` on, as many as fit.
[[nodiscard]] std::vector<std::byte> EncodeListed(uint64_t id, uint32_t first, std::span<const std::string> names);
[[nodiscard]] std::vector<std::byte> EncodeListFailure(uint64_t id, zx_status_t status);
// Precondition: at most kMaxDirtyRanges ranges.
[[nodiscard]] std::vector<std::byte> EncodeResult(const OperationResult& result);

}  // namespace pager::remote
