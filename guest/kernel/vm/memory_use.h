// How much memory what is mapped in an address space takes.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "guest/kernel/lib/ref_ptr.h"
#include "guest/kernel/vm/mapping.h"
#include "guest/kernel/vm/vmar.h"

namespace gk {

// Pages that the object has where the mapping shows it, at the same cost however many there are.
[[nodiscard]] size_t CountPresentPages(const Mapping& mapping);

// Bytes. A VMO that is mapped in one address space is private to it, one that is mapped in n is shared and costs each
// of them 1/n, however many mappings there are.
struct MemoryUse {
  uint64_t mapped = 0;  // addresses, whether or not there are pages
  uint64_t private_use = 0;
  uint64_t shared_use = 0;
  uint64_t scaled_shared_use = 0;
};

// Of everything below `root`.
[[nodiscard]] MemoryUse MeasureMemoryUse(RefPtr<Vmar> root);

}  // namespace gk
