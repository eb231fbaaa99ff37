// The guest's RAM: one piece of host memory, shown to the guest as the ranges of shared/abi/boot_info.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "devices/core/guest_memory.h"
#include "shared/abi/boot_info.h"
#include "vmm/base/error.h"
#include "vmm/machine/host_memory.h"

namespace vmm {

class GuestRam {
 public:
  enum class Sharing {
    kPrivate,
    kShared,  // other processes can map it, through shared_fd(); slower to touch (host_memory.h)
  };

  // `size`: bytes, a multiple of 4096 between kMinMemorySize and kMaxMemorySize (memory_layout.h). The guest gets whole
  // pages of 2 MiB and never more than `size`: what is left over at the end is not there.
  static Result<GuestRam> Create(uint64_t size, Sharing sharing = Sharing::kPrivate);

  [[nodiscard]] std::span<const abi::MemoryRange> ranges() const { return ranges_; }
  // The RAM below the device hole; the index is the guest-physical address.
  [[nodiscard]] std::span<std::byte> low_memory() const { return memory_.bytes().first(ranges_.front().size); }
  // One region for each range, in the same order; in this order they follow each other in host memory.
  [[nodiscard]] std::vector<dev::MemoryRegion> regions() const;
  // -1 for private memory.
  [[nodiscard]] int shared_fd() const { return memory_.shared_fd(); }

 private:
  GuestRam(HostMemory memory, std::vector<abi::MemoryRange> ranges)
      : memory_(std::move(memory)), ranges_(std::move(ranges)) {}

  HostMemory memory_;
  std::vector<abi::MemoryRange> ranges_;
};

}  // namespace vmm
