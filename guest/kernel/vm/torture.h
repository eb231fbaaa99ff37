// Makes allocation failures happen on purpose, so that tests can walk every path that they open.
//
// Page and heap allocations count together.
#pragma once

#include <stdint.h>

namespace gk::torture {

// The `n`-th allocation from now fails (1: the next one), and only that one. 0: none.
void FailAllocation(uint64_t n);

// Every `n`-th allocation fails until further notice. 0: none.
void FailEveryAllocation(uint64_t n);

// Asked by the allocators, once for each allocation.
[[nodiscard]] bool ShouldFail();

// True when the allocation that FailAllocation chose has happened.
[[nodiscard]] bool HasFailed();

}  // namespace gk::torture
