#include "guest/kernel/vm/mapping.h"

#include <utility>

#include "guest/kernel/lib/min_max.h"
#include "guest/kernel/lib/panic.h"
#include "guest/kernel/vm/access.h"
#include "guest/kernel/vm/address_space.h"

namespace gk {

RefPtr<Mapping> Mapping::Create(AddressSpace& space, const Part& part) { return MakeRefCounted<Mapping>(space, part); }

Mapping::Mapping(AddressSpace& space, const Part& part)
    : Region(Kind::kMapping, space, part.base, part.size),
      vmo_(part.vmo),
      vmo_offset_(part.vmo_offset),
      access_(part.access),
      allowed_(part.allowed),
      ends_with_content_(part.ends_with_content) {}

Mapping::~Mapping() { GK_ASSERT(!is_linked()); }

Mapping::Part Mapping::PartOf(VirtualAddress base, uint64_t size) const {
  return {.base = base,
          .size = size,
          .vmo = vmo_,
          .vmo_offset = vmo_offset_ + (base - base_),
          .access = access_,
          .allowed = allowed_,
          .ends_with_content = ends_with_content_};
}

uint64_t Mapping::reach() const {
  const uint64_t size = vmo_->size();
  return ends_with_content_ && vmo_->content_size() < size ? base::AlignUp(vmo_->content_size(), kPageSize) : size;
}

bool Mapping::IsContinuedBy(const Mapping& next) const {
  return end() == next.base_ && vmo_ == next.vmo_ && vmo_offset_ + size_ == next.vmo_offset_ &&
         IsSame(access_, next.access_) && IsSame(allowed_, next.allowed_) &&
         ends_with_content_ == next.ends_with_content_;
}

Mapping::Shown Mapping::ShownOf(PageIndex first, PageIndex count) const {
  const PageIndex own_first = vmo_->ContentIndex(vmo_offset_ / kPageSize);
  const PageIndex own_end = own_first + size_ / kPageSize;
  const PageIndex from = Max(first, own_first);
  const PageIndex to = Min(first + count, own_end);
  return from < to ? Shown{base_ + (from - own_first) * kPageSize, to - from} : Shown{0, 0};
}

void Mapping::UnmapContentPages(PageIndex first, PageIndex count) {
  if (const Shown shown = ShownOf(first, count); shown.count != 0) {
    space_->RemovePages(shown.address, shown.count);
  }
}

void Mapping::WriteProtectContentPages(PageIndex first, PageIndex count) {
  if (const Shown shown = ShownOf(first, count); shown.count != 0 && access_.write) {
    space_->RestrictPages(shown.address, shown.count, {.read = true, .execute = true});
  }
}

bool Mapping::TakeAccessedMark(PageIndex index) {
  const Shown shown = ShownOf(index, 1);
  return shown.count != 0 && space_->TakeAccessedMark(shown.address);
}

void Mapping::SetSize(uint64_t size) {
  GK_ASSERT(size != 0);
  size_ = size;
}

void Mapping::OnInserted() { vmo_->AttachMapping(*this); }

void Mapping::OnRemoved() {
  vmo_->DetachMapping(*this);
  space_ = nullptr;
}

}  // namespace gk
