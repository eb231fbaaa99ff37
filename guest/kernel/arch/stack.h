// The stack of one kernel thread.
//
// Aligned to its own size, so that the lowest word, which names the thread, can be found from any address inside. In
// the kernel an unmapped guard page lies below each stack. The hosted version is ordinary memory.
#pragma once

#include <stdint.h>

#include <utility>

#include "guest/kernel/arch/types.h"
#include "guest/kernel/lib/status.h"

namespace gk::arch {

#ifdef PAGODA_KERNEL
inline constexpr uint64_t kKernelStackSize = 16384;
#else
inline constexpr uint64_t kKernelStackSize = 262144;  // sanitizers and the test framework need room
#endif

class KernelStack {
 public:
  // ZX_ERR_NO_MEMORY.
  static Result<KernelStack> Allocate();
  // Takes over memory that is never given back: the boot stacks.
  static KernelStack Adopt(VirtualAddress bottom) { return KernelStack(bottom, false); }

  KernelStack(KernelStack&& other) noexcept
      : bottom_(std::exchange(other.bottom_, 0)), allocated_(std::exchange(other.allocated_, false)) {}
  KernelStack& operator=(KernelStack&&) = delete;
  // Precondition: no CPU runs on it.
  ~KernelStack();

  [[nodiscard]] VirtualAddress bottom() const { return bottom_; }
  [[nodiscard]] VirtualAddress top() const { return bottom_ + kKernelStackSize; }

 private:
  KernelStack(VirtualAddress bottom, bool allocated) : bottom_(bottom), allocated_(allocated) {}

  VirtualAddress bottom_;
  bool allocated_;
};

}  // namespace gk::arch
