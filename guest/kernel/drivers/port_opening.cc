#include "guest/kernel/drivers/port_opening.h"

#include "guest/kernel/vm/pmm.h"

namespace gk::drivers {

RefPtr<PortOpening> PortOpening::Create(PortClient& client, std::span<const char> name) {
  RefPtr<PortOpening> opening = MakeRefCounted<PortOpening>();
  if (opening) {
    opening->name = ObjectName(name);
    opening->fresh = PortObject::Create(client);
  }
  return opening && opening->fresh ? opening : nullptr;
}

PortOpening::~PortOpening() = default;

RefPtr<PortListing> PortListing::Create(size_t size) {
  GK_ASSERT(size != 0 && size <= kMostPages * kPageSize);
  RefPtr<PortListing> listing = MakeRefCounted<PortListing>();
  if (!listing) {
    return nullptr;
  }
  listing->room = size;
  for (size_t i = 0; i * kPageSize < size; ++i) {
    listing->pages[i] = AllocatePage();
    if (listing->pages[i] == nullptr) {
      return nullptr;
    }
  }
  return listing;
}

PortListing::~PortListing() {
  for (Page* page : pages) {
    if (page != nullptr) {
      FreePage(page);
    }
  }
}

}  // namespace gk::drivers
