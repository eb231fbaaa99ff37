// Who pays how much for the pages of a PageTree.
#include <utility>

#include "guest/kernel/lib/min_max.h"
#include "guest/kernel/vm/page_tree_node.h"

namespace gk {

// Visits the places of one tree together with the nodes that other trees of the ring have there. Each node carries the
// number of trees that reach it (`weight`), which is pushed down level by level. Where only one node is left at a
// place, all who see a page below it see it through that node, so nothing below needs to be looked at: what is not
// shared, or shared as a whole, costs one step.
class PageTree::AttributionWalk {
 public:
  explicit AttributionWalk(const PageTree& tree) : tree_(tree) {}

  Attribution Run() {
    if (tree_.root_ != nullptr) {
      FindLowestTree();
      Visit(*tree_.root_, tree_.height_ - 1, nullptr, true);
    }
    return result_;
  }

 private:
  void FindLowestTree() {
    const PageTree* tree = &tree_;
    do {
      lowest_height_ = tree->root_ != nullptr ? Min(lowest_height_, tree->height_) : lowest_height_;
      tree = tree->next_in_ring_;
    } while (tree != &tree_);
  }

  // Adds `weight` trees to `node`, which joins the list with its first.
  static void AddWeight(Node*& list, Node& node, uint32_t weight) {
    if (node.weight == 0) {
      node.next_sibling = list;
      list = &node;
    }
    node.weight += weight;
  }

  // The trees whose root is this high, or which are higher than the own one and reach down to this level at index 0.
  void AddRoots(Node*& list, unsigned level) {
    const PageTree* tree = &tree_;
    do {
      const bool starts_here = tree->height_ == level + 1 || (tree->height_ > level + 1 && level + 1 == tree_.height_);
      Node* node = starts_here ? tree->root_ : nullptr;
      for (unsigned at = tree->height_; node != nullptr && at > level + 1; --at) {
        node = node->Has(0) ? node->slots[0].node : nullptr;
      }
      if (node != nullptr) {
        AddWeight(list, *node, 1);
      }
      tree = tree->next_in_ring_;
    } while (tree != &tree_);
  }

  // `own` is one of `nodes`, or becomes one here. Ends with all weights of the list back at 0.
  void Visit(const Node& own, unsigned level, Node* nodes, bool leftmost) {
    if (leftmost) {
      AddRoots(nodes, level);
    }
    const bool all_have_joined = !leftmost || lowest_height_ > level;
    const bool alone = nodes->next_sibling == nullptr && all_have_joined;
    if (alone) {
      result_.Add(own.page_count, own.weight);
    }
    for (uint64_t left = alone ? 0 : own.occupied; left != 0; left &= left - 1) {
      const unsigned slot = static_cast<unsigned>(std::countr_zero(left));
      if (level == 0) {
        CountSharers(*own.slots[slot].page, slot, nodes);
      } else {
        Visit(*own.slots[slot].node, level - 1, ChildrenAt(slot, nodes), leftmost && slot == 0);
      }
    }
    while (nodes != nullptr) {
      nodes->weight = 0;
      nodes = std::exchange(nodes->next_sibling, nullptr);
    }
  }

  static Node* ChildrenAt(unsigned slot, Node* nodes) {
    Node* children = nullptr;
    for (Node* node = nodes; node != nullptr; node = node->next_sibling) {
      if (node->Has(slot)) {
        AddWeight(children, *node->slots[slot].node, node->weight);
      }
    }
    return children;
  }

  void CountSharers(const Page& page, unsigned slot, const Node* nodes) {
    uint64_t sharers = 0;
    for (const Node* node = nodes; node != nullptr; node = node->next_sibling) {
      sharers += node->Has(slot) && node->slots[slot].page == &page ? node->weight : 0;
    }
    result_.Add(1, sharers);
  }

  const PageTree& tree_;
  unsigned lowest_height_ = ~0u;  // of the trees of the ring
  Attribution result_;
};

Attribution PageTree::GetAttribution() const { return AttributionWalk(*this).Run(); }

}  // namespace gk
