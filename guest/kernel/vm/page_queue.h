// A list of pages of content in the order of their use, linked by frame numbers inside the Page structures.
//
// A page is in at most one queue. Kernel lock held for every call; nothing here blocks or allocates.
#pragma once

#include <stdint.h>

#include "guest/kernel/vm/page.h"

namespace gk {

class PageQueue {
 public:
  // True while the page is in some queue. Of pages of content only (PageState::kObject).
  [[nodiscard]] static bool IsQueued(const Page& page) { return page.object.next_frame != kNotQueued; }

  [[nodiscard]] uint64_t size() const { return size_; }
  // The one that was pushed first of those that are left; null when there is none.
  [[nodiscard]] Page* front() const;
  // The one before which `count` more were pushed last; null when there are not so many. Goes through these.
  [[nodiscard]] Page* FromBack(uint64_t count) const;
  // Precondition: the page is in no queue.
  void PushBack(Page& page);
  // Precondition: the page is in this queue.
  void Remove(Page& page);

 private:
  // Frame 0 is never a page of content, so that a new page is in no queue.
  static constexpr uint32_t kNotQueued = 0;
  static constexpr uint32_t kEnd = UINT32_MAX;

  static Page* PageOf(uint32_t frame);

  uint32_t first_ = kEnd;
  uint32_t last_ = kEnd;
  uint64_t size_ = 0;
};

}  // namespace gk
