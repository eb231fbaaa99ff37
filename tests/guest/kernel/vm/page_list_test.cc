#include "guest/kernel/vm/page_list.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

#include "guest/kernel/vm/torture.h"
#include "tests/guest/kernel/vm/vm_fixture.h"

namespace gk {
namespace {

class PageListTest : public testing::Test {
 protected:
  ~PageListTest() override {
    for (PageList::Entry entry = list_.FindNext(0); entry.page != nullptr; entry = list_.FindNext(entry.index)) {
      EXPECT_EQ(list_.Remove(entry.index), entry.page);
    }
    EXPECT_TRUE(list_.empty());
    EXPECT_EQ(list_.metadata_bytes(), 0u);
    torture::FailAllocation(0);
  }

  Page pages_[64] = {};  // only their addresses matter
  PageList list_;
};

TEST_F(PageListTest, EmptyListHasNothingAndTakesNothing) {
  EXPECT_EQ(list_.Find(0), nullptr);
  EXPECT_EQ(list_.Find(UINT64_MAX), nullptr);
  EXPECT_EQ(list_.FindNext(0).page, nullptr);
  EXPECT_EQ(list_.Remove(5), nullptr);
  EXPECT_EQ(list_.metadata_bytes(), 0u);
}

TEST_F(PageListTest, LargestIndexOfAVmoWorks) {
  const PageIndex last = Vmo::kMaxSize / kPageSize - 1;
  ASSERT_TRUE(list_.Insert(last, &pages_[0]).ok());
  ASSERT_TRUE(list_.Insert(0, &pages_[1]).ok());
  EXPECT_EQ(list_.Find(last), &pages_[0]);
  EXPECT_EQ(list_.Find(last - 1), nullptr);
  EXPECT_EQ(list_.FindNext(1).index, last);
  EXPECT_EQ(list_.page_count(), 2u);
}

TEST_F(PageListTest, SparsePageCostsAFewNodes) {
  ASSERT_TRUE(list_.Insert(PageIndex{1} << 38, &pages_[0]).ok());
  EXPECT_LT(list_.metadata_bytes(), 8u * 1024);
}

TEST_F(PageListTest, TreeGrowsAndKeepsWhatItHad) {
  ASSERT_TRUE(list_.Insert(3, &pages_[0]).ok());
  ASSERT_TRUE(list_.Insert(64, &pages_[1]).ok());
  ASSERT_TRUE(list_.Insert(1 << 20, &pages_[2]).ok());
  EXPECT_EQ(list_.Find(3), &pages_[0]);
  EXPECT_EQ(list_.Find(64), &pages_[1]);
  EXPECT_EQ(list_.Find(1 << 20), &pages_[2]);
}

TEST_F(PageListTest, NextSkipsEmptySubtreesUpwardsAndDownwards) {
  const PageIndex indices[] = {5, 63, 64, 4095, 4096, 262143, 1 << 25};
  for (size_t i = 0; i < std::size(indices); ++i) {
    ASSERT_TRUE(list_.Insert(indices[i], &pages_[i]).ok());
  }
  PageIndex from = 0;
  for (const PageIndex expected : indices) {
    EXPECT_EQ(list_.FindNext(from).index, expected);
    EXPECT_EQ(list_.FindNext(expected).index, expected);
    from = expected + 1;
  }
  EXPECT_EQ(list_.FindNext(from).page, nullptr);
}

TEST_F(PageListTest, FailedInsertLeavesNoTrace) {
  ASSERT_TRUE(list_.Insert(1, &pages_[0]).ok());
  for (uint64_t n = 1;; ++n) {
    torture::FailAllocation(n);
    const Result<> inserted = list_.Insert(PageIndex{1} << 30, &pages_[1]);
    torture::FailAllocation(0);
    if (inserted.ok()) {
      EXPECT_GT(n, 5u);
      break;
    }
    EXPECT_EQ(list_.page_count(), 1u);
    EXPECT_EQ(list_.Find(1), &pages_[0]);
    EXPECT_EQ(list_.FindNext(2).page, nullptr);
  }
}

TEST_F(PageListTest, AgreesWithAMapUnderRandomOperations) {
  std::mt19937_64 random(3);  // any seed will do
  std::map<PageIndex, Page*> model;
  for (int i = 0; i < 50000; ++i) {
    const PageIndex index = random() % (PageIndex{1} << (random() % 2 == 0 ? 7 : 30));
    if (random() % 2 == 0 && !model.contains(index)) {
      Page* page = &pages_[random() % std::size(pages_)];
      ASSERT_TRUE(list_.Insert(index, page).ok());
      model[index] = page;
    } else {
      const auto found = model.find(index);
      ASSERT_EQ(list_.Remove(index), found != model.end() ? found->second : nullptr);
      if (found != model.end()) {
        model.erase(found);
      }
    }
    const PageIndex probe = random() % (PageIndex{1} << 30);
    const auto next = model.lower_bound(probe);
    const PageList::Entry entry = list_.FindNext(probe);
    ASSERT_EQ(entry.page, next != model.end() ? next->second : nullptr);
    ASSERT_EQ(entry.index, next != model.end() ? next->first : 0);
    ASSERT_EQ(list_.page_count(), model.size());
  }
}

}  // namespace
}  // namespace gk
