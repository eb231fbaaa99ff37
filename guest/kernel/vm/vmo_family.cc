#include "guest/kernel/vm/vmo_family.h"

#include "guest/kernel/lib/panic.h"

namespace gk {

void VmoFamilyNode::Adopt(VmoFamilyNode& child) {
  GK_ASSERT(child.parent_ == nullptr);
  child.parent_ = this;
  children_.PushBack(child);
  if (++child_count_ == 1 && observer_ != nullptr) {
    observer_->OnFirstChild();
  }
}

// Upwards from a node that has just died: each step ends a dead node, until one has to stay.
void VmoFamilyNode::Release(VmoFamilyNode* node) {
  node->alive_ = false;
  node->observer_ = nullptr;
  while (node != nullptr && !node->alive_ && node->child_count_ < 2) {
    VmoFamilyNode* parent = node->parent_;
    if (node->child_count_ == 1) {
      node->GivePlaceTo(node->children_.front());
      parent = nullptr;  // has as many children as before
    } else if (parent != nullptr) {
      node->Unlink();
      parent->OnChildLeft();
    }
    delete node;
    node = parent;
  }
}

void VmoFamilyNode::GivePlaceTo(VmoFamilyNode& child) {
  child.Unlink();
  child.parent_ = parent_;
  if (parent_ != nullptr) {
    Unlink();
    parent_->children_.PushBack(child);
  }
  child_count_ = 0;
}

void VmoFamilyNode::OnChildLeft() {
  if (--child_count_ == 0 && observer_ != nullptr) {
    observer_->OnZeroChildren();
  }
}

}  // namespace gk
