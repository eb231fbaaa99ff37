#include "guest/kernel/vm/memory_use.h"

#include <utility>

#include "guest/kernel/lib/min_max.h"
#include "guest/kernel/vm/region_walk.h"
#include "guest/kernel/vm/vmo.h"

namespace gk {

size_t CountPresentPages(const Mapping& mapping) {
  const Vmo& vmo = mapping.vmo();
  const PageIndex first = mapping.PageIndexOf(mapping.base());
  const PageIndex end = Min(first + mapping.size() / kPageSize, vmo.page_end());
  return first < end ? vmo.content().CountPages(vmo.ContentIndex(first), vmo.ContentIndex(end)) : 0;
}

MemoryUse MeasureMemoryUse(RefPtr<Vmar> root) {
  MemoryUse use;
  RegionWalk walk(std::move(root));
  const Vmo* counted = nullptr;  // neighbours often show the same object
  uint64_t sharers = 0;
  for (RefPtr<Region> region = walk.Next(); region; region = walk.Next()) {
    const Mapping* mapping = region->AsMapping();
    if (mapping == nullptr) {
      continue;
    }
    use.mapped += mapping->size();
    const uint64_t bytes = CountPresentPages(*mapping) * kPageSize;
    if (&mapping->vmo() != counted) {
      counted = &mapping->vmo();
      sharers = counted->address_space_count();
    }
    if (sharers <= 1) {
      use.private_use += bytes;
    } else {
      use.shared_use += bytes;
      use.scaled_shared_use += bytes / sharers;
    }
  }
  return use;
}

}  // namespace gk
