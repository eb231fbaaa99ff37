#include "devices/pager/remote/messages.h"

#include <sys/stat.h>
#include <zircon/errors.h>

#include <algorithm>
#include <cctype>
#include <cstring>
#include <optional>
#include <utility>

#include "shared/base/range.h"

namespace pager::remote {

namespace {

using Bytes = std::span<const std::byte>;
using Bad = base::Failure<std::string>;

Bad Malformed(std::string_view what) { return Bad{"a malformed message (" + std::string(what) + ")"}; }

// The header of a packet whose size it tells correctly.
base::Result<MessageHeader, std::string> ParseHeader(Bytes bytes) {
  MessageHeader header;
  if (bytes.size() < sizeof(header)) {
    return Malformed("shorter than a header");
  }
  std::memcpy(&header, bytes.data(), sizeof(header));
  if (header.size != bytes.size()) {
    return Malformed("its size is not that of the packet");
  }
  return header;
}

bool CarriesDescriptor(MessageType type) {
  return type == MessageType::kSetup || type == MessageType::kMemory || type == MessageType::kFile;
}

// Header and number of descriptors.
base::Result<MessageType, std::string> CheckEnvelope(const Packet& packet) {
  PAGODA_TRY_ASSIGN(const MessageHeader header, ParseHeader(packet.bytes));
  if (packet.descriptors.size() != (CarriesDescriptor(header.type) ? 1U : 0U)) {
    return Malformed("with " + std::to_string(packet.descriptors.size()) + " descriptors");
  }
  return header.type;
}

// The fixed part, and what follows it: at most `max_rest` bytes.
template <typename T>
struct Body {
  T fixed;
  Bytes rest;
};
template <typename T>
std::optional<Body<T>> Take(Bytes bytes, size_t max_rest = 0) {
  if (!base::RangeFits(sizeof(T), 0, bytes.size()) || bytes.size() - sizeof(T) > max_rest) {
    return std::nullopt;
  }
  Body<T> body{.fixed = {}, .rest = bytes.subspan(sizeof(T))};
  std::memcpy(&body.fixed, bytes.data(), sizeof(T));
  return body;
}

std::string TextOf(Bytes bytes) {
  std::string text(bytes.size(), '\0');
  std::transform(bytes.begin(), bytes.end(), text.begin(), [](std::byte byte) { return static_cast<char>(byte); });
  return text;
}

template <typename T>
base::Result<ToPager, std::string> ParseObject(Bytes bytes) {
  const auto body = Take<ObjectMessage>(bytes);
  if (!body || body->fixed.object == 0) {
    return Malformed("about an object");
  }
  return ToPager(T{.object = body->fixed.object});
}

base::Result<ToPager, std::string> ParseHello(Bytes bytes) {
  // A hello of another version may be longer: what matters is that its beginning can be understood.
  const auto body = Take<HelloMessage>(bytes, kMaxMessage);
  if (!body) {
    return Malformed("hello");
  }
  return ToPager(Hello{.magic = body->fixed.magic, .version = body->fixed.version, .features = body->fixed.features});
}

base::Result<ToPager, std::string> ParseSetup(Packet packet) {
  const auto body = Take<SetupMessage>(packet.bytes);
  if (!body) {
    return Malformed("setup");
  }
  return ToPager(Setup{.geometry = body->fixed, .region = std::move(packet.descriptors.front())});
}

// Whether `range` may follow one that ends at `previous_end`, in a file of that size.
bool MayFollow(const MemoryRangeEntry& range, uint64_t previous_end, uint64_t file_size) {
  return base::IsPageAligned(range.address | range.length | range.file_offset) && range.length != 0 &&
         range.address >= previous_end && base::RangeFits(range.address, range.length, INT64_MAX) &&
         base::RangeFits(range.file_offset, range.length, file_size);
}

base::Result<ToPager, std::string> ParseMemory(Packet packet) {
  const auto body = Take<MemoryMessage>(packet.bytes, kMaxMemoryRanges * sizeof(MemoryRangeEntry));
  if (!body || body->rest.empty() || body->rest.size() % sizeof(MemoryRangeEntry) != 0) {
    return Malformed("memory");
  }
  Memory memory{.file_size = body->fixed.file_size, .ranges = {}, .file = std::move(packet.descriptors.front())};
  uint64_t end = 0;
  for (Bytes rest = body->rest; !rest.empty(); rest = rest.subspan(sizeof(MemoryRangeEntry))) {
    MemoryRangeEntry range;
    std::memcpy(&range, rest.data(), sizeof(range));
    if (!MayFollow(range, end, memory.file_size)) {
      return Malformed("memory with a range that is none");
    }
    end = range.address + range.length;
    memory.ranges.push_back(range);
  }
  return ToPager(std::move(memory));
}

base::Result<ToPager, std::string> ParseOpen(Bytes bytes) {
  const auto body = Take<ObjectMessage>(bytes, kMaxPath);
  if (!body || body->fixed.object == 0) {
    return Malformed("open");
  }
  return ToPager(Open{.object = body->fixed.object, .path = TextOf(body->rest)});
}

base::Result<ToPager, std::string> ParseList(Bytes bytes) {
  const auto body = Take<ListMessage>(bytes, kMaxPath);
  if (!body || body->fixed.reserved != 0) {
    return Malformed("list");
  }
  return ToPager(List{.id = body->fixed.id, .first = body->fixed.first, .path = TextOf(body->rest)});
}

base::Result<ToPager, std::string> ParseResult(Bytes bytes) {
  const auto body = Take<ResultMessage>(bytes, kMaxDirtyRanges * sizeof(DirtyRangeEntry));
  if (!body || body->fixed.range_count != body->rest.size() / sizeof(DirtyRangeEntry) ||
      body->rest.size() % sizeof(DirtyRangeEntry) != 0 || body->fixed.status > 0) {
    return Malformed("result");
  }
  OperationResult result{.id = body->fixed.id, .status = body->fixed.status, .values = {}, .ranges = {}};
  std::copy(std::begin(body->fixed.values), std::end(body->fixed.values), result.values);
  for (Bytes rest = body->rest; !rest.empty(); rest = rest.subspan(sizeof(DirtyRangeEntry))) {
    DirtyRangeEntry entry;
    std::memcpy(&entry, rest.data(), sizeof(entry));
    if (!base::IsPageAligned(entry.offset | entry.length) || entry.zero > 1 ||
        !base::RangeFits(entry.offset, entry.length, UINT64_MAX)) {
      return Malformed("result with a range that is none");
    }
    result.ranges.push_back({.offset = entry.offset, .length = entry.length, .zero = entry.zero == 1});
  }
  return ToPager(std::move(result));
}

base::Result<ToMonitor, std::string> ParseWelcome(Bytes bytes) {
  const auto body = Take<WelcomeMessage>(bytes);
  if (!body || body->fixed.reserved != 0) {
    return Malformed("welcome");
  }
  return ToMonitor(Welcome{.version = body->fixed.version, .features = body->fixed.features});
}

base::Result<ToMonitor, std::string> ParseRefused(Bytes bytes) {
  const auto body = Take<RefusedMessage>(bytes, kMaxText);
  if (!body || body->rest.empty()) {
    return Malformed("refusal");
  }
  std::string reason = TextOf(body->rest);
  // It ends up on a terminal.
  std::replace_if(
      reason.begin(), reason.end(), [](char c) { return std::isprint(static_cast<unsigned char>(c)) == 0; }, '?');
  return ToMonitor(Refused{.version = body->fixed.version, .reason = std::move(reason)});
}

base::Result<ToMonitor, std::string> ParseOpened(Bytes bytes) {
  const auto body = Take<OpenedMessage>(bytes, kMaxText);
  if (!body || body->fixed.status > 0) {
    return Malformed("opened");
  }
  const OpenedMessage& fixed = body->fixed;
  Opened opened{.object = fixed.object, .status = fixed.status, .existing = fixed.existing, .info = {}};
  if (fixed.status == ZX_OK) {
    opened.info = {.size = fixed.size,
                   .content_size = fixed.content_size,
                   .read_only = (fixed.flags & kObjectReadOnly) != 0,
                   .resizable = (fixed.flags & kObjectResizable) != 0,
                   .trap_dirty = (fixed.flags & kObjectTrapDirty) != 0};
    if (!CanBe(opened.info) || (fixed.flags & ~kObjectFlags) != 0) {
      return Malformed("opened, an object that cannot be");
    }
    opened.version = TextOf(body->rest);
  }
  return ToMonitor(opened);
}

base::Result<ToMonitor, std::string> ParseListed(Bytes bytes) {
  const auto body = Take<ListedMessage>(bytes, kMaxMessage);
  if (!body || body->fixed.status > 0 || body->fixed.more > 1) {
    return Malformed("names");
  }
  Listed listed{.id = body->fixed.id, .status = body->fixed.status, .more = body->fixed.more == 1, .names = {}};
  for (Bytes rest = body->rest; !rest.empty();) {
    const auto end = std::find(rest.begin(), rest.end(), std::byte{0});
    if (end == rest.begin() || end == rest.end()) {
      return Malformed("a name without an end");
    }
    const auto length = static_cast<size_t>(end - rest.begin());
    listed.names.push_back(TextOf(rest.first(length)));
    rest = rest.subspan(length + 1);
  }
  if (listed.more && listed.names.empty()) {
    return Malformed("no names, and more of them");  // would be asked for ever
  }
  return ToMonitor(std::move(listed));
}

base::Result<ToMonitor, std::string> ParseFile(Packet packet) {
  const auto body = Take<FileMessage>(packet.bytes);
  if (!body || body->fixed.reserved != 0) {
    return Malformed("file");
  }
  // Anything else could make whoever reads it wait for ever.
  struct stat status;
  if (::fstat(packet.descriptors.front().get(), &status) != 0 ||
      !(S_ISREG(status.st_mode) || S_ISBLK(status.st_mode))) {
    return Bad{"a descriptor that is no file"};
  }
  return ToMonitor(File{
      .file = body->fixed.file, .object = body->fixed.object, .descriptor = std::move(packet.descriptors.front())});
}

base::Result<ToMonitor, std::string> ParseOperation(Bytes bytes) {
  const auto body = Take<OperationMessage>(bytes);
  if (!body) {
    return Malformed("operation");
  }
  return ToMonitor(body->fixed);
}

std::vector<std::byte> BytesOfRanges(const std::vector<DirtyRange>& ranges) {
  std::vector<DirtyRangeEntry> entries;
  entries.reserve(ranges.size());
  for (const DirtyRange& range : ranges) {
    entries.push_back({.offset = range.offset, .length = range.length, .zero = range.zero ? 1U : 0U});
  }
  const auto bytes = std::as_bytes(std::span(entries));
  return {bytes.begin(), bytes.end()};
}

}  // namespace

bool CanBe(const ObjectInfo& info) {
  constexpr uint64_t kMaxSize = uint64_t{1} << 62;  // no sum of an offset and a length comes near to wrapping around
  return base::IsPageAligned(info.size) && info.size <= kMaxSize && info.content_size <= info.size &&
         base::AlignUp(info.content_size, base::kPageSize) == info.size;
}

base::Result<ToPager, std::string> ParseToPager(Packet packet) {
  PAGODA_TRY_ASSIGN(const MessageType type, CheckEnvelope(packet));
  switch (type) {
    case MessageType::kKick:
      return Take<PlainMessage>(packet.bytes) ? base::Result<ToPager, std::string>(ToPager(Kick{})) : Malformed("kick");
    case MessageType::kHello:
      return ParseHello(packet.bytes);
    case MessageType::kSetup:
      return ParseSetup(std::move(packet));
    case MessageType::kMemory:
      return ParseMemory(std::move(packet));
    case MessageType::kOpen:
      return ParseOpen(packet.bytes);
    case MessageType::kAttach:
      return ParseObject<Attach>(packet.bytes);
    case MessageType::kClose:
      return ParseObject<Close>(packet.bytes);
    case MessageType::kList:
      return ParseList(packet.bytes);
    case MessageType::kResult:
      return ParseResult(packet.bytes);
    default:
      return Malformed("type " + std::to_string(static_cast<uint32_t>(type)));
  }
}

base::Result<ToMonitor, std::string> ParseToMonitor(Packet packet) {
  PAGODA_TRY_ASSIGN(const MessageType type, CheckEnvelope(packet));
  switch (type) {
    case MessageType::kKick:
      return Take<PlainMessage>(packet.bytes) ? base::Result<ToMonitor, std::string>(ToMonitor(Kick{}))
                                              : Malformed("kick");
    case MessageType::kReady:
      return Take<PlainMessage>(packet.bytes) ? base::Result<ToMonitor, std::string>(ToMonitor(Ready{}))
                                              : Malformed("ready");
    case MessageType::kWelcome:
      return ParseWelcome(packet.bytes);
    case MessageType::kRefused:
      return ParseRefused(packet.bytes);
    case MessageType::kOpened:
      return ParseOpened(packet.bytes);
    case MessageType::kListed:
      return ParseListed(packet.bytes);
    case MessageType::kFile:
      return ParseFile(std::move(packet));
    case MessageType::kOperation:
      return ParseOperation(packet.bytes);
    default:
      return Malformed("type " + std::to_string(static_cast<uint32_t>(type)));
  }
}

std::vector<std::byte> Join(std::span<const std::byte> front, std::span<const std::byte> rest) {
  std::vector<std::byte> bytes(front.begin(), front.end());
  bytes.insert(bytes.end(), rest.begin(), rest.end());
  return bytes;
}

std::vector<std::byte> EncodeMemory(uint64_t file_size, std::span<const MemoryRangeEntry> ranges) {
  return Encode(MessageType::kMemory, MemoryMessage{.header = {}, .file_size = file_size}, std::as_bytes(ranges));
}

std::vector<std::byte> EncodeOpened(const Opened& opened) {
  const ObjectInfo& info = opened.info;
  const uint32_t flags = (info.read_only ? kObjectReadOnly : 0) | (info.resizable ? kObjectResizable : 0) |
                         (info.trap_dirty ? kObjectTrapDirty : 0);
  // One that is too long would say half of it, and two contents could have that in common.
  const std::string_view version = opened.version.size() <= kMaxText ? opened.version : std::string_view();
  return Encode(MessageType::kOpened,
                OpenedMessage{.header = {},
                              .object = opened.object,
                              .status = opened.status,
                              .flags = flags,
                              .existing = opened.existing,
                              .size = info.size,
                              .content_size = info.content_size},
                BytesOf(version));
}

std::vector<std::byte> EncodeRefused(std::string_view reason) {
  return Encode(MessageType::kRefused, RefusedMessage{.header = {}, .version = kVersion, .reserved = 0},
                BytesOf(reason.substr(0, kMaxText)));
}

std::vector<std::byte> EncodeListed(uint64_t id, uint32_t first, std::span<const std::string> names) {
  std::string text;
  size_t next = std::min<size_t>(first, names.size());
  for (; next < names.size() && text.size() + names[next].size() < kMaxMessage - sizeof(ListedMessage); ++next) {
    text.append(names[next].c_str(), names[next].size() + 1);
  }
  return Encode(
      MessageType::kListed,
      ListedMessage{.header = {}, .id = id, .status = ZX_OK, .more = next < names.size() && !text.empty() ? 1U : 0U},
      BytesOf(text));
}

std::vector<std::byte> EncodeListFailure(uint64_t id, zx_status_t status) {
  return Encode(MessageType::kListed, ListedMessage{.header = {}, .id = id, .status = status, .more = 0});
}

std::vector<std::byte> EncodeResult(const OperationResult& result) {
  ResultMessage fixed{.header = {},
                      .id = result.id,
                      .status = result.status,
                      .range_count = static_cast<uint32_t>(result.ranges.size()),
                      .values = {}};
  std::copy(std::begin(result.values), std::end(result.values), fixed.values);
  return Encode(MessageType::kResult, fixed, BytesOfRanges(result.ranges));
}

}  // namespace pager::remote
