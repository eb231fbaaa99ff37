// The pages of one VMO by index: a radix tree with 64 slots a node, as high as the largest index needs.
//
// A page at index 2^50 costs nine nodes, an empty tebibyte costs nothing, and walks skip what is empty: whole-range
// operations cost as much as there are pages, not as much as the range is long.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "guest/kernel/lib/status.h"
#include "guest/kernel/vm/page.h"

namespace gk {

class PageList {
 public:
  PageList() = default;
  PageList(const PageList&) = delete;
  PageList& operator=(const PageList&) = delete;
  // Precondition: empty.
  ~PageList();

  // The page at `index`; null when there is none.
  [[nodiscard]] Page* Find(PageIndex index) const;

  // Puts `page` at an index that is empty. ZX_ERR_NO_MEMORY: nothing changed, the caller keeps the page.
  Result<> Insert(PageIndex index, Page* page);

  // Takes the page at `index` out; null when there is none. The caller owns it.
  [[nodiscard]] Page* Remove(PageIndex index);

  // The smallest index >= `from` that has a page.
  struct Entry {
    PageIndex index;
    Page* page;  // null: there is none
  };
  [[nodiscard]] Entry FindNext(PageIndex from) const;

  [[nodiscard]] size_t page_count() const { return page_count_; }
  [[nodiscard]] bool empty() const { return page_count_ == 0; }
  // Heap bytes that the tree itself takes.
  [[nodiscard]] size_t metadata_bytes() const;

 private:
  struct Node;
  Node* NewNode();
  void FreeNode(Node* node);
  Result<> GrowTo(PageIndex index);
  Result<> InsertBelow(Node* node, unsigned level, PageIndex index, Page* page);
  Page* RemoveBelow(Node* node, unsigned level, PageIndex index);

  Node* root_ = nullptr;
  unsigned height_ = 0;  // levels of nodes
  size_t page_count_ = 0;
  size_t node_count_ = 0;
};

}  // namespace gk
