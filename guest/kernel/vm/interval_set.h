// Disjoint ranges of pages in ascending order, each with whatever its user adds to it: a treap.
//
// The nodes are the user's (they derive from Interval) and are allocated by it, so nothing here can fail. A node that
// is in the set may be made shorter, or longer as far as its neighbours leave room: the order stays as it is. Finding
// one takes as many steps as the logarithm of their number.
#pragma once

#include <stdint.h>

#include "guest/kernel/vm/page.h"

namespace gk {

template <typename Node>
struct Interval {
  PageIndex first = 0;
  PageIndex end = 0;  // exclusive; above `first`

 private:
  template <typename T>
  friend class IntervalSet;
  Node* left = nullptr;
  Node* right = nullptr;
  uint64_t priority = 0;
};

template <typename Node>
class IntervalSet {
 public:
  IntervalSet() = default;
  IntervalSet(const IntervalSet&) = delete;
  IntervalSet& operator=(const IntervalSet&) = delete;

  [[nodiscard]] bool empty() const { return root_ == nullptr; }

  // The lowest range that reaches beyond `index`: the one that contains it, or else the next. Null: there is none. So
  // the successor of a range is FindBeyond(range.end).
  [[nodiscard]] Node* FindBeyond(PageIndex index) const {
    Node* found = nullptr;
    for (Node* node = root_; node != nullptr;) {
      if (node->end > index) {
        found = node;
        node = node->left;
      } else {
        node = node->right;
      }
    }
    return found;
  }
  // The range that contains `index`, or null.
  [[nodiscard]] Node* Find(PageIndex index) const {
    Node* node = FindBeyond(index);
    return node != nullptr && node->first <= index ? node : nullptr;
  }

  // Precondition: the node's range overlaps none that is here.
  void Insert(Node& node) {
    node.priority = NextPriority();
    Node** link = &root_;
    while (*link != nullptr && (*link)->priority >= node.priority) {
      link = node.first < (*link)->first ? &(*link)->left : &(*link)->right;
    }
    Split(*link, node.first, &node.left, &node.right);
    *link = &node;
  }

  void Remove(Node& node) {
    Node** link = &root_;
    while (*link != &node) {
      link = node.first < (*link)->first ? &(*link)->left : &(*link)->right;
    }
    *link = Merge(node.left, node.right);
    node.left = node.right = nullptr;
  }

 private:
  static void Split(Node* tree, PageIndex at, Node** below, Node** above) {
    while (tree != nullptr) {
      Node** const side = tree->first < at ? below : above;
      *side = tree;
      if (side == below) {
        below = &tree->right;
        tree = tree->right;
      } else {
        above = &tree->left;
        tree = tree->left;
      }
    }
    *below = *above = nullptr;
  }

  static Node* Merge(Node* below, Node* above) {
    Node* merged = nullptr;
    Node** link = &merged;
    while (below != nullptr && above != nullptr) {
      if (below->priority > above->priority) {
        *link = below;
        link = &below->right;
        below = below->right;
      } else {
        *link = above;
        link = &above->left;
        above = above->left;
      }
    }
    *link = below != nullptr ? below : above;
    return merged;
  }

  // splitmix64, as in AddressSpace::NextRandom: the shape of the tree must not depend on the order of its ranges.
  uint64_t NextPriority() {
    uint64_t z = (random_state_ += 0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }

  Node* root_ = nullptr;
  uint64_t random_state_ = 0;
};

}  // namespace gk
