// Who is whose child, for as long as somebody can ask.
//
// Each VMO has a node. A VMO that goes while it has children leaves its node behind, so that its parent still has a
// descendant; a dead node with a single child gives that child its place. So the dead are never more than the living,
// and releasing a chain of any length takes no recursion. Nothing here decides who shares pages with whom.
#pragma once

#include <stddef.h>

#include "guest/kernel/lib/heap.h"
#include "shared/base/intrusive_list.h"

namespace gk {

// Hears, inside the call that causes it, when a VMO gets its first child and loses its last descendant.
class VmoChildObserver {
 public:
  virtual void OnFirstChild() = 0;
  virtual void OnZeroChildren() = 0;

 protected:
  ~VmoChildObserver() = default;
};

class VmoFamilyNode final : public HeapObject, public base::ListNode<VmoFamilyNode> {
 public:
  VmoFamilyNode() = default;
  VmoFamilyNode(const VmoFamilyNode&) = delete;
  VmoFamilyNode& operator=(const VmoFamilyNode&) = delete;

  // Makes `child`, which has no parent yet, a child of this one.
  void Adopt(VmoFamilyNode& child);

  // The VMO of `node` is gone: the node goes too, now or with its last child.
  static void Release(VmoFamilyNode* node);

  // The observer must be removed before it goes. Removing one that was replaced does nothing.
  void SetObserver(VmoChildObserver& observer) { observer_ = &observer; }
  void RemoveObserver(const VmoChildObserver& observer) { observer_ = observer_ == &observer ? nullptr : observer_; }

  [[nodiscard]] size_t child_count() const { return child_count_; }

 private:
  void GivePlaceTo(VmoFamilyNode& child);
  void OnChildLeft();

  VmoFamilyNode* parent_ = nullptr;
  VmoChildObserver* observer_ = nullptr;
  base::IntrusiveList<VmoFamilyNode> children_;
  size_t child_count_ = 0;
  bool alive_ = true;  // the VMO exists
};

}  // namespace gk
