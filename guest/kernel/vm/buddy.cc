#include "guest/kernel/vm/buddy.h"

#include "guest/kernel/lib/panic.h"

namespace gk {

void BuddyLists::Push(Page* page, unsigned order) {
  page->state = PageState::kFree;
  page->order = static_cast<uint8_t>(order);
  page->free = {.next = heads_[order], .previous = nullptr};
  if (heads_[order] != nullptr) {
    heads_[order]->free.previous = page;
  }
  heads_[order] = page;
}

void BuddyLists::Unlink(Page* page) {
  if (page->free.previous != nullptr) {
    page->free.previous->free.next = page->free.next;
  } else {
    heads_[page->order] = page->free.next;
  }
  if (page->free.next != nullptr) {
    page->free.next->free.previous = page->free.previous;
  }
}

// A stale kFree in the middle of a block would be taken for a block of its own, so a head that stops being one is
// marked. Reading the buddy's Page is sound although blocks initialise only their first: either both buddies were once
// split off their common parent, which initialised both, or each came in on its own, and then the first page of each
// was the first page of something that was added.
void BuddyLists::Add(uint64_t frame, unsigned order) {
  for (; order + 1 < kOrders; ++order) {
    Page* buddy = page_of_frame_(frame ^ (uint64_t{1} << order));
    if (buddy == nullptr || buddy->state != PageState::kFree || buddy->order != order) {
      break;
    }
    Unlink(buddy);
    buddy->state = PageState::kFreeTail;
    page_of_frame_(frame)->state = PageState::kFreeTail;
    frame &= ~(uint64_t{1} << order);
  }
  Page* page = page_of_frame_(frame);
  page->frame = static_cast<uint32_t>(frame);
  Push(page, order);
}

Page* BuddyLists::Take(unsigned order) {
  unsigned found = order;
  while (found < kOrders && heads_[found] == nullptr) {
    ++found;
  }
  if (found == kOrders) {
    return nullptr;
  }
  Page* page = heads_[found];
  Unlink(page);
  while (found > order) {
    --found;
    const uint64_t upper = page->frame + (uint64_t{1} << found);
    Page* upper_page = page_of_frame_(upper);
    GK_ASSERT(upper_page != nullptr);
    upper_page->frame = static_cast<uint32_t>(upper);
    Push(upper_page, found);
  }
  return page;
}

bool BuddyLists::Has(unsigned order) const {
  for (unsigned i = order; i < kOrders; ++i) {
    if (heads_[i] != nullptr) {
      return true;
    }
  }
  return false;
}

}  // namespace gk
