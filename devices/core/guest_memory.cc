#include "devices/core/guest_memory.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "shared/base/range.h"

namespace dev {

base::Result<GuestMemory, Error> GuestMemory::Create(std::vector<MemoryRegion> regions) {
  if (regions.empty()) {
    return base::Failure{Error{"guest memory has no region"}};
  }
  std::sort(regions.begin(), regions.end(),
            [](const MemoryRegion& a, const MemoryRegion& b) { return a.base < b.base; });
  uint64_t end = 0;
  for (const MemoryRegion& region : regions) {
    const uint64_t size = region.host.size();
    if (size == 0 || size > UINT64_MAX - region.base) {
      return base::Failure{Error{fmt::format("guest memory region at {:#x} is empty or wraps around", region.base)}};
    }
    if (region.base < end) {
      return base::Failure{Error{fmt::format("guest memory regions overlap at {:#x}", region.base)}};
    }
    end = region.base + size;
  }
  return GuestMemory(std::move(regions));
}

std::optional<std::span<std::byte>> GuestMemory::Span(GuestRange range) const {
  for (const MemoryRegion& region : regions_) {
    if (range.address() < region.base) {
      break;
    }
    const uint64_t offset = range.address() - region.base;
    if (base::RangeFits(offset, range.length(), region.host.size())) {
      return region.host.subspan(offset, range.length());
    }
  }
  return std::nullopt;
}

std::optional<std::span<std::byte>> GuestMemory::AlignedSpan(uint64_t address, uint64_t size) const {
  const auto range = GuestRange::Create(address, size);
  if (!range || !base::IsAligned(address, size)) {
    return std::nullopt;
  }
  const auto bytes = Span(*range);
  // A region's base need not be as aligned as its host memory is; what counts for an atomic access is the latter.
  if (!bytes || !base::IsAligned(reinterpret_cast<uintptr_t>(bytes->data()), size)) {
    return std::nullopt;
  }
  return bytes;
}

bool GuestMemory::CopyIn(uint64_t address, std::span<std::byte> into) const {
  const auto range = GuestRange::Create(address, into.size());
  const auto bytes = range ? Span(*range) : std::nullopt;
  if (!bytes) {
    return false;
  }
  CopyOnce(into, *bytes);
  return true;
}

bool GuestMemory::CopyOut(uint64_t address, std::span<const std::byte> from) const {
  const auto range = GuestRange::Create(address, from.size());
  const auto bytes = range ? Span(*range) : std::nullopt;
  if (!bytes) {
    return false;
  }
  std::memcpy(bytes->data(), from.data(), from.size());
  return true;
}

void CopyOnce(std::span<std::byte> into, std::span<const std::byte> guest) {
  if (!into.empty()) {  // of nothing there may be no address, which memcpy must not be given
    std::memcpy(into.data(), guest.data(), into.size());
  }
  // ORDER: for the compiler only: what is read after this is read from the copy. Matters should this ever be inlined.
  std::atomic_signal_fence(std::memory_order_seq_cst);
}

}  // namespace dev
