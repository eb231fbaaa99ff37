// What is fetched ahead stays a bounded distance ahead of the guest, follows it, and stops when it is of no use.
#include "devices/pager/replay/plan.h"

#include <gtest/gtest.h>

#include <set>

#include "shared/base/range.h"

namespace {

using pager::replay::Plan;
using pager::replay::ReadRange;

constexpr uint64_t kPage = base::kPageSize;

ReadRange Pages(uint64_t first, uint64_t count = 1) { return {.offset = first * kPage, .length = count * kPage}; }

// `count` reads of one page each.
std::vector<ReadRange> Sequence(uint64_t count) {
  std::vector<ReadRange> reads;
  for (uint64_t page = 0; page < count; ++page) {
    reads.push_back(Pages(page));
  }
  return reads;
}

// Takes what may be fetched as long as fewer than `room` of the pages that it was brought are there and unused.
class Guest {
 public:
  Guest(Plan& plan, size_t room) : plan_(plan), room_(room) { Fetch(); }

  void Fetch() {
    for (; unused.size() < room_; plan_.OnFetched(fetch_.step)) {
      fetch_ = plan_.TakeStep();
      if (fetch_.ranges.empty()) {
        return;
      }
      for (const ReadRange& range : fetch_.ranges) {
        for (uint64_t page = range.offset / kPage; page < (range.offset + range.length) / kPage; ++page) {
          if (present.insert(page).second) {
            unused.insert(page);
          }
        }
      }
    }
  }
  void Touch(uint64_t page) {
    unused.erase(page);
    if (present.insert(page).second) {
      ++requests;
      if (const auto read = plan_.OnRead(Pages(page)); read && plan_.IsAhead(*read)) {
        plan_.GoOnBehind(*read, kPage);
      }
    }
    Fetch();
  }

  std::set<uint64_t> present;
  std::set<uint64_t> unused;
  uint64_t requests = 0;

