// The pages of one content by index: a radix tree with 64 slots a node, which shares its nodes with its copies.
//
// A copy (CloneFrom) refers to the same root: it costs the few nodes on the edges of the window that it keeps. Nodes
// are counted by those who refer to them, pages by the leaf slots that name them (Page::object.share_count), so a tree
// knows of each page whether anybody else has it. A change makes its own path first: O(height), whatever the number of
// copies, and copies of copies are no different from copies. What nobody refers to any more is freed at once.
//
//         tree A   tree B = CloneFrom(A)           A after a write to page 1
//            \     /                           A ──> root'            B ──> root
//             root (2 references)                    /    \                /   \ .
//            /    \                             leaf'      leaf2 (2 references) leaf
//         leaf    leaf2                        page 1' and all others of leaf, each named twice now
//
// A slot may also say "zero", for a page or for all that lies below it: where absence means something else (content
// that is fetched from somewhere), these are the pages that read as zero all the same.
// A page at index 2^50 costs nine nodes, an empty tebibyte costs nothing, and walks skip what is empty.
// Kernel lock held for every call.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <span>

#include "guest/kernel/lib/status.h"
#include "guest/kernel/vm/attribution.h"
#include "guest/kernel/vm/page.h"
#include "guest/kernel/vm/page_lookup.h"

namespace gk {

class PageTree {
 public:
  static constexpr PageIndex kNoPage = UINT64_MAX;

  enum class Content : uint8_t { kAbsent, kZero, kPage };
  struct Slot {
    Content content = Content::kAbsent;
    Page* page = nullptr;    // kPage
    bool exclusive = false;  // kPage: no other tree names it
  };
  struct Entry {
    PageIndex index = kNoPage;  // kNoPage: there is none
    Page* page = nullptr;       // null: "zero"
  };

  PageTree() = default;
  PageTree(const PageTree&) = delete;
  PageTree& operator=(const PageTree&) = delete;
  // Frees the pages that no other tree names.
  ~PageTree();

  [[nodiscard]] Slot Find(PageIndex index) const;

  // Puts `page`, which no tree names, at an index that has no page. ZX_ERR_NO_MEMORY: nothing changed, the caller keeps
  // the page.
  Result<> Insert(PageIndex index, Page* page);

  // The same for many, from `first` on, with one descent for each 64. Returns how many have found their place: not all
  // when there is no memory; the caller keeps the others. InsertRun: of neighbours in RAM.
  PageIndex InsertPages(PageIndex first, std::span<Page* const> pages);
  PageIndex InsertRun(PageIndex first, Page* pages, PageIndex count);

  // Puts `page` in the place of a page that others name too. Errors as above.
  Result<> Replace(PageIndex index, Page* page);

  // Makes [first, end) absent, or "zero", and frees the pages that no other tree names. Prepare does what may fail,
  // with ZX_ERR_NO_MEMORY, and changes nothing that can be seen; Clear then cannot fail, if nothing happened in
  // between.
  Result<> PrepareClear(PageIndex first, PageIndex end, Content leave);
  void Clear(PageIndex first, PageIndex end, Content leave);

  // Makes this tree, which must be new, name what `other` names in [first, end). ZX_ERR_NO_MEMORY: it stays empty.
  Result<> CloneFrom(PageTree& other, PageIndex first, PageIndex end);

  // The first page at or above `from`; with FindNextNonAbsent also the first "zero", whichever comes first.
  [[nodiscard]] Entry FindNextPage(PageIndex from) const;
  [[nodiscard]] Entry FindNextNonAbsent(PageIndex from) const;
  // The first index at or above `from` that is absent.
  [[nodiscard]] PageIndex FindAbsent(PageIndex from) const;

  // Takes the page at `index` out, which no other tree names and nobody has been lent. The caller has it then.
  [[nodiscard]] Page* Take(PageIndex index);

  // Says for each index from `first` which page is there; one descent for each 64.
  void Peek(PageIndex first, std::span<PresentPage> out) const;

  // The first of 512 pages from `first` (a multiple of 512), if all are present, exclusive and neighbours in RAM, and
  // may be written to all or none, so that a large leaf can show them once their address is aligned. Null otherwise.
  [[nodiscard]] Page* FindLargeRun(PageIndex first) const;

  [[nodiscard]] size_t page_count() const;
  // Pages with an index below `end`. One descent, however many there are.
  [[nodiscard]] size_t CountPagesBelow(PageIndex end) const;
  // True while a tree exists that this one was made from, or that was made from this one, directly or not.
  [[nodiscard]] bool has_relatives() const { return next_in_ring_ != this; }
  // What the pages cost, with each divided among the trees that name it.
  [[nodiscard]] Attribution GetAttribution() const;
  // Heap bytes of the nodes, those shared with others included. Walks them.
  [[nodiscard]] size_t metadata_bytes() const;

  // Nodes of all trees (tests).
  [[nodiscard]] static size_t live_nodes();

 private:
  struct Node;
  class AttributionWalk;
  static Node* NewNode();
  static Node* CopyNode(const Node& node, unsigned level);
  static void DeleteNode(Node* node);
  static bool MakePrivate(Node*& link, unsigned level);
  static Node* ChildForWriting(Node& node, unsigned slot, unsigned level);
  static void Release(Node* node, unsigned level);
  static void ReleaseSlot(Node& node, unsigned slot, unsigned level);
  static void OnPageLeft(Page& page);
  static void Prune(Node*& link, unsigned level, PageIndex index);
  static size_t CountNodes(const Node& node, unsigned level);

  struct Range;
  template <typename PageAt>
  PageIndex InsertMany(PageIndex first, PageIndex count, PageAt page_at);
  Result<> GrowTo(PageIndex index);
  Result<Node*> PrepareLeaf(PageIndex index);
  Result<> PrepareEdge(PageIndex index, const Range& range, Content leave);
  static void ClearBelow(Node& node, unsigned level, const Range& range, Content leave);
  void AddToCounts(PageIndex index, uint64_t count);
  void PruneAt(PageIndex index);
  Result<> CutOff(PageIndex first, PageIndex end);
  [[nodiscard]] Entry FindNext(PageIndex from, bool with_zeroes) const;
  [[nodiscard]] const Node* FindNode(PageIndex index, unsigned level, bool* shared) const;
  void LeaveRing();

  Node* root_ = nullptr;
  unsigned height_ = 0;  // levels of nodes, when there is a root
  // The trees that may share nodes with this one, itself included: a ring.
  PageTree* next_in_ring_ = this;
  PageTree* previous_in_ring_ = this;
};

}  // namespace gk
