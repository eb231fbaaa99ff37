#include "guest/kernel/vm/vmo_content.h"

#include "guest/kernel/lib/panic.h"
#include "guest/kernel/vm/mapping.h"

namespace gk {

// Each mapping holds a reference.
VmoContent::~VmoContent() { GK_ASSERT(mappings_.empty()); }

void VmoContent::AttachMapping(Mapping& mapping) { mappings_.PushBack(mapping); }

void VmoContent::DetachMapping(Mapping& mapping) { static_cast<base::ListNode<ContentMappingTag>&>(mapping).Unlink(); }

void VmoContent::UnmapFromAll(PageIndex first, PageIndex count) {
  for (Mapping& mapping : mappings_) {
    mapping.UnmapContentPages(first, count);
  }
}

void VmoContent::WriteProtectInAll(PageIndex first, PageIndex count) {
  for (Mapping& mapping : mappings_) {
    mapping.WriteProtectContentPages(first, count);
  }
}

}  // namespace gk
