#include "guest/kernel/vm/vmo_content.h"

#include "guest/kernel/lib/panic.h"
#include "guest/kernel/vm/address_space.h"
#include "guest/kernel/vm/mapping.h"

namespace gk {

// Each mapping holds a reference.
VmoContent::~VmoContent() { GK_ASSERT(mappings_.empty()); }

void VmoContent::AttachMapping(Mapping& mapping) { mappings_.PushBack(mapping); }

void VmoContent::DetachMapping(Mapping& mapping) { static_cast<base::ListNode<ContentMappingTag>&>(mapping).Unlink(); }

size_t VmoContent::CountSpaces(const Vmo& vmo) {
  for (Mapping& mapping : mappings_) {
    mapping.space()->set_counted(false);
  }
  size_t count = 0;
  for (Mapping& mapping : mappings_) {
    if (&mapping.vmo() == &vmo && !mapping.space()->counted()) {
      mapping.space()->set_counted(true);
      ++count;
    }
  }
  return count;
}

void VmoContent::UnmapFromAll(PageIndex first, PageIndex count) {
  for (Mapping& mapping : mappings_) {
    mapping.UnmapContentPages(first, count);
  }
}

// All of them are asked, so that all marks are gone.
bool VmoContent::TakeAccessedMarkInAll(PageIndex index) {
  bool accessed = false;
  for (Mapping& mapping : mappings_) {
    accessed |= mapping.TakeAccessedMark(index);
  }
  return accessed;
}

void VmoContent::WriteProtectInAll(PageIndex first, PageIndex count) {
  for (Mapping& mapping : mappings_) {
    mapping.WriteProtectContentPages(first, count);
  }
}

}  // namespace gk
