// The polling window follows the load: short sleeps lengthen it, long ones end it, and so does
// company.
#include "devices/core/adaptive_poll.h"

#include <gtest/gtest.h>

namespace {

using dev::AdaptivePoll;
using dev::Company;

TEST(AdaptivePoll, LongSleepsEndPolling) {
  AdaptivePoll poll;
  for (int i = 0; i < 8; ++i) {
    poll.OnSlept(AdaptivePoll::kLongest + std::chrono::nanoseconds(1), Company::kAlone);
  }
  EXPECT_EQ(poll.window(), AdaptivePoll::Duration::zero());
}

TEST(AdaptivePoll, ShortSleepsBringItBackUpToTheBound) {
  AdaptivePoll poll;
  for (int i = 0; i < 8; ++i) {
    poll.OnSlept(std::chrono::seconds(1), Company::kAlone);
  }
  poll.OnSlept(AdaptivePoll::kLongest, Company::kAlone);
  EXPECT_EQ(poll.window(), AdaptivePoll::kShortest);
  for (int i = 0; i < 8; ++i) {
    poll.OnSlept(std::chrono::nanoseconds(0), Company::kAlone);
  }
  EXPECT_EQ(poll.window(), AdaptivePoll::kLongest);
}

TEST(AdaptivePoll, WhoHadToGiveWaySleepsForAWhileHoweverSoonHeIsNeeded) {
  AdaptivePoll poll;
  poll.OnSlept(std::chrono::nanoseconds(0), Company::kGaveWay);
  for (unsigned i = 0; i < AdaptivePoll::kPenance; ++i) {
    EXPECT_EQ(poll.window(), AdaptivePoll::Duration::zero());
    poll.OnSlept(std::chrono::nanoseconds(0), Company::kAlone);
  }
  EXPECT_EQ(poll.window(), AdaptivePoll::Duration::zero());
  poll.OnSlept(std::chrono::nanoseconds(0), Company::kAlone);
  EXPECT_EQ(poll.window(), AdaptivePoll::kShortest);
}

}  // namespace
