#include "guest/kernel/vm/page_queue.h"

#include <gtest/gtest.h>

#include <vector>

#include "guest/kernel/vm/object_page.h"
#include "guest/kernel/vm/pmm.h"
#include "tests/guest/kernel/vm/vm_fixture.h"

namespace gk {
namespace {

class PageQueueTest : public VmTest {
 protected:
  PageQueueTest() {
    for (PageIndex index = 0; index < 4; ++index) {
      pages_.push_back(AllocateObjectPage(index));
      queue_.PushBack(*pages_.back());
    }
  }
  ~PageQueueTest() override {
    TakeAll();
    for (Page* page : pages_) {
      FreePage(page);
    }
  }

  // Empties the queue.
  std::vector<PageIndex> TakeAll() {
    std::vector<PageIndex> order;
    while (Page* page = queue_.front()) {
      order.push_back(page->object.index);
      queue_.Remove(*page);
    }
    return order;
  }

  std::vector<Page*> pages_;
  PageQueue queue_;
};

using Order = std::vector<PageIndex>;

TEST_F(PageQueueTest, FirstInFirstOut) {
  EXPECT_EQ(queue_.size(), 4u);
  EXPECT_EQ(TakeAll(), (Order{0, 1, 2, 3}));
  EXPECT_EQ(queue_.size(), 0u);
  EXPECT_EQ(queue_.front(), nullptr);
}

TEST_F(PageQueueTest, PagesLeaveFromAnywhereAndComeBackLast) {
  for (const size_t page : {0u, 2u, 3u}) {
    queue_.Remove(*pages_[page]);
    EXPECT_FALSE(PageQueue::IsQueued(*pages_[page]));
  }
  EXPECT_TRUE(PageQueue::IsQueued(*pages_[1]));
  queue_.PushBack(*pages_[2]);
  queue_.PushBack(*pages_[0]);
  EXPECT_EQ(TakeAll(), (Order{1, 2, 0}));
}

TEST_F(PageQueueTest, OnlyPageIsFirstAndLast) {
  TakeAll();
  queue_.PushBack(*pages_[3]);
  EXPECT_TRUE(PageQueue::IsQueued(*pages_[3]));
  EXPECT_EQ(TakeAll(), (Order{3}));
  EXPECT_FALSE(PageQueue::IsQueued(*pages_[3]));
}

}  // namespace
}  // namespace gk
