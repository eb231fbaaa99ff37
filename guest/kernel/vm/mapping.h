// A range of addresses that shows a range of a VMO with one set of permissions.
//
// A mapping that is unmapped or protected in part is split into several; each holds its own reference to the VMO. Those
// that show together what one could show are made one again.
#pragma once

#include <stdint.h>

#include "guest/kernel/vm/region.h"
#include "guest/kernel/vm/vmo.h"

namespace gk {

class Mapping final : public Region, public base::ListNode<ContentMappingTag> {
 public:
  // What a mapping shows, and where.
  struct Part {
    VirtualAddress base;
    uint64_t size;  // bytes, a page multiple
    RefPtr<Vmo> vmo;
    uint64_t vmo_offset;             // bytes, page-aligned
    Access access;                   // what it permits
    Access allowed;                  // what Protect may raise that to
    bool ends_with_content = false;  // ZX_VM_FAULT_BEYOND_STREAM_SIZE
  };
  // Not in any tree or list yet: Vmar inserts it. Null when there is no memory.
  static RefPtr<Mapping> Create(AddressSpace& space, const Part& part);
  ~Mapping() override;

  [[nodiscard]] Vmo& vmo() const { return *vmo_; }
  [[nodiscard]] uint64_t vmo_offset() const { return vmo_offset_; }  // of base(), bytes, page-aligned
  [[nodiscard]] Access access() const { return access_; }            // what the mapping permits now
  [[nodiscard]] Access allowed() const { return allowed_; }          // what Protect may raise it to
  // How many bytes of the VMO can be reached through it, a page multiple: up to the end of the VMO, or of the page in
  // which its content ends.
  [[nodiscard]] uint64_t reach() const;
  // The piece [base, base + size) of this mapping, which must lie inside it.
  [[nodiscard]] Part PartOf(VirtualAddress base, uint64_t size) const;
  [[nodiscard]] PageIndex PageIndexOf(VirtualAddress address) const {
    return (vmo_offset_ + (address - base_)) / kPageSize;
  }

  // True when `next` begins where this one ends and goes on with the same: one mapping could show both.
  [[nodiscard]] bool IsContinuedBy(const Mapping& next) const;

  // Removes the page-table entries of pages [first, first + count) of the VMO's content, as far as they are mapped
  // here, and waits until no CPU uses them.
  void UnmapContentPages(PageIndex first, PageIndex count);
  // Takes the permission to write away from them in the same way.
  void WriteProtectContentPages(PageIndex first, PageIndex count);
  // Whether page `index` of the content was used through this mapping since this was asked last.
  bool TakeAccessedMark(PageIndex index);

 private:
  friend class Vmar;
  template <typename T, typename... Args>
  friend RefPtr<T> MakeRefCounted(Args&&... args);
  Mapping(AddressSpace& space, const Part& part);

  // The part of [first, first + count) of the content that is mapped here.
  struct Shown {
    VirtualAddress address;
    PageIndex count;  // 0: nothing
  };
  [[nodiscard]] Shown ShownOf(PageIndex first, PageIndex count) const;

  // Steps of Vmar's operations; they leave the page tables alone.
  void SetSize(uint64_t size);  // the front stays where it is
  void SetAccess(Access access) { access_ = access; }
  void OnInserted();  // joins the VMO's list
  void OnRemoved();   // leaves it

  RefPtr<Vmo> vmo_;
  uint64_t vmo_offset_;
  Access access_;
  const Access allowed_;
  const bool ends_with_content_;
};

}  // namespace gk
