// Free pages in blocks of 2^order, one list per order: the data structure inside the pmm.
//
// A block is represented by the Page of its first page alone, so a free gibibyte costs one structure. Two blocks that
// are each other's buddy merge when both are free. Whether the buddy's Page structure holds anything is the caller's
// knowledge (PageOfFrame); where it does not, the buddy counts as taken.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "guest/kernel/vm/page.h"

namespace gk {

class BuddyLists {
 public:
  static constexpr unsigned kOrders = 19;  // blocks of up to 2^18 pages: 1 GiB

  // Finds the Page of a frame; null when there is none, or it was not initialised yet.
  using PageOfFrame = Page* (*)(uint64_t frame);

  explicit constexpr BuddyLists(PageOfFrame page_of_frame) : page_of_frame_(page_of_frame) {}

  // Adds the block of 2^order pages that starts at `frame`, a multiple of 2^order; merges it with its buddies. `first`
  // is the Page of `frame`; only it is initialised here.
  void Add(uint64_t frame, unsigned order);

  // Takes a block of exactly 2^order pages, splitting a larger one if need be; the smallest that will do, the one freed
  // last. Null when there is none. State and links of the Page are the caller's to set.
  [[nodiscard]] Page* Take(unsigned order);

  [[nodiscard]] bool Has(unsigned order) const;

 private:
  void Push(Page* page, unsigned order);
  void Unlink(Page* page);

  Page* heads_[kOrders] = {};
  PageOfFrame page_of_frame_;
};

}  // namespace gk
