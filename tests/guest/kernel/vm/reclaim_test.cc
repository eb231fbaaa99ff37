#include "guest/kernel/vm/reclaim.h"

#include <gtest/gtest.h>

#include <vector>

#include "tests/support/fake_arch/ram.h"

namespace gk {
namespace {

using fake_arch::FakeRam;

constexpr uint64_t kMiB = uint64_t{1} << 20;

// Holds pages that it can do without.
class Cache final : public Reclaimable {
 public:
  explicit Cache(size_t pages) {
    for (size_t i = 0; i < pages; ++i) {
      pages_.push_back(AllocatePage());
    }
    reclaim::MarkUsed(*this);
  }
  ~Cache() {
    reclaim::Remove(*this);
    Reclaim();
  }
  uint64_t Reclaim() override {
    const uint64_t count = pages_.size();
    for (Page* page : pages_) {
      FreePage(page);
    }
    pages_.clear();
    return count;
  }
  [[nodiscard]] size_t size() const { return pages_.size(); }

 private:
  std::vector<Page*> pages_;
};

class ReclaimTest : public testing::Test {
 protected:
  ~ReclaimTest() override { FreeTaken(); }

  void TakeUntilFree(uint64_t free_pages) {
    while (FreePageCount() > free_pages) {
      taken_.push_back(AllocatePage());
    }
  }
  void FreeTaken() {
    for (Page* page : taken_) {
      FreePage(page);
    }
    taken_.clear();
  }

  FakeRam ram_{{{0, 32 * kMiB}}};
  std::vector<Page*> taken_;
};

TEST_F(ReclaimTest, NothingIsReclaimedWhileTheLowWatermarkIsFree) {
  const Cache cache(10);
  TakeUntilFree(reclaim::LowWatermark());
  reclaim::SafePoint();
  EXPECT_EQ(cache.size(), 10u);
}

TEST_F(ReclaimTest, BelowTheLowWatermarkTheLeastRecentlyUsedGoFirstUntilTheHighOneIsReached) {
  const uint64_t step = reclaim::HighWatermark() - reclaim::LowWatermark() + 1;
  Cache first(step);
  const Cache second(step);
  const Cache third(step);
  reclaim::MarkUsed(first);
  TakeUntilFree(reclaim::LowWatermark() - 1);

  reclaim::SafePoint();

  EXPECT_EQ(second.size(), 0u) << "oldest since the first was used again";
  EXPECT_EQ(third.size(), step);
  EXPECT_EQ(first.size(), step);
  EXPECT_GE(FreePageCount(), reclaim::HighWatermark());
}

TEST_F(ReclaimTest, WhatWasRemovedIsKeptHoweverLittleMemoryThereIs) {
  Cache kept(50);
  reclaim::Remove(kept);
  TakeUntilFree(0);
  reclaim::SafePoint();
  EXPECT_FALSE(reclaim::ReclaimAll());
  EXPECT_EQ(kept.size(), 50u);
  EXPECT_EQ(AllocateContiguousReclaiming(2, kPageSize), nullptr);
}

TEST_F(ReclaimTest, AContiguousRunIsFoundOnceEverythingElseWasGivenBack) {
  const Cache cache(FreePageCount() - 16);
  TakeUntilFree(0);
  Page* run = AllocateContiguousReclaiming(1024, kPageSize);
  ASSERT_NE(run, nullptr);
  EXPECT_EQ(cache.size(), 0u);
  FreeContiguous(run, 1024);
}

TEST_F(ReclaimTest, WatermarksGrowWithTheMachineWithinBounds) {
  EXPECT_EQ(reclaim::LowWatermark(), 32 * kMiB / kPageSize / 64);
  EXPECT_LT(reclaim::LowWatermark(), reclaim::HighWatermark());
}

TEST(ReclaimWatermarks, AHugeMachineKeepsSixteenMebibytes) {
  const FakeRam ram({{0, uint64_t{8} << 30}});
  EXPECT_EQ(reclaim::LowWatermark() * kPageSize, 16 * kMiB);
}

}  // namespace
}  // namespace gk
