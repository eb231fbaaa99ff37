// The polling window follows the load: short sleeps lengthen it, long ones end it.
#include "devices/core/adaptive_poll.h"

#include <gtest/gtest.h>

namespace {

using dev::AdaptivePoll;

TEST(AdaptivePoll, LongSleepsEndPolling) {
  AdaptivePoll poll;
  for (int i = 0; i < 8; ++i) {
    poll.OnSlept(AdaptivePoll::kLongest + std::chrono::nanoseconds(1));
  }
  EXPECT_EQ(poll.window(), AdaptivePoll::Duration::zero());
}

TEST(AdaptivePoll, ShortSleepsBringItBackUpToTheBound) {
  AdaptivePoll poll;
  for (int i = 0; i < 8; ++i) {
    poll.OnSlept(std::chrono::seconds(1));
  }
  poll.OnSlept(AdaptivePoll::kLongest);
  EXPECT_EQ(poll.window(), AdaptivePoll::kShortest);
  for (int i = 0; i < 8; ++i) {
    poll.OnSlept(std::chrono::nanoseconds(0));
  }
  EXPECT_EQ(poll.window(), AdaptivePoll::kLongest);
}

}  // namespace
