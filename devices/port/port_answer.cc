#include "devices/port/port_answer.h"

#include <zircon/errors.h>
#include <zircon/syscalls/pager.h>

#include <span>

#include "devices/core/guest_memory.h"
#include "shared/base/range.h"

namespace dev {

namespace {

constexpr zx_status_t kLowestPublicError = -99;
constexpr size_t kMaxRangeBytes = abi::kPortMaxDirtyRanges * sizeof(abi::PortDirtyRange);

// Whole ranges, not too many; nullopt otherwise.
std::optional<std::vector<abi::PortDirtyRange>> CopyRanges(std::span<const GuestBuffer> pieces) {
  size_t size = 0;
  for (const GuestBuffer& piece : pieces) {
    size += piece.bytes.size();
  }
  if (size > kMaxRangeBytes || size % sizeof(abi::PortDirtyRange) != 0) {
    return std::nullopt;
  }
  std::vector<abi::PortDirtyRange> ranges(size / sizeof(abi::PortDirtyRange));
  std::span<std::byte> rest = std::as_writable_bytes(std::span(ranges));
  for (const GuestBuffer& piece : pieces) {
    CopyOnce(rest.first(piece.bytes.size()), piece.bytes);
    rest = rest.subspan(piece.bytes.size());
  }
  return ranges;
}

bool IsSensible(const abi::PortDirtyRange& range) {
  return base::IsPageAligned(range.offset) && base::IsPageAligned(range.length) && range.length != 0 &&
         (range.options & ~ZX_VMO_DIRTY_RANGE_IS_ZERO) == 0;
}

}  // namespace

std::optional<GuestBuffer> FindOperationBuffer(const DescriptorChain& chain) {
  if (chain.writable().size() != 1 || chain.writable_bytes() < sizeof(abi::PortOperation)) {
    return std::nullopt;
  }
  return chain.writable().front();
}

std::optional<PortAnswered> ParsePortAnswer(const DescriptorChain& chain) {
  if (chain.readable().empty() || chain.readable().front().bytes.size() != sizeof(abi::PortAnswer)) {
    return std::nullopt;
  }
  abi::PortAnswer answer;
  CopyOnce(std::as_writable_bytes(std::span(&answer, 1)), chain.readable().front().bytes);
  PortAnswered answered{.id = answer.id,
                        .status = answer.status,
                        .flags = answer.flags,
                        .size = answer.size,
                        .content_size = answer.content_size,
                        .ranges = {}};
  auto ranges = CopyRanges(chain.readable().subspan(1));
  if (!ranges || answer.status > ZX_OK || answer.status < kLowestPublicError) {
    answered.status = ZX_ERR_IO_DATA_INTEGRITY;
  } else {
    answered.ranges = std::move(*ranges);
  }
  return answered;
}

std::optional<std::vector<pager::DirtyRange>> DirtyRangesOf(const PortAnswered& answered, uint64_t offset,
                                                            uint64_t length) {
  if (answered.flags != 0 || answered.size != answered.ranges.size() || answered.content_size < answered.size) {
    return std::nullopt;
  }
  std::vector<pager::DirtyRange> ranges;
  // What is left of the range that was asked about, behind those seen so far.
  uint64_t start = offset;
  uint64_t left = length;
  for (const abi::PortDirtyRange& range : answered.ranges) {
    if (!IsSensible(range) || range.offset < start || !base::RangeFits(range.offset - start, range.length, left)) {
      return std::nullopt;
    }
    ranges.push_back({.offset = range.offset, .length = range.length, .zero = range.options != 0});
    left -= range.offset - start + range.length;
    start = range.offset + range.length;
  }
  return ranges;
}

std::optional<pager::VmoStats> VmoStatsOf(const PortAnswered& answered) {
  if ((answered.flags & ~ZX_PAGER_VMO_STATS_MODIFIED) != 0 || !answered.ranges.empty() ||
      !base::IsPageAligned(answered.size) || answered.content_size > answered.size) {
    return std::nullopt;
  }
  return pager::VmoStats{.modified = answered.flags != 0, .size = answered.size, .content_size = answered.content_size};
}

}  // namespace dev
