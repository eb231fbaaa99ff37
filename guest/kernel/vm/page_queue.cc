#include "guest/kernel/vm/page_queue.h"

#include "guest/kernel/lib/panic.h"
#include "guest/kernel/vm/pmm.h"

namespace gk {

// Null for kEnd.
Page* PageQueue::PageOf(uint32_t frame) {
  return frame != kEnd ? gk::PageOf(PhysicalAddress{frame} << kPageShift) : nullptr;
}

Page* PageQueue::front() const { return PageOf(first_); }

Page* PageQueue::FromBack(uint64_t count) const {
  if (count >= size_) {
    return nullptr;
  }
  Page* page = PageOf(last_);
  for (; count != 0; --count) {
    page = PageOf(page->object.previous_frame);
  }
  return page;
}

void PageQueue::PushBack(Page& page) {
  GK_ASSERT(page.state == PageState::kObject && !IsQueued(page));
  page.object.previous_frame = last_;
  page.object.next_frame = kEnd;
  if (Page* last = PageOf(last_); last != nullptr) {
    last->object.next_frame = page.frame;
  } else {
    first_ = page.frame;
  }
  last_ = page.frame;
  ++size_;
}

void PageQueue::Remove(Page& page) {
  GK_ASSERT(IsQueued(page) && size_ != 0);
  Page* next = PageOf(page.object.next_frame);
  Page* previous = PageOf(page.object.previous_frame);
  (previous != nullptr ? previous->object.next_frame : first_) = page.object.next_frame;
  (next != nullptr ? next->object.previous_frame : last_) = page.object.previous_frame;
  page.object.next_frame = kNotQueued;
  page.object.previous_frame = kNotQueued;
  --size_;
}

}  // namespace gk