 private:
  Plan& plan_;
  const size_t room_;
  Plan::Fetch fetch_;
};

TEST(Plan, TheSameRunAsksForNothing) {
  Plan plan(Sequence(640), {.step_bytes = 1 << 20, .step_reads = 64});
  Guest guest(plan, 100);
  for (uint64_t page = 0; page < 640; ++page) {
    guest.Touch(page);
    EXPECT_LE(guest.unused.size(), 100u + 64) << "as much as the guest takes, and a step";
  }
  EXPECT_EQ(guest.requests, 0u);
  EXPECT_FALSE(plan.stopped());
  EXPECT_TRUE(plan.TakeStep().ranges.empty());
  EXPECT_TRUE(Plan({}, {}).TakeStep().ranges.empty());
}

TEST(Plan, AStepIsBoundedInBytesToo) {
  Plan plan({Pages(0, 64), Pages(64, 64), Pages(128, 64), Pages(192, 64)},
            {.step_bytes = 128 * kPage, .step_reads = 64});
  EXPECT_EQ(plan.TakeStep().ranges, std::vector<ReadRange>{Pages(0, 128)});
  EXPECT_EQ(plan.TakeStep().ranges, std::vector<ReadRange>{Pages(128, 128)});
}

TEST(Plan, AReadLongerThanAStepIsOne) {
  Plan plan({Pages(0, 100), Pages(200, 100)}, {.step_bytes = kPage, .step_reads = 64});
  EXPECT_EQ(plan.TakeStep().ranges, std::vector<ReadRange>{Pages(0, 100)});
}

TEST(Plan, WhatIsUsedFirstIsFetchedFirst) {
  Plan plan({Pages(7), Pages(3, 2), Pages(5), Pages(20)}, {.step_bytes = 1 << 20, .step_reads = 64});
  const Plan::Fetch fetch = plan.TakeStep();
  EXPECT_EQ(fetch.ranges, (std::vector<ReadRange>{Pages(7), Pages(3, 3), Pages(20)}));
}

TEST(Plan, WhatOverlapsOrMakesOneRangeIsFetchedInOneGo) {
  Plan overlapping({Pages(7), Pages(3, 2), Pages(4, 3), Pages(20), Pages(7)},
                   {.step_bytes = 1 << 20, .step_reads = 64});
  EXPECT_EQ(overlapping.TakeStep().ranges, (std::vector<ReadRange>{Pages(3, 5), Pages(20)}));
  Plan dense({Pages(2), Pages(0), Pages(3), Pages(1)}, {.step_bytes = 1 << 20, .step_reads = 64});
  const Plan::Fetch fetch = dense.TakeStep();
  EXPECT_EQ(fetch.ranges, std::vector<ReadRange>{Pages(0, 4)});
}

TEST(Plan, AGuestThatGoesElsewhereStopsItUntilItComesBack) {
  Plan plan(Sequence(6400), {.step_bytes = 1 << 20, .step_reads = 64});
  Guest guest(plan, 64);
  for (uint64_t page = 10000; page < 10100; ++page) {
    guest.Touch(page);
  }
  EXPECT_TRUE(plan.diverged());
  EXPECT_TRUE(plan.TakeStep().ranges.empty());
  guest.Touch(64);
  EXPECT_FALSE(plan.diverged());
  EXPECT_FALSE(plan.TakeStep().ranges.empty());
}

TEST(Plan, AGuestThatJumpsAheadIsFollowed) {
  Plan plan(Sequence(6400), {.step_bytes = 1 << 20, .step_reads = 64});
  Guest guest(plan, 64);
  guest.unused.clear();
  guest.Touch(3210);
  EXPECT_TRUE(guest.present.contains(3211));
  EXPECT_FALSE(guest.present.contains(1000)) << "what it has passed by";
}

TEST(Plan, PagesThatAreGoneBeforeTheyAreUsedEndIt) {
  Plan plan(Sequence(6400), {.step_bytes = 1 << 20, .step_reads = 64});
  Guest guest(plan, 1000);
  for (uint64_t page = 1; page < 64 && !plan.stopped(); ++page) {
    guest.present.erase(page);
    guest.Touch(page);
  }
  EXPECT_TRUE(plan.stopped());
  EXPECT_TRUE(plan.TakeStep().ranges.empty());
}

TEST(Plan, AFewPagesThatWereLostDoNotEndIt) {
  Plan plan(Sequence(6400), {.step_bytes = 1 << 20, .step_reads = 64});
  Guest guest(plan, 1000);
  for (uint64_t page = 0; page < 6400; ++page) {
    if (page % 10 == 0) {
      guest.present.erase(page);
    }
    guest.Touch(page);
  }
  EXPECT_FALSE(plan.stopped());
  EXPECT_EQ(guest.requests, 640u);
}

TEST(Plan, AGuestFasterThanThePagesDoesNotCountAsLoss) {
  Plan plan(Sequence(6400), {.step_bytes = 1 << 20, .step_reads = 64});
  static_cast<void>(plan.TakeStep());
  for (uint64_t page = 0; page < 60; ++page) {
    EXPECT_EQ(plan.OnRead(Pages(page)), page);
  }
  EXPECT_FALSE(plan.stopped());
  plan.GoOnBehind(59, kPage);
  EXPECT_EQ(plan.TakeStep().ranges, std::vector<ReadRange>{Pages(60, 64)});
}

// It asks for the next ones before it comes to them, so whoever fetches these too is too late each time.
TEST(Plan, AStreamThatHasOvertakenIsNotFollowedFromCloseBehind) {
  Plan plan({Pages(0, 512), Pages(512, 512), Pages(1024, 512), Pages(1536, 512)},
            {.step_bytes = 512 * kPage, .step_reads = 64});
  ASSERT_EQ(plan.OnRead(Pages(0, 512)), 0u);
  plan.GoOnBehind(0, 512 * kPage);
  EXPECT_EQ(plan.TakeStep().ranges, std::vector<ReadRange>{Pages(1536, 512)});
}

TEST(Plan, WhatAReaderWithoutAStreamHasAskedForOnlyAPartOfIsFetchedNext) {
  Plan plan({Pages(0, 512), Pages(512, 512), Pages(1024)}, {.step_bytes = 512 * kPage, .step_reads = 64});
  ASSERT_EQ(plan.OnRead(Pages(512)), 1u);
  plan.GoOnBehind(1, kPage);
  EXPECT_EQ(plan.TakeStep().ranges, std::vector<ReadRange>{Pages(512, 512)});
  plan.GoOnBehind(2, kPage);
  EXPECT_TRUE(plan.TakeStep().ranges.empty());
}

}  // namespace
