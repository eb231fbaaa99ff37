// Polls in vain are followed by ever more sleeps, an answer brings polling back.
#include "guest/kernel/vm/poll_backoff.h"

#include <gtest/gtest.h>

namespace gk {
namespace {

uint32_t SleepsBeforeTheNextPoll(PollBackoff& backoff) {
  uint32_t sleeps = 0;
  while (!backoff.ShouldPoll()) {
    ++sleeps;
  }
  return sleeps;
}

TEST(PollBackoff, PollsAtFirst) {
  PollBackoff backoff;
  EXPECT_EQ(SleepsBeforeTheNextPoll(backoff), 0u);
}

TEST(PollBackoff, EachVainPollInARowDoublesTheSleepsUpToABound) {
  PollBackoff backoff;
  for (uint32_t expected : {1u, 2u, 4u, 8u, 16u, 16u}) {
    backoff.OnVain();
    EXPECT_EQ(SleepsBeforeTheNextPoll(backoff), expected);
  }
  static_assert(PollBackoff::kMost == 16);
}

TEST(PollBackoff, AnAnswerBringsPollingBackAndIsWhereCountingStartsAnew) {
  PollBackoff backoff;
  backoff.OnVain();
  backoff.OnVain();
  backoff.OnAnswered();
  EXPECT_EQ(SleepsBeforeTheNextPoll(backoff), 0u);
  backoff.OnVain();
  EXPECT_EQ(SleepsBeforeTheNextPoll(backoff), 1u);
}

}  // namespace
}  // namespace gk
