// The record of an overlay's pages, by its bits and runs.
#include "devices/pager/overlay/page_record.h"

#include <gtest/gtest.h>

#include <set>

namespace {

using pager::overlay::PageRecord;

constexpr uint64_t kPagesPerBlock = 8 * PageRecord::kBlockSize;

TEST(PageRecord, PagesThatWereAddedAreThereAndNoOthers) {
  PageRecord record(200);
  record.Add(60, 10);
  record.Add(65, 1);
  for (uint64_t page = 0; page < 200; ++page) {
    EXPECT_EQ(record.Has(page), page >= 60 && page < 70) << page;
  }
}

TEST(PageRecord, RunsEndWhereThePagesChangeOrAtTheLimit) {
  PageRecord record(200);
  record.Add(60, 10);
  EXPECT_EQ(record.RunLength(0, 200), 60u);
  EXPECT_EQ(record.RunLength(60, 200), 10u);
  EXPECT_EQ(record.RunLength(62, 3), 3u);
  EXPECT_EQ(record.RunLength(70, 130), 130u);
}

TEST(PageRecord, BlocksWithNewPagesAreToBeSavedOnce) {
  PageRecord record(3 * kPagesPerBlock);
  EXPECT_EQ(record.blocks(), 3u);
  EXPECT_TRUE(record.changed().empty());
  record.Add(kPagesPerBlock - 1, 2);
  EXPECT_EQ(record.changed(), (std::set<uint64_t>{0, 1}));
  record.Saved();
  record.Add(kPagesPerBlock - 1, 2);
  EXPECT_TRUE(record.changed().empty()) << "nothing new";
}

TEST(PageRecord, BlocksThatAreCopiedAndLoadedHaveTheSamePages) {
  PageRecord record(2 * kPagesPerBlock);
  record.Add(kPagesPerBlock + 100, 70);
  PageRecord loaded(2 * kPagesPerBlock);
  loaded.Load(1, record.Copy(1));
  EXPECT_EQ(loaded.RunLength(0, 2 * kPagesPerBlock), kPagesPerBlock + 100);
  EXPECT_EQ(loaded.RunLength(kPagesPerBlock + 100, 200), 70u);
  EXPECT_TRUE(loaded.changed().empty());
}

TEST(PageRecord, NothingHasNoBlocks) { EXPECT_EQ(PageRecord(0).blocks(), 0u); }

}  // namespace
