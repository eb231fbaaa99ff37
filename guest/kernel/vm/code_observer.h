// Somebody who hears that user pages have become executable: a debugger behind the machine, which plants its
// breakpoints in them. Nobody else, and on most machines nobody at all.
#pragma once

#include <stdint.h>

#include "guest/kernel/arch/types.h"

namespace gk {

class CodeObserver {
 public:
  // The page table with this root has executable entries now among those for `pages` pages from `address` on. Kernel
  // lock held; must not block.
  virtual void OnCodeMapped(PhysicalAddress root, VirtualAddress address, uint64_t pages) = 0;

 protected:
  ~CodeObserver() = default;
};

// nullptr: nobody. Set at most once, before there is an address space.
extern constinit CodeObserver* code_observer;

}  // namespace gk
