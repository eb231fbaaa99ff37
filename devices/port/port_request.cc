#include "devices/port/port_request.h"

#include <zircon/errors.h>

#include <cstddef>
#include <span>
#include <utility>

#include "devices/core/guest_memory.h"
#include "shared/base/range.h"

namespace dev {

namespace {

constexpr uint64_t kMaxReadBytes = abi::kPortMaxPages * base::kPageSize;

using Operation = decltype(PortCall::operation);

Operation Rejected() { return PortRejected{.status = ZX_ERR_INVALID_ARGS}; }

// What lies between the request and the reply.
std::span<const GuestBuffer> ReadablePayload(const DescriptorChain& chain) { return chain.readable().subspan(1); }
std::span<const GuestBuffer> WritablePayload(const DescriptorChain& chain) {
  return chain.writable().first(chain.writable().size() - 1);
}

Operation ParseOpen(const abi::PortRequest& request, const DescriptorChain& chain) {
  const uint64_t length = chain.readable_bytes() - sizeof(request);
  if (request.object != 0 || request.offset != 0 || request.length != length || length == 0 ||
      length > abi::kPortMaxName || !WritablePayload(chain).empty()) {
    return Rejected();
  }
  PortOpen open;
  for (const GuestBuffer& piece : ReadablePayload(chain)) {
    const size_t done = open.name.size();
    open.name.resize(done + piece.bytes.size());
    CopyOnce(std::as_writable_bytes(std::span(open.name).subspan(done)), piece.bytes);
  }
  return open;
}

Operation ParseClose(const abi::PortRequest& request, const DescriptorChain& chain) {
  if (request.offset != 0 || request.length != 0 || !ReadablePayload(chain).empty() ||
      !WritablePayload(chain).empty()) {
    return Rejected();
  }
  return PortClose{.object = request.object};
}

Operation ParseRead(const abi::PortRequest& request, const DescriptorChain& chain) {
  if (!base::IsPageAligned(request.offset) || !base::IsPageAligned(request.length) || request.length == 0 ||
      request.length > kMaxReadBytes || !ReadablePayload(chain).empty() ||
      chain.writable_bytes() - sizeof(abi::PortReply) != request.length) {
    return Rejected();
  }
  PortRead read{.object = request.object, .offset = request.offset, .length = request.length, .pages = {}};
  for (const GuestBuffer& piece : WritablePayload(chain)) {
    const size_t size = piece.bytes.size();
    if (!base::IsPageAligned(piece.address) || !base::IsPageAligned(size) || size == 0) {
      return Rejected();
    }
    read.pages.push_back({.iov_base = piece.bytes.data(), .iov_len = size});
  }
  return read;
}

Operation ParseOperation(uint32_t queue, const abi::PortRequest& request, const DescriptorChain& chain) {
  if (request.reserved != 0 || chain.writable().back().bytes.size() != sizeof(abi::PortReply)) {
    return Rejected();
  }
  if (queue == abi::kPortControlQueue && request.operation == abi::PortOperation::kOpen) {
    return ParseOpen(request, chain);
  }
  if (queue == abi::kPortControlQueue && request.operation == abi::PortOperation::kClose) {
    return ParseClose(request, chain);
  }
  if (queue == abi::kPortRequestQueue && request.operation == abi::PortOperation::kRead) {
    return ParseRead(request, chain);
  }
  return Rejected();
}

}  // namespace

std::optional<GuestBuffer> FindReplyBuffer(const DescriptorChain& chain) {
  if (chain.writable().empty() || chain.writable().back().bytes.size() < sizeof(abi::PortReply)) {
    return std::nullopt;
  }
  return chain.writable().back();
}

PortCall ParsePortRequest(uint32_t queue, const DescriptorChain& chain) {
  if (chain.readable().empty() || chain.readable().front().bytes.size() != sizeof(abi::PortRequest)) {
    return {.id = 0, .operation = Rejected()};
  }
  abi::PortRequest request;
  CopyOnce(std::as_writable_bytes(std::span(&request, 1)), chain.readable().front().bytes);
  return {.id = request.id, .operation = ParseOperation(queue, request, chain)};
}

}  // namespace dev
