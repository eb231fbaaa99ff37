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

// All that may be fetched now arrives at the guest at once.
class Guest {
 public:
  explicit Guest(Plan& plan) : plan_(plan) { Fetch(); }

  void Fetch() {
    for (Plan::Fetch fetch = plan_.TakeStep(); !fetch.ranges.empty(); fetch = plan_.TakeStep()) {
      for (const ReadRange& range : fetch.ranges) {
        for (uint64_t page = range.offset / kPage; page < (range.offset + range.length) / kPage; ++page) {
          present.insert(page);
        }
      }
      plan_.OnFetched(fetch.step);
    }
  }
  void Touch(uint64_t page) {
    if (present.insert(page).second) {
      ++requests;
      plan_.OnRead(Pages(page));
      Fetch();
    }
  }
  [[nodiscard]] uint64_t furthest() const { return present.empty() ? 0 : *present.rbegin(); }

  std::set<uint64_t> present;
  uint64_t requests = 0;

 private:
  Plan& plan_;
};

TEST(Plan, TheSameRunAsksForOneReadOfEachStep) {
  Plan plan(Sequence(640), {.step_bytes = 1 << 20, .step_reads = 64});
  Guest guest(plan);
  for (uint64_t page = 0; page < 640; ++page) {
    guest.Touch(page);
    EXPECT_LE(guest.furthest(), page + 2 * 64 + 64) << "further ahead than two steps";
  }
  EXPECT_EQ(guest.requests, 8u);  // of 10 steps the first and the last need none
  EXPECT_FALSE(plan.stopped());
}

TEST(Plan, AShortPlanIsFetchedWhole) {
  Plan plan(Sequence(128), {.step_bytes = 1 << 20, .step_reads = 64});
  Guest guest(plan);
  EXPECT_EQ(guest.present.size(), 128u);
  EXPECT_EQ(Plan({}, {}).TakeStep().ranges.size(), 0u);
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

TEST(Plan, WhatIsFetchedIsInOrderAndWithoutOverlaps) {
  Plan plan({Pages(7), Pages(3, 2), Pages(4, 3), Pages(20), Pages(7)}, {.step_bytes = 1 << 20, .step_reads = 64});
  EXPECT_EQ(plan.TakeStep().ranges, (std::vector<ReadRange>{Pages(3, 5), Pages(20)}));
}

TEST(Plan, AGuestThatGoesElsewhereStopsIt) {
  Plan plan(Sequence(6400), {.step_bytes = 1 << 20, .step_reads = 64});
  Guest guest(plan);
  const size_t before = guest.present.size();
  for (uint64_t page = 10000; page < 10100; ++page) {
    guest.Touch(page);
  }
  EXPECT_EQ(guest.present.size(), before + 100);
  EXPECT_TRUE(plan.diverged());
  guest.Touch(64);  // it is back at the start of the second step
  EXPECT_FALSE(plan.diverged());
  EXPECT_GT(guest.present.size(), before + 101);
}

TEST(Plan, AGuestThatJumpsAheadIsFollowed) {
  Plan plan(Sequence(6400), {.step_bytes = 1 << 20, .step_reads = 64});
  Guest guest(plan);
  guest.Touch(3210);
  EXPECT_TRUE(guest.present.contains(3211));
  EXPECT_TRUE(guest.present.contains(3210 + 64));
  EXPECT_FALSE(guest.present.contains(1000)) << "what it has passed by";
}

TEST(Plan, PagesThatAreGoneBeforeTheyAreUsedEndIt) {
  Plan plan(Sequence(6400), {.step_bytes = 1 << 20, .step_reads = 64});
  Guest guest(plan);
  for (uint64_t page = 1; page < 64 && !plan.stopped(); ++page) {
    guest.present.erase(page);
    guest.Touch(page);
  }
  EXPECT_TRUE(plan.stopped());
  EXPECT_TRUE(plan.TakeStep().ranges.empty());
}

TEST(Plan, AGuestFasterThanThePagesDoesNotCountAsLoss) {
  Plan plan(Sequence(6400), {.step_bytes = 1 << 20, .step_reads = 64});
  static_cast<void>(plan.TakeStep());
  for (uint64_t page = 0; page < 60; ++page) {
    plan.OnRead(Pages(page));
  }
  EXPECT_FALSE(plan.stopped());
  EXPECT_FALSE(plan.TakeStep().ranges.empty());
}

}  // namespace
