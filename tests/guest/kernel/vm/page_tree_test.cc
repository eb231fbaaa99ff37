#include "guest/kernel/vm/page_tree.h"

#include <gtest/gtest.h>

#include <array>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <vector>

#include "guest/kernel/vm/object_page.h"
#include "guest/kernel/vm/torture.h"
#include "guest/kernel/vm/vmo.h"
#include "tests/guest/kernel/vm/vm_fixture.h"

namespace gk {
namespace {

using Content = PageTree::Content;

class PageTreeTest : public VmTest {
 protected:
  PageTreeTest() : free_pages_(GetPmmStatistics().free_pages) {}
  // All trees of a test are locals of it: nothing may be left.
  ~PageTreeTest() override {
    torture::FailAllocation(0);
    EXPECT_EQ(PageTree::live_nodes(), 0u);
    EXPECT_EQ(GetPmmStatistics().free_pages, free_pages_);
  }

  static Page* Put(PageTree& tree, PageIndex index) {
    Page* page = AllocateObjectPage(index);
    EXPECT_TRUE(tree.Insert(index, page).ok());
    return page;
  }
  static void Erase(PageTree& tree, PageIndex first, PageIndex end, Content leave = Content::kAbsent) {
    ASSERT_TRUE(tree.PrepareClear(first, end, leave).ok());
    tree.Clear(first, end, leave);
  }

