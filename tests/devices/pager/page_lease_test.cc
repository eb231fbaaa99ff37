// Lent pages are given back once, when the lease ends and no later.
#include <gtest/gtest.h>

#include <utility>

#include "devices/pager/vmo_control.h"
#include "tests/devices/support/recording_answer.h"

namespace {

using pager::PageLease;

class PageLeaseTest : public testing::Test {
 protected:
  PageLease Lend() {
    return PageLease(buffer_.Pieces({1, 2}), [this] { ++given_back_; });
  }

  test::PageBuffer buffer_{3};
  int given_back_ = 0;
};

TEST_F(PageLeaseTest, EndsOnce) {
  PageLease lease = Lend();
  EXPECT_EQ(lease.length(), 3 * base::kPageSize);
  EXPECT_EQ(lease.pages().size(), 2u);
  lease.End();
  EXPECT_EQ(given_back_, 1);
  EXPECT_TRUE(lease.pages().empty());
  lease.End();
  EXPECT_EQ(given_back_, 1);
}

TEST_F(PageLeaseTest, EndsWithItsOwner) {
  {
    PageLease first = Lend();
    const PageLease second = std::move(first);
    EXPECT_EQ(second.length(), 3 * base::kPageSize);
    EXPECT_EQ(given_back_, 0);
  }
  EXPECT_EQ(given_back_, 1);
}

TEST_F(PageLeaseTest, AssignmentEndsWhatItReplaces) {
  PageLease lease = Lend();
  lease = Lend();
  EXPECT_EQ(given_back_, 1);
  lease = PageLease();
  EXPECT_EQ(given_back_, 2);
  EXPECT_EQ(lease.length(), 0u);
}

}  // namespace
