// The kernel heap of hosted builds: the host's, so that the sanitizers see every object; failures on demand.
#include "guest/kernel/lib/heap.h"

#include <cstdlib>

#include "guest/kernel/vm/torture.h"

namespace gk {

void* HeapAllocate(size_t size) { return torture::ShouldFail() ? nullptr : std::malloc(size != 0 ? size : 1); }
void HeapFree(void* pointer) { std::free(pointer); }

}  // namespace gk
