#include "devices/port/port_request.h"

#include <zircon/errors.h>

#include <utility>

#include "devices/core/guest_memory.h"
#include "shared/base/range.h"

namespace dev {

namespace {

using Request = decltype(PortCall::request);
using Kind = abi::PortRequestKind;
using Buffers = std::span<const GuestBuffer>;

constexpr uint64_t kMaxPageBytes = abi::kPortMaxPages * base::kPageSize;

Request Rejected() { return PortRejected{.status = ZX_ERR_INVALID_ARGS}; }

// A chain taken apart: what lies between request and reply.
struct Payload {
  explicit Payload(const DescriptorChain& chain)
      : readable(chain.readable().subspan(1)),
        writable(chain.writable().first(chain.writable().size() - 1)),
        readable_bytes(chain.readable_bytes() - sizeof(abi::PortRequest)),
        writable_bytes(chain.writable_bytes() - sizeof(abi::PortReply)) {}

  [[nodiscard]] bool empty() const { return readable.empty() && writable.empty(); }

  Buffers readable;
  Buffers writable;
  uint64_t readable_bytes;
  uint64_t writable_bytes;
};

std::string CopyText(Buffers pieces) {
  std::string text;
  for (const GuestBuffer& piece : pieces) {
    const size_t done = text.size();
    text.resize(done + piece.bytes.size());
    CopyOnce(std::as_writable_bytes(std::span(text).subspan(done)), piece.bytes);
  }
  return text;
}

// Whole pages and nothing else; nullopt when there is anything else.
std::optional<std::vector<iovec>> CollectPages(Buffers pieces) {
  std::vector<iovec> pages;
  for (const GuestBuffer& piece : pieces) {
    const size_t size = piece.bytes.size();
    if (!base::IsPageAligned(piece.address) || !base::IsPageAligned(size) || size == 0) {
      return std::nullopt;
    }
    pages.push_back({.iov_base = piece.bytes.data(), .iov_len = size});
  }
  return pages;
}

// Which object's pages: of kRead, kDirty and kLend.
bool HasPageRange(const abi::PortRequest& request) {
  return base::IsPageAligned(request.offset) && base::IsPageAligned(request.length) && request.length != 0;
}

Request ParseOpen(const abi::PortRequest& request, const Payload& payload) {
  if (request.object != 0 || request.offset != 0 || request.operation != 0 ||
      request.length != payload.readable_bytes || request.length == 0 || request.length > abi::kPortMaxName ||
      !payload.writable.empty()) {
    return Rejected();
  }
  return PortOpen{.name = CopyText(payload.readable)};
}

Request ParseClose(const abi::PortRequest& request, const Payload& payload) {
  if (request.offset != 0 || request.operation != 0 || request.length == 0 || !payload.empty()) {
    return Rejected();
  }
  return PortClose{.object = request.object, .opens = request.length};
}

Request ParseList(const abi::PortRequest& request, const Payload& payload) {
  if (request.object != 0 || request.operation != 0 || request.length != payload.readable_bytes ||
      request.length > abi::kPortMaxName || payload.writable_bytes == 0 ||
      payload.writable_bytes > abi::kPortMaxListBytes) {
    return Rejected();
  }
  PortList list{.name = CopyText(payload.readable), .first = request.offset, .room = {}};
  for (const GuestBuffer& piece : payload.writable) {
    list.room.push_back(piece.bytes);
  }
  return list;
}

Request ParseRead(const abi::PortRequest& request, const Payload& payload) {
  auto pages = CollectPages(payload.writable);
  if (!HasPageRange(request) || request.length > kMaxPageBytes || request.length != payload.writable_bytes ||
      !payload.readable.empty() || !pages) {
    return Rejected();
  }
  return PortRead{.object = request.object,
                  .offset = request.offset,
                  .length = request.length,
                  .operation = request.operation,
                  .pages = std::move(*pages)};
}

Request ParseDirty(const abi::PortRequest& request, const Payload& payload) {
  if (!HasPageRange(request) || request.operation != 0 || !payload.empty()) {
    return Rejected();
  }
  return PortDirty{.object = request.object, .offset = request.offset, .length = request.length};
}

// kComplete, kSync: `Parsed` says which.
template <typename Parsed>
Request ParsePlain(const abi::PortRequest& request, const Payload& payload) {
  if (request.offset != 0 || request.length != 0 || request.operation != 0 || !payload.empty()) {
    return Rejected();
  }
  return Parsed{.object = request.object};
}

Request ParseLend(const abi::PortRequest& request, const Payload& payload) {
  auto pages = CollectPages(payload.readable);
  if (!HasPageRange(request) || request.length > kMaxPageBytes || request.length != payload.readable_bytes ||
      request.operation == 0 || !payload.writable.empty() || !pages) {
    return Rejected();
  }
  return PortLend{.object = request.object,
                  .offset = request.offset,
                  .length = request.length,
                  .operation = request.operation,
                  .pages = std::move(*pages)};
}

Request ParseControl(const abi::PortRequest& request, const Payload& payload) {
  switch (request.kind) {
    case Kind::kOpen:
      return ParseOpen(request, payload);
    case Kind::kClose:
      return ParseClose(request, payload);
    case Kind::kList:
      return ParseList(request, payload);
    default:
      return Rejected();
  }
}

Request ParsePages(const abi::PortRequest& request, const Payload& payload) {
  switch (request.kind) {
    case Kind::kRead:
      return ParseRead(request, payload);
    case Kind::kDirty:
      return ParseDirty(request, payload);
    case Kind::kComplete:
      return ParsePlain<PortComplete>(request, payload);
    case Kind::kSync:
      return ParsePlain<PortSync>(request, payload);
    case Kind::kLend:
      return ParseLend(request, payload);
    default:
      return Rejected();
  }
}

}  // namespace

const char* NameOf(abi::PortRequestKind kind) {
  switch (kind) {
    case Kind::kRead:
      return "READ";
    case Kind::kDirty:
      return "DIRTY";
    case Kind::kComplete:
      return "COMPLETE";
    case Kind::kSync:
      return "SYNC";
    default:
      return "LOAN";
  }
}

std::optional<GuestBuffer> FindReplyBuffer(const DescriptorChain& chain) {
  if (chain.writable().empty() || chain.writable().back().bytes.size() < sizeof(abi::PortReply)) {
    return std::nullopt;
  }
  return chain.writable().back();
}

PortCall ParsePortRequest(uint32_t queue, const DescriptorChain& chain) {
  if (chain.readable().empty() || chain.readable().front().bytes.size() != sizeof(abi::PortRequest)) {
    return {.id = 0, .request = Rejected()};
  }
  abi::PortRequest request;
  CopyOnce(std::as_writable_bytes(std::span(&request, 1)), chain.readable().front().bytes);
  if (request.reserved != 0 || chain.writable().back().bytes.size() != sizeof(abi::PortReply)) {
    return {.id = request.id, .request = Rejected()};
  }
  const Payload payload(chain);
  return {.id = request.id,
          .request = queue == abi::kPortControlQueue ? ParseControl(request, payload) : ParsePages(request, payload)};
}

}  // namespace dev
