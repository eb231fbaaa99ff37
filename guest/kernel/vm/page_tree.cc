#include "guest/kernel/vm/page_tree.h"

#include <new>
#include <utility>

#include "guest/kernel/lib/min_max.h"
#include "guest/kernel/lib/panic.h"
#include "guest/kernel/vm/page_tree_node.h"
#include "guest/kernel/vm/pmm.h"
#include "guest/kernel/vm/reclaim.h"

namespace gk {

using page_tree::kBitsPerLevel;
using page_tree::kSlots;
using page_tree::LastIndexOf;
using page_tree::SlotAt;

namespace {
constinit size_t g_live_nodes = 0;
}  // namespace

PageTree::~PageTree() {
  LeaveRing();
  if (root_ != nullptr) {
    Release(root_, height_ - 1);
  }
}

size_t PageTree::live_nodes() { return g_live_nodes; }

size_t PageTree::page_count() const { return root_ != nullptr ? root_->page_count : 0; }

// --- nodes ---

PageTree::Node* PageTree::NewNode() {
  Node* node = new (std::nothrow) Node;
  g_live_nodes += node != nullptr ? 1 : 0;
  return node;
}

void PageTree::DeleteNode(Node* node) {
  --g_live_nodes;
  delete node;
}

// The copy refers to all that the original refers to.
PageTree::Node* PageTree::CopyNode(const Node& node, unsigned level) {
  Node* copy = NewNode();
  if (copy == nullptr) {
    return nullptr;
  }
  copy->occupied = node.occupied;
  copy->zeroes = node.zeroes;
  copy->page_count = node.page_count;
  for (uint64_t left = node.occupied; left != 0; left &= left - 1) {
    const unsigned slot = static_cast<unsigned>(std::countr_zero(left));
    copy->slots[slot] = node.slots[slot];
    if (level == 0) {
      ++node.slots[slot].page->object.share_count;
    } else {
      ++node.slots[slot].node->references;
    }
  }
  return copy;
}

// Whoever owns `link` gets a node of its own there. False: no memory, nothing changed.
bool PageTree::MakePrivate(Node*& link, unsigned level) {
  if (link->references == 1) {
    return true;
  }
  Node* copy = CopyNode(*link, level);
  if (copy == nullptr) {
    return false;
  }
  --link->references;
  link = copy;
  return true;
}

// The private node in `slot` of `node`, which is private and at `level` above 0; made where there is none. Null: no
// memory.
PageTree::Node* PageTree::ChildForWriting(Node& node, unsigned slot, unsigned level) {
  if (node.Has(slot)) {
    return MakePrivate(node.slots[slot].node, level - 1) ? node.slots[slot].node : nullptr;
  }
  Node* child = NewNode();
  if (child != nullptr) {
    child->zeroes = node.IsZero(slot) ? ~uint64_t{0} : 0;
    node.slots[slot].node = child;
    node.Occupy(slot);
  }
  return child;
}

// One reference to `node` is gone. Recursion is as deep as a tree is high.
void PageTree::Release(Node* node, unsigned level) {
  if (--node->references != 0) {
    return;
  }
  for (uint64_t left = node->occupied; left != 0; left &= left - 1) {
    ReleaseSlot(*node, static_cast<unsigned>(std::countr_zero(left)), level);
  }
  DeleteNode(node);
}

// What the slot refers to loses that reference; the slot itself is left as it is.
void PageTree::ReleaseSlot(Node& node, unsigned slot, unsigned level) {
  if (level != 0) {
    Release(node.slots[slot].node, level - 1);
    return;
  }
  Page* page = node.slots[slot].page;
  OnPageLeft(*page);
  if (page->object.share_count == 0) {
    FreePage(page);
  }
}

// A tree does not name the page any more. Somebody else may: other trees, or who was lent it.
void PageTree::OnPageLeft(Page& page) {
  --page.object.share_count;
  reclaim::Remove(page);
  page.object.owner = nullptr;
}

// Takes away the nodes without content on the way to `index` that preparing has left. Only private nodes are.
void PageTree::Prune(Node*& link, unsigned level, PageIndex index) {
  const unsigned slot = SlotAt(index, level);
  if (level != 0 && link->references == 1 && link->Has(slot)) {
    Prune(link->slots[slot].node, level - 1, index);
    if (link->slots[slot].node == nullptr) {
      link->Vacate(slot);
    }
  }
  if (link->empty()) {
    DeleteNode(std::exchange(link, nullptr));
  }
}

void PageTree::PruneAt(PageIndex index) {
  if (root_ != nullptr && index <= LastIndexOf(height_)) {
    Prune(root_, height_ - 1, index);
  }
}

// --- lookup ---

PageTree::Slot PageTree::Find(PageIndex index) const {
  if (root_ == nullptr || index > LastIndexOf(height_)) {
    return {};
  }
  const Node* node = root_;
  bool exclusive = true;
  for (unsigned level = height_ - 1;; --level) {
    const unsigned slot = SlotAt(index, level);
    exclusive = exclusive && node->references == 1;
    if (!node->Has(slot)) {
      return {.content = node->IsZero(slot) ? Content::kZero : Content::kAbsent};
    }
    if (level == 0) {
      Page* page = node->slots[slot].page;
      return {.content = Content::kPage, .page = page, .exclusive = exclusive && page->object.share_count == 1};
    }
    node = node->slots[slot].node;
  }
}

// --- change ---

// Puts new roots on top until the tree is high enough for `index`. Roots that were added stay when memory runs out: the
// tree is valid with them.
Result<> PageTree::GrowTo(PageIndex index) {
  if (root_ == nullptr) {
    root_ = NewNode();
    height_ = 1;
    while (root_ != nullptr && index > LastIndexOf(height_)) {
      ++height_;
    }
  }
  while (root_ != nullptr && index > LastIndexOf(height_)) {
    Node* above = NewNode();
    if (above == nullptr) {
      return Error(ZX_ERR_NO_MEMORY);
    }
    above->page_count = root_->page_count;
    above->slots[0].node = std::exchange(root_, above);
    above->Occupy(0);
    ++height_;
  }
  return root_ != nullptr ? Result<>() : Error(ZX_ERR_NO_MEMORY);
}

// A private path to the leaf of `index`.
Result<PageTree::Node*> PageTree::PrepareLeaf(PageIndex index) {
  PAGODA_TRY(GrowTo(index));
  Node* node = MakePrivate(root_, height_ - 1) ? root_ : nullptr;
  for (unsigned level = height_ - 1; node != nullptr && level != 0; --level) {
    node = ChildForWriting(*node, SlotAt(index, level), level);
  }
  if (node == nullptr) {
    PruneAt(index);
    return Error(ZX_ERR_NO_MEMORY);
  }
  return node;
}

Result<> PageTree::Insert(PageIndex index, Page* page) {
  PAGODA_TRY_ASSIGN(Node * leaf, PrepareLeaf(index));
  leaf->PutPage(SlotAt(index, 0), page);
  AddToCounts(index, 1);
  return {};
}

template <typename PageAt>
PageIndex PageTree::InsertMany(PageIndex first, PageIndex count, PageAt page_at) {
  PageIndex done = 0;
  while (done < count) {
    const Result<Node*> leaf = PrepareLeaf(first + done);
    if (!leaf.ok()) {
      break;
    }
    const PageIndex before = done;
    const PageIndex end = Min(count, done + kSlots - SlotAt(first + done, 0));
    for (; done < end; ++done) {
      (*leaf)->PutPage(SlotAt(first + done, 0), page_at(done));
    }
    AddToCounts(first + before, end - before);
  }
  return done;
}

PageIndex PageTree::InsertPages(PageIndex first, std::span<Page* const> pages) {
  return InsertMany(first, pages.size(), [pages](PageIndex i) { return pages[i]; });
}

PageIndex PageTree::InsertRun(PageIndex first, Page* pages, PageIndex count) {
  return InsertMany(first, count, [pages](PageIndex i) { return pages + i; });
}

// `count` pages more in the leaf of `index`, whose path is private.
void PageTree::AddToCounts(PageIndex index, uint64_t count) {
  Node* node = root_;
  node->page_count += count;
  for (unsigned level = height_ - 1; level != 0; --level) {
    node = node->slots[SlotAt(index, level)].node;
    node->page_count += count;
  }
}

Result<> PageTree::Replace(PageIndex index, Page* page) {
  PAGODA_TRY_ASSIGN(Node * leaf, PrepareLeaf(index));
  Node::Link& link = leaf->slots[SlotAt(index, 0)];
  GK_ASSERT(leaf->Has(SlotAt(index, 0)) && link.page->object.share_count > 1);
  OnPageLeft(*link.page);
  link.page = page;
  page->object.share_count = 1;
  return {};
}

Page* PageTree::Take(PageIndex index) {
  Node* node = root_;
  for (unsigned level = height_ - 1; level != 0; --level) {
    --node->page_count;
    node = node->slots[SlotAt(index, level)].node;
  }
  --node->page_count;
  Page* page = node->slots[SlotAt(index, 0)].page;
  GK_ASSERT(node->references == 1 && page->object.share_count == 1);
  node->Vacate(SlotAt(index, 0));
  OnPageLeft(*page);
  PruneAt(index);
  return page;
}

}  // namespace gk
