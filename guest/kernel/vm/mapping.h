// A range of addresses that shows a range of a VMO with one set of permissions.
//
// A mapping that is unmapped or protected in part is split into several; each holds its own reference to the VMO.
#pragma once

#include <stdint.h>

#include "guest/kernel/vm/region.h"
#include "guest/kernel/vm/vmo.h"

namespace gk {

class Mapping final : public Region, public base::ListNode<VmoMappingTag> {
 public:
  // Not linked anywhere yet: Vmar inserts it. Null when there is no memory.
  static RefPtr<Mapping> Create(AddressSpace& space, VirtualAddress base, uint64_t size, RefPtr<Vmo> vmo,
                                uint64_t vmo_offset, Access access, Access allowed);
  ~Mapping() override;

  [[nodiscard]] Vmo& vmo() const { return *vmo_; }
  [[nodiscard]] uint64_t vmo_offset() const { return vmo_offset_; }  // of base(), bytes, page-aligned
  [[nodiscard]] Access access() const { return access_; }            // what the mapping permits now
  [[nodiscard]] Access allowed() const { return allowed_; }          // what Protect may raise it to
  [[nodiscard]] PageIndex PageIndexOf(VirtualAddress address) const {
    return (vmo_offset_ + (address - base_)) / kPageSize;
  }

  // Removes the page-table entries of pages [first, first + count) of the VMO, as far as they are mapped here, and waits
  // until no CPU uses them.
  void UnmapVmoPages(PageIndex first, PageIndex count);

 private:
  friend class Vmar;
  template <typename T, typename... Args>
  friend RefPtr<T> MakeRefCounted(Args&&... args);
  Mapping(AddressSpace& space, VirtualAddress base, uint64_t size, RefPtr<Vmo> vmo, uint64_t vmo_offset, Access access,
          Access allowed);

  // The three below are steps of Vmar's operations and leave the page tables alone.
  void TruncateTo(uint64_t size);            // keeps the front
  void AdvanceTo(VirtualAddress new_base);   // keeps the back
  void OnRemoved();                          // leaves the VMO's list

  RefPtr<Vmo> vmo_;
  uint64_t vmo_offset_;
  Access access_;
  const Access allowed_;
};

}  // namespace gk
