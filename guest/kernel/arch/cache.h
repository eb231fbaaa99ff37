// The CPU's data caches. Instruction caches follow by themselves where this kernel runs.
#pragma once

#include <stddef.h>

namespace gk::arch {

// Writes back and drops what the caches of all CPUs hold of [bytes, bytes + size).
void CleanAndInvalidateCache(const void* bytes, size_t size);

}  // namespace gk::arch
