#include <algorithm>
#include <cstddef>
#include <optional>
#include <vector>

#include "vmm/gdb/commands.h"
#include "vmm/gdb/packet.h"

namespace vmm::gdb {

namespace {

struct MemoryRange {
  uint64_t address;
  uint64_t length;
};

// "addr,length"
std::optional<MemoryRange> TakeRange(TextCursor& arguments) {
  const auto address = arguments.TakeHex();
  if (!address || !arguments.Skip(",")) {
    return std::nullopt;
  }
  const auto length = arguments.TakeHex();
  if (!length) {
    return std::nullopt;
  }
  return MemoryRange{.address = *address, .length = *length};
}

// What is there from the start of the range on, up to `limit` bytes: a client takes a short answer for what it is.
Outcome<std::vector<std::byte>> Read(const SessionContext& context, TextCursor arguments, uint64_t limit) {
  const auto range = TakeRange(arguments);
  if (!range || range->length == 0 || !arguments.empty()) {
    return Fail(ErrorCode::kInvalid);
  }
  // Of the last byte, because the end may be one more than 64 bits hold.
  const uint64_t last = std::min({range->length - 1, limit - 1, UINT64_MAX - range->address});
  std::vector<std::byte> bytes(last + 1);
  PAGODA_TRY_ASSIGN(const size_t count,
                    context.target.ReadMemory(context.SelectedThread(), context.space, range->address, bytes));
  if (count == 0) {
    return Fail(ErrorCode::kBadAddress);
  }
  bytes.resize(std::min(count, bytes.size()));
  return bytes;
}

std::string Write(const SessionContext& context, const MemoryRange& range, std::span<const std::byte> bytes) {
  if (bytes.size() != range.length || (range.length != 0 && range.address > UINT64_MAX - (range.length - 1))) {
    return context.ErrorReply(ErrorCode::kInvalid);
  }
  if (bytes.empty()) {
    return OkReply();  // how a client finds out that we know the packet
  }
  const auto written = context.target.WriteMemory(context.SelectedThread(), context.space, range.address, bytes);
  if (!written.ok()) {
    return context.ErrorReply(written.error());
  }
  return *written == bytes.size() ? OkReply() : context.ErrorReply(ErrorCode::kBadAddress);
}

}  // namespace

std::string ReadMemoryAsHex(SessionContext& context, TextCursor arguments) {
  const auto bytes = Read(context, arguments, kMaxPayload / 2);
  return bytes.ok() ? HexBytes(*bytes) : context.ErrorReply(bytes.error());
}

std::string ReadMemoryAsBinary(SessionContext& context, TextCursor arguments) {
  // gdb 16: the 'b' tells data from an error. An empty range is a question whether we know the packet.
  TextCursor probe = arguments;
  const auto range = TakeRange(probe);
  if (range && range->length == 0 && probe.empty()) {
    return "b";
  }
  const auto bytes = Read(context, arguments, kMaxPayload - 1);
  if (!bytes.ok()) {
    return context.ErrorReply(bytes.error());
  }
  // SAFETY: the same bytes as characters.
  const std::string_view text(reinterpret_cast<const char*>(bytes->data()), bytes->size());
  return "b" + EscapeBinary(text, kMaxPayload - 1).text;
}

std::string WriteMemoryFromHex(SessionContext& context, TextCursor arguments) {
  const auto range = TakeRange(arguments);
  if (!range || !arguments.Skip(":")) {
    return context.ErrorReply(ErrorCode::kInvalid);
  }
  const auto bytes = BytesOfHex(arguments.rest());
  return bytes ? Write(context, *range, *bytes) : context.ErrorReply(ErrorCode::kInvalid);
}

std::string WriteMemoryFromBinary(SessionContext& context, TextCursor arguments) {
  const auto range = TakeRange(arguments);
  if (!range || !arguments.Skip(":")) {
    return context.ErrorReply(ErrorCode::kInvalid);
  }
  return Write(context, *range, std::as_bytes(std::span(arguments.rest())));
}

}  // namespace vmm::gdb
