#include "guest/kernel/vm/region_scan.h"

namespace gk {
namespace {

// Programs can put one region into another as often as they like; nobody reads what is in this many.
constexpr size_t kMostDepth = 4096;

}  // namespace

bool RegionScan::Step() {
  steps_left_ -= steps_left_ != 0 ? 1 : 0;
  return steps_left_ != 0;
}

const Region* RegionScan::Leftmost(const Region* node) {
  while (node != nullptr && node->left_ != nullptr && Step()) {
    node = node->left_;
  }
  return node;
}

const Region* RegionScan::Next() {
  if (gave_up() || !Step()) {
    return nullptr;
  }
  if (last_ == nullptr) {
    last_ = &top_;
    return last_;
  }
  const Region* next = nullptr;
  if (last_->kind() == Region::Kind::kVmar) {
    next = Leftmost(static_cast<const Vmar*>(last_)->children().root_);
    depth_ += next != nullptr ? 1 : 0;
  }
  const bool inside = next != nullptr;
  if (!inside) {
    next = After(*last_);
  }
  out_of_order_ =
      next != nullptr && (inside ? next->parent_ != last_ || next->base() < last_->base() || depth_ > kMostDepth
                                 : next->base() < last_->end());
  last_ = next != nullptr ? next : last_;
  return gave_up() ? nullptr : next;
}

// The next one in the tree that `region` is in; at its end, after the region that the tree belongs to.
const Region* RegionScan::After(const Region& region) {
  for (const Region* node = &region; node != nullptr && node != &top_ && Step();) {
    if (node->right_ != nullptr) {
      return Leftmost(node->right_);
    }
    while (node->up_ != nullptr && node->up_->right_ == node && Step()) {
      node = node->up_;
    }
    if (node->up_ != nullptr) {
      return node->up_;
    }
    node = node->parent_;
    depth_ -= depth_ != 0 ? 1 : 0;
  }
  return nullptr;
}

}  // namespace gk
