#include "guest/kernel/vm/region_walk.h"

namespace gk {

RefPtr<Region> RegionWalk::Next() {
  if (!top_->alive()) {
    return nullptr;
  }
  Region* next = top_.get();
  if (last_) {
    next = last_->alive() ? After(*last_) : AfterBase(last_base_);
  }
  last_ = RefPtr<Region>(next);
  last_base_ = next != nullptr ? next->base() : 0;
  return last_;
}

Region* RegionWalk::After(Region& region) {
  if (Vmar* vmar = region.AsVmar(); vmar != nullptr) {
    if (Region* child = vmar->children().First(); child != nullptr) {
      ++depth_;
      return child;
    }
    if (vmar == top_.get()) {
      return nullptr;
    }
  }
  return Climb(region.parent(), region.end());
}

// The first region at or above `from` in `vmar`, whose children are at depth_, or in those that it lies in.
Region* RegionWalk::Climb(Vmar* vmar, VirtualAddress from) {
  for (;; vmar = vmar->parent()) {
    if (Region* next = vmar->children().FindFrom(from); next != nullptr) {
      return next;
    }
    if (vmar == top_.get()) {
      return nullptr;
    }
    from = vmar->end();
    --depth_;
  }
}

// The region that was met last, at `base`, is gone: go on with the first one that begins above that.
Region* RegionWalk::AfterBase(VirtualAddress base) {
  Vmar* vmar = top_.get();
  for (depth_ = 1;; ++depth_) {
    Region* child = vmar->children().FindFrom(base + 1);
    if (child == nullptr || child->base() > base) {
      return child != nullptr ? child : Climb(vmar, base + 1);
    }
    if (child->kind() == Region::Kind::kMapping) {
      return Climb(vmar, child->end());
    }
    vmar = child->AsVmar();
  }
}

}  // namespace gk
