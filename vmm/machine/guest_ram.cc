#include "vmm/machine/guest_ram.h"

#include "shared/base/range.h"
#include "vmm/loader/memory_layout.h"

namespace vmm {

Result<GuestRam> GuestRam::Create(uint64_t size, Sharing sharing) {
  if (!base::IsPageAligned(size)) {
    return BadInput("guest memory of {} bytes is not a multiple of {}", size, base::kPageSize);
  }
  if (size < kMinMemorySize || size > kMaxMemorySize) {
    return BadInput("guest memory of {} bytes is outside {}M to {}G", size, kMinMemorySize >> 20, kMaxMemorySize >> 30);
  }
  const uint64_t usable = base::AlignDown(size, base::kLargePageSize);
  PAGODA_TRY_ASSIGN(HostMemory memory, sharing == Sharing::kShared
                                           ? HostMemory::CreateShared("pagoda-guest-ram", usable)
                                           : HostMemory::CreateAnonymous(usable));
  return GuestRam(std::move(memory), RamRanges(usable));
}

std::vector<dev::MemoryRegion> GuestRam::regions() const {
  std::vector<dev::MemoryRegion> regions;
  std::span<std::byte> rest = memory_.bytes();
  for (const abi::MemoryRange& range : ranges_) {
    regions.push_back({.base = range.base, .host = rest.first(range.size)});
    rest = rest.subspan(range.size);
  }
  return regions;
}

}  // namespace vmm