  const uint64_t free_pages_;
};

TEST_F(PageTreeTest, EmptyTreeHasNothingAndTakesNothing) {
  PageTree tree;
  EXPECT_EQ(tree.Find(0).content, Content::kAbsent);
  EXPECT_EQ(tree.Find(UINT64_MAX).content, Content::kAbsent);
  EXPECT_EQ(tree.FindNextPage(0).index, PageTree::kNoPage);
  EXPECT_EQ(tree.FindAbsent(7), 7u);
  Erase(tree, 0, UINT64_MAX);
  EXPECT_EQ(tree.metadata_bytes(), 0u);
}

TEST_F(PageTreeTest, LargestIndexOfAVmoWorks) {
  const PageIndex last = Vmo::kMaxSize / kPageSize - 1;
  PageTree tree;
  Page* far = Put(tree, last);
  Page* near = Put(tree, 0);
  EXPECT_EQ(tree.Find(last).page, far);
  EXPECT_EQ(tree.Find(0).page, near);
  EXPECT_EQ(tree.Find(last - 1).page, nullptr);
  EXPECT_EQ(tree.FindNextPage(1).index, last);
  EXPECT_EQ(tree.page_count(), 2u);
}

TEST_F(PageTreeTest, SparsePageCostsAFewNodes) {
  PageTree tree;
  Put(tree, PageIndex{1} << 38);
  EXPECT_LT(tree.metadata_bytes(), 8u * 1024);
}

TEST_F(PageTreeTest, NextSkipsEmptySubtreesUpwardsAndDownwards) {
  const PageIndex indices[] = {5, 63, 64, 4095, 4096, 262143, 1 << 25};
  PageTree tree;
  for (const PageIndex index : indices) {
    Put(tree, index);
  }
  PageIndex from = 0;
  for (const PageIndex expected : indices) {
    EXPECT_EQ(tree.FindNextPage(from).index, expected);
    EXPECT_EQ(tree.FindNextPage(expected).index, expected);
    from = expected + 1;
  }
  EXPECT_EQ(tree.FindNextPage(from).index, PageTree::kNoPage);
}

TEST_F(PageTreeTest, PagesBelowAnIndexAreCounted) {
  PageTree tree;
  EXPECT_EQ(tree.CountPagesBelow(UINT64_MAX), 0u);
  const std::vector<PageIndex> indices = {0, 1, 63, 64, 65, 4095, 4096, 300'000, PageIndex{1} << 50};
  for (const PageIndex index : indices) {
    Put(tree, index);
  }
  for (size_t i = 0; i < indices.size(); ++i) {
    EXPECT_EQ(tree.CountPagesBelow(indices[i]), i) << indices[i];
    EXPECT_EQ(tree.CountPagesBelow(indices[i] + 1), i + 1) << indices[i];
  }
  EXPECT_EQ(tree.CountPagesBelow(200'000), 7u);
  EXPECT_EQ(tree.CountPagesBelow(UINT64_MAX), indices.size());
  Erase(tree, 64, 4096);
  EXPECT_EQ(tree.CountPagesBelow(5000), 4u);
}

TEST_F(PageTreeTest, AbsentIsFoundBehindFullNodes) {
  PageTree tree;
  for (PageIndex index = 0; index < 4096 + 3; ++index) {
    Put(tree, index);
  }
  EXPECT_EQ(tree.FindAbsent(0), 4099u);
  Erase(tree, 100, 101);
  EXPECT_EQ(tree.FindAbsent(0), 100u);
  EXPECT_EQ(tree.FindAbsent(101), 4099u);
}

TEST_F(PageTreeTest, CopySharesEverythingAndCostsNoNode) {
  PageTree tree;
  for (PageIndex index = 0; index < 1000; ++index) {
    Put(tree, index);
  }
  const size_t nodes = PageTree::live_nodes();
  PageTree copy;
  ASSERT_TRUE(copy.CloneFrom(tree, 0, 1000).ok());
  EXPECT_EQ(PageTree::live_nodes(), nodes);
  EXPECT_EQ(copy.page_count(), 1000u);
  EXPECT_EQ(copy.Find(999).page, tree.Find(999).page);
  EXPECT_FALSE(tree.Find(999).exclusive);
  EXPECT_FALSE(copy.Find(999).exclusive);
}

TEST_F(PageTreeTest, CopyOfAWindowCostsOnlyItsEdges) {
  PageTree tree;
  for (PageIndex index = 0; index < 64 * 64 * 2; ++index) {
    Put(tree, index);
  }
  const size_t nodes = PageTree::live_nodes();
  PageTree copy;
  ASSERT_TRUE(copy.CloneFrom(tree, 1000, 7000).ok());
  EXPECT_LE(PageTree::live_nodes(), nodes + 5);
  EXPECT_EQ(copy.page_count(), 6000u);
  EXPECT_EQ(copy.FindNextPage(0).index, 1000u);
  EXPECT_EQ(copy.FindNextPage(7000).index, PageTree::kNoPage);
  EXPECT_EQ(tree.page_count(), 64u * 64 * 2);
  EXPECT_TRUE(tree.Find(999).exclusive);
  EXPECT_FALSE(tree.Find(1000).exclusive);
}

TEST_F(PageTreeTest, ReplacementIsSeenByOneTreeAndTheOtherTakesThePageOver) {
  PageTree tree;
  Page* page = Put(tree, 5);
  PageTree copy;
  ASSERT_TRUE(copy.CloneFrom(tree, 0, 64).ok());
  Page* fresh = AllocateObjectPage(5);
  ASSERT_TRUE(copy.Replace(5, fresh).ok());
  EXPECT_EQ(tree.Find(5).page, page);
  EXPECT_TRUE(tree.Find(5).exclusive);
  EXPECT_EQ(copy.Find(5).page, fresh);
  EXPECT_TRUE(copy.Find(5).exclusive);
}

TEST_F(PageTreeTest, EndOfACopyGivesBackExactlyWhatNobodyElseSees) {
  PageTree tree;
  Put(tree, 1);
  Put(tree, 2);
  const uint64_t before = GetPmmStatistics().free_pages;
  {
    PageTree copy;
    ASSERT_TRUE(copy.CloneFrom(tree, 0, 64).ok());
    ASSERT_TRUE(copy.Replace(1, AllocateObjectPage(1)).ok());
    Erase(tree, 2, 3);
    EXPECT_TRUE(copy.Find(2).exclusive);
    EXPECT_EQ(GetPmmStatistics().free_pages, before - 1);
  }
  EXPECT_EQ(GetPmmStatistics().free_pages, before + 1);
  EXPECT_TRUE(tree.Find(1).exclusive);
}

TEST_F(PageTreeTest, ZeroIsNeitherAbsentNorAPage) {
  PageTree tree;
  Put(tree, 70);
  Erase(tree, 60, 100000, Content::kZero);
  EXPECT_EQ(tree.Find(59).content, Content::kAbsent);
  EXPECT_EQ(tree.Find(70).content, Content::kZero);
  EXPECT_EQ(tree.Find(99999).content, Content::kZero);
  EXPECT_EQ(tree.Find(100000).content, Content::kAbsent);
  EXPECT_EQ(tree.FindAbsent(60), 100000u);
  EXPECT_EQ(tree.FindNextNonAbsent(0).index, 60u);
  EXPECT_EQ(tree.FindNextPage(0).index, PageTree::kNoPage);
  Put(tree, 5000);
  EXPECT_EQ(tree.Find(5001).content, Content::kZero);
  EXPECT_EQ(tree.FindNextPage(0).index, 5000u);
  Erase(tree, 4999, 5001);
  EXPECT_EQ(tree.FindAbsent(60), 4999u);
  EXPECT_LT(tree.metadata_bytes(), 10u * 1024);
}

TEST_F(PageTreeTest, LargeRunMustBeCompleteExclusiveAndInOrder) {
  PageTree tree;
  Page* pages = AllocateContiguous(base::kPagesPerLargePage, base::kLargePageSize);
  ASSERT_NE(pages, nullptr);
  for (PageIndex i = 0; i < base::kPagesPerLargePage; ++i) {
    EXPECT_EQ(tree.FindLargeRun(512), nullptr);
    SetPageState(pages[i], PageState::kObject);
    ASSERT_TRUE(tree.Insert(512 + i, &pages[i]).ok());
  }
  EXPECT_EQ(tree.FindLargeRun(512), pages);
  EXPECT_EQ(tree.FindLargeRun(0), nullptr);
  {
    PageTree copy;
    ASSERT_TRUE(copy.CloneFrom(tree, 600, 601).ok());
    EXPECT_EQ(tree.FindLargeRun(512), nullptr);
  }
  EXPECT_EQ(tree.FindLargeRun(512), pages);
  Erase(tree, 700, 701);
  Put(tree, 700);
  EXPECT_EQ(tree.FindLargeRun(512) == pages, tree.Find(700).page == &pages[188]);
  Erase(tree, 700, 702);
  EXPECT_EQ(tree.FindLargeRun(512), nullptr);
}

TEST_F(PageTreeTest, AttributionOfTreesOfDifferentHeightIsDivided) {
  PageTree small;
  Put(small, 3);
  PageTree large;
  ASSERT_TRUE(large.CloneFrom(small, 0, 1 << 20).ok());
  Put(large, 1 << 19);
  PageTree third;
  ASSERT_TRUE(third.CloneFrom(large, 0, 64).ok());
  for (const PageTree* tree : {&small, &third}) {
    EXPECT_EQ(tree->GetAttribution().scaled_bytes, kPageSize / 3);
    EXPECT_EQ(tree->GetAttribution().private_pages, 0u);
  }
  EXPECT_EQ(large.GetAttribution().scaled_bytes, kPageSize + kPageSize / 3);
  EXPECT_EQ(large.GetAttribution().scaled_fraction, Attribution::kOneByte / 3);
  EXPECT_EQ(large.GetAttribution().pages, 2u);
  EXPECT_EQ(large.GetAttribution().private_pages, 1u);
}

TEST_F(PageTreeTest, FailedInsertLeavesNoTrace) {
  PageTree tree;
  Put(tree, 1);
  PageTree copy;
  ASSERT_TRUE(copy.CloneFrom(tree, 0, 64).ok());
  const size_t nodes = PageTree::live_nodes();
  for (uint64_t n = 1;; ++n) {
    Page* page = AllocateObjectPage(PageIndex{1} << 30);
    torture::FailAllocation(n);
    const Result<> inserted = copy.Insert(PageIndex{1} << 30, page);
    torture::FailAllocation(0);
    if (inserted.ok()) {
      EXPECT_GT(n, 5u);
      break;
    }
    FreePage(page);
    EXPECT_EQ(copy.page_count(), 1u);
    EXPECT_EQ(copy.FindNextPage(2).index, PageTree::kNoPage);
    EXPECT_LE(PageTree::live_nodes(), nodes + 6);  // higher roots may stay
  }
  EXPECT_EQ(tree.page_count(), 1u);
}

// Several trees that copy each other, against maps; every so often an allocation fails.
class SharedTrees {
 public:
  static constexpr PageIndex kSpan = 20000;  // three levels
  explicit SharedTrees(uint64_t seed) : random_(seed) {}
  ~SharedTrees() { torture::FailEveryAllocation(0); }

  void Step() {
    const size_t i = random_() % trees_.size();
    torture::FailEveryAllocation(random_() % 8 == 0 ? 1 + random_() % 4 : 0);
    switch (random_() % 8) {
      case 0:
        return Clone(i);
      case 1:
        return Clear(i, random_() % 2 == 0 ? Content::kAbsent : Content::kZero);
      case 2:
        return random_() % 4 == 0 ? Close(i) : void();
      default:
        return Write(i, RandomIndex());
    }
  }

  void Check() {
    torture::FailEveryAllocation(0);
    std::map<Page*, uint64_t> sharers;
    for (const Tree& each : trees_) {
      for (const auto& [index, page] : each.model) {
        sharers[page] += page != nullptr ? 1 : 0;
      }
    }
    for (const Tree& each : trees_) {
      CheckTree(each, sharers);
    }
  }

 private:
  struct Tree {
    std::unique_ptr<PageTree> tree = std::make_unique<PageTree>();
    std::map<PageIndex, Page*> model;  // null: zero
  };

  PageIndex RandomIndex() { return random_() % (random_() % 2 == 0 ? 200 : kSpan); }

  void Write(size_t i, PageIndex index) {
    Tree& each = trees_[i];
    const PageTree::Slot slot = each.tree->Find(index);
    if (slot.exclusive) {
      return;
    }
    Page* page = AllocateObjectPage(index);
    if (page == nullptr) {
      return;
    }
    const Result<> done = slot.page != nullptr ? each.tree->Replace(index, page) : each.tree->Insert(index, page);
    if (done.ok()) {
      each.model[index] = page;
    } else {
      FreePage(page);
    }
  }

  void Clear(size_t i, Content leave) {
    Tree& each = trees_[i];
    const PageIndex first = RandomIndex();
    const PageIndex end = first + random_() % (random_() % 2 == 0 ? 100 : 5000);
    if (!each.tree->PrepareClear(first, end, leave).ok()) {
      return;
    }
    each.tree->Clear(first, end, leave);
    each.model.erase(each.model.lower_bound(first), each.model.lower_bound(end));
    for (PageIndex index = first; leave == Content::kZero && index < end; ++index) {
      each.model[index] = nullptr;
    }
  }

  void Clone(size_t i) {
    const PageIndex first = random_() % 2 == 0 ? 0 : RandomIndex();
    const PageIndex end = random_() % 2 == 0 ? kSpan * 2 : first + RandomIndex();
    Tree copy;
    if (trees_.size() >= 7 || !copy.tree->CloneFrom(*trees_[i].tree, first, end).ok()) {
      return;
    }
    copy.model = {trees_[i].model.lower_bound(first), trees_[i].model.lower_bound(Max(first, end))};
    trees_.push_back(std::move(copy));
  }

  static PageIndex Max(PageIndex a, PageIndex b) { return a > b ? a : b; }

  void Close(size_t i) {
    if (trees_.size() > 1) {
      trees_.erase(trees_.begin() + static_cast<ptrdiff_t>(i));
    }
  }

  void CheckTree(const Tree& each, std::map<Page*, uint64_t>& sharers) {
    Attribution expected;
    std::array<uint64_t, 8> pages{};
    PageIndex from = 0;
    for (const auto& [index, page] : each.model) {
      const PageTree::Entry entry = each.tree->FindNextNonAbsent(from);
      ASSERT_EQ(entry.index, index);
      ASSERT_EQ(entry.page, page);
      const PageTree::Slot slot = each.tree->Find(index);
      ASSERT_EQ(slot.page, page);
      ASSERT_EQ(slot.exclusive, page != nullptr && sharers[page] == 1);
      pages[page != nullptr ? sharers[page] : 0] += 1;
      from = index + 1;
    }
    ASSERT_EQ(each.tree->FindNextNonAbsent(from).index, PageTree::kNoPage);
    for (uint64_t n = 1; n < pages.size(); ++n) {
      expected.Add(pages[n], n);
    }
    CheckCosts(each, expected);
    CheckProbe(each, RandomIndex());
  }

  static void CheckCosts(const Tree& each, const Attribution& expected) {
    const Attribution found = each.tree->GetAttribution();
    ASSERT_EQ(found.pages, expected.pages);
    ASSERT_EQ(found.private_pages, expected.private_pages);
    const uint64_t all = found.scaled_bytes + (found.scaled_fraction > Attribution::kOneByte / 2 ? 1 : 0);
    const uint64_t wanted = expected.scaled_bytes + (expected.scaled_fraction > Attribution::kOneByte / 2 ? 1 : 0);
    ASSERT_EQ(all, wanted);
    ASSERT_EQ(each.tree->page_count(), expected.pages);
  }

  static void CheckProbe(const Tree& each, PageIndex probe) {
    PageIndex absent = probe;
    while (each.model.contains(absent)) {
      ++absent;
    }
    ASSERT_EQ(each.tree->FindAbsent(probe), absent);
    std::array<PresentPage, 150> peeked;
    each.tree->Peek(probe, peeked);
    for (size_t i = 0; i < peeked.size(); ++i) {
      const PageTree::Slot slot = each.tree->Find(probe + i);
      ASSERT_EQ(bool{peeked[i]}, slot.page != nullptr);
      ASSERT_EQ(peeked[i].writable, slot.exclusive);
      ASSERT_EQ(peeked[i].address, slot.page != nullptr ? slot.page->physical_address() : arch::kNoFrame);
    }
  }

  std::mt19937_64 random_;
  std::vector<Tree> trees_{1};
};

TEST_F(PageTreeTest, AgreesWithMapsUnderRandomSharing) {
  for (uint64_t seed = 1; seed <= 5; ++seed) {
    SCOPED_TRACE(seed);
    SharedTrees trees(seed);
    for (int i = 0; i < 4000; ++i) {
      trees.Step();
      if (i % 40 == 0) {
        trees.Check();
      }
      ASSERT_FALSE(HasFatalFailure());
    }
  }
}

}  // namespace
}  // namespace gk
