#include "tests/guest/kernel/vm/snapshot_fixture.h"

#include <algorithm>
#include <array>

#include "guest/kernel/vm/api_policy.h"
#include "guest/kernel/vm/torture.h"

namespace gk {
namespace {

using Values = std::vector<int>;

TEST_F(SnapshotTest, WritesOnEitherSideStayThere) {
  RefPtr<Vmo> parent = Tagged(2);
  const RefPtr<Vmo> clone = Clone(*parent, 0, 2);
  Put(*clone, 0, 7);
  EXPECT_EQ(All(*parent), (Values{1, 2}));
  Put(*parent, 1, 8);
  EXPECT_EQ(All(*clone), (Values{7, 2}));
  parent.reset();
  EXPECT_EQ(All(*clone), (Values{7, 2}));
}

TEST_F(SnapshotTest, StoresThroughEitherMappingStayThere) {
  const RefPtr<AddressSpace> space = MakeSpace();
  const RefPtr<Vmo> parent = MakeVmo(1);
  const VirtualAddress of_parent = MapAll(*space, parent, kMapReadWrite);
  ASSERT_EQ(Store(*space, of_parent, 1), ZX_OK);
  const RefPtr<Vmo> clone = Clone(*parent, 0, 1);
  const VirtualAddress of_clone = MapAll(*space, clone, kMapReadWrite);
  EXPECT_EQ(Load(*space, of_clone), 1);
  // The parent's entry was writable before there was a clone.
  ASSERT_EQ(Store(*space, of_parent, 2), ZX_OK);
  EXPECT_EQ(Load(*space, of_clone), 1);
  ASSERT_EQ(Store(*space, of_clone, 3), ZX_OK);
  EXPECT_EQ(Load(*space, of_parent), 2);
  EXPECT_EQ(Get(*clone, 0), 3);
  // Nobody shares the page any more: no store of the clone's reaches the parent, and none costs anything.
  EXPECT_COST(parent, 1);
  EXPECT_COST(clone, 1);
}

TEST_F(SnapshotTest, SharedPagesAreDividedAndTheLastOneTakesThemOver) {
  const RefPtr<Vmo> vmo = Tagged(2);
  EXPECT_COST(vmo, 2);
  const RefPtr<Vmo> clone = Clone(*vmo, 0, 2);
  EXPECT_COST(vmo, 1);
  EXPECT_COST(clone, 1);
  Put(*vmo, 0, 7);
  EXPECT_COST(vmo, 1.5);
  EXPECT_COST(clone, 1.5);
  Put(*clone, 1, 7);
  const uint64_t used = Used();
  EXPECT_COST(vmo, 2);
  EXPECT_COST(clone, 2);
  Put(*vmo, 1, 8);
  Put(*clone, 0, 8);
  EXPECT_EQ(Used(), used);
}

TEST_F(SnapshotTest, CopyOfNothingCostsOnePageWhereItIsWritten) {
  const RefPtr<Vmo> v0 = MakeVmo(1);
  const RefPtr<Vmo> v1 = Clone(*v0, 0, 1);
  const RefPtr<Vmo> v2 = Clone(*v0, 0, 1);
  const RefPtr<Vmo> v3 = Clone(*v1, 0, 1);
  const std::array<Vmo*, 4> all{v0.get(), v1.get(), v2.get(), v3.get()};
  for (size_t written = 0; written < all.size(); ++written) {
    Put(*all[written], 0, static_cast<uint8_t>(written + 1));
    for (size_t i = 0; i < all.size(); ++i) {
      EXPECT_EQ(Get(*all[i], 0), i <= written ? static_cast<int>(i + 1) : 0);
      EXPECT_COST(all[i], i <= written ? 1 : 0);
    }
  }
}

TEST_F(SnapshotTest, ClosingInAnyOrderLeavesTheOthersAlone) {
  RefPtr<Vmo> vmo = Tagged(1);
  RefPtr<Vmo> clone1 = Clone(*vmo, 0, 1);
  const RefPtr<Vmo> clone2 = Clone(*clone1, 0, 1);
  Put(*clone1, 0, 3);
  Put(*clone2, 0, 4);
  vmo.reset();
  EXPECT_EQ(Get(*clone1, 0), 3);
  EXPECT_COST(clone1, 1);
  clone1.reset();
  EXPECT_EQ(Get(*clone2, 0), 4);
  EXPECT_COST(clone2, 1);
}

TEST_F(SnapshotTest, WindowMayOverhangTheParent) {
  RefPtr<Vmo> vmo = Tagged(3);
  const RefPtr<Vmo> clone = Clone(*vmo, 1, 3);
  EXPECT_EQ(All(*clone), (Values{2, 3, 0}));
  Put(*clone, 1, 4);
  EXPECT_COST(vmo, 2.5);
  EXPECT_COST(clone, 1.5);
  vmo.reset();
  EXPECT_EQ(All(*clone), (Values{2, 4, 0}));
  EXPECT_COST(clone, 2);
}

TEST_F(SnapshotTest, ClonesOfAClonePayForWhatTheySee) {
  const RefPtr<Vmo> vmo = Tagged(4);
  RefPtr<Vmo> offset = Clone(*vmo, 1, 3);
  RefPtr<Vmo> c1 = Clone(*offset, 0, 2);
  RefPtr<Vmo> c2 = Clone(*offset, 2, 1);
  EXPECT_EQ(All(*c1), (Values{2, 3}));
  EXPECT_EQ(All(*c2), (Values{4}));
  Put(*offset, 1, 9);
  offset.reset();
  EXPECT_EQ(All(*c1), (Values{2, 3}));
  EXPECT_EQ(All(*c2), (Values{4}));
  EXPECT_COST(vmo, 2.5);
  EXPECT_COST(c1, 1);
  EXPECT_COST(c2, 0.5);
  c1.reset();
  EXPECT_COST(vmo, 3.5);
  c2.reset();
  EXPECT_COST(vmo, 4);
}

TEST_F(SnapshotTest, WriteThatNobodyElseSeesAllocatesNothing) {
  RefPtr<Vmo> vmo = Tagged(2);
  const RefPtr<Vmo> clone = Clone(*vmo, 1, 2);
  Put(*clone, 0, 3);
  EXPECT_EQ(All(*vmo), (Values{1, 2}));
  RefPtr<Vmo> clone2 = Clone(*clone, 1, 1);
  Put(*clone, 0, 4);
  EXPECT_COST(vmo, 2);
  EXPECT_COST(clone, 1);
  EXPECT_COST(clone2, 0);
  vmo.reset();
  EXPECT_EQ(Get(*clone, 0), 4);
  clone2.reset();
  EXPECT_EQ(Get(*clone, 0), 4);
  EXPECT_COST(clone, 1);
}

TEST_F(SnapshotTest, WindowWhollyOutsideTheParentIsZeroes) {
  const RefPtr<Vmo> vmo = Tagged(1);
  const RefPtr<Vmo> clone = Clone(*vmo, 2, 2);
  EXPECT_EQ(All(*clone), (Values{0, 0}));
  Put(*clone, 1, 2);
  const RefPtr<Vmo> clone2 = Clone(*clone, 0, 3);
  EXPECT_EQ(All(*clone2), (Values{0, 2, 0}));
  Put(*clone2, 2, 3);
  EXPECT_COST(vmo, 1);
  EXPECT_COST(clone, 0.5);
  EXPECT_COST(clone2, 1.5);
}

TEST_F(SnapshotTest, PagesOutsideTheWindowAreNotShared) {
  RefPtr<Vmo> vmo = Tagged(3);
  const RefPtr<Vmo> clone = Clone(*vmo, 1, 1);
  const uint64_t used = Used();
  Put(*vmo, 0, 9);
  Put(*vmo, 2, 9);
  EXPECT_EQ(Used(), used);
  EXPECT_COST(vmo, 2.5);
  EXPECT_COST(clone, 0.5);
  vmo.reset();
  EXPECT_EQ(Get(*clone, 0), 2);
  EXPECT_COST(clone, 1);
}

TEST_F(SnapshotTest, GrandchildDoesNotSeePastItsParent) {
  const RefPtr<Vmo> vmo = Tagged(3);
  const RefPtr<Vmo> clone = Clone(*vmo, 1, 1);
  EXPECT_EQ(All(*Clone(*clone, 0, 2)), (Values{2, 0}));
}

TEST_F(SnapshotTest, SiblingsOfDifferentWindowsShareExactly) {
  RefPtr<Vmo> vmo = Tagged(3);
  const RefPtr<Vmo> clone = Clone(*vmo, 1, 2);
  Put(*clone, 1, 4);
  const RefPtr<Vmo> clone2 = Clone(*vmo, 0, 1);
  EXPECT_COST(vmo, 2);
  EXPECT_COST(clone, 1.5);
  EXPECT_COST(clone2, 0.5);
  vmo.reset();
  EXPECT_COST(clone, 2);
  EXPECT_COST(clone2, 1);
}

TEST_F(SnapshotTest, DisjointClonesOutliveTheTreeAboveThem) {
  for (const bool close_first : {true, false}) {
    RefPtr<Vmo> vmo = Tagged(4);
    RefPtr<Vmo> middle = Clone(*vmo, 1, 2);
    const std::array<RefPtr<Vmo>, 4> leaves{Clone(*vmo, 0, 1), Clone(*middle, 0, 1), Clone(*middle, 1, 1),
                                            Clone(*vmo, 3, 1)};
    const auto close = [&] {
      vmo.reset();
      middle.reset();
    };
    if (close_first) {
      close();
    }
    for (size_t i = 0; i < leaves.size(); ++i) {
      EXPECT_EQ(Get(*leaves[i], 0), static_cast<int>(i + 1));
      Put(*leaves[i], 0, static_cast<uint8_t>(i + 5));
    }
    close();
    for (size_t i = 0; i < leaves.size(); ++i) {
      EXPECT_EQ(Get(*leaves[i], 0), static_cast<int>(i + 5));
      EXPECT_COST(leaves[i], 1);
    }
  }
}

TEST_F(SnapshotTest, DisjointClonesMayGoOneByOne) {
  const RefPtr<Vmo> vmo = Tagged(6);
  RefPtr<Vmo> middle = Clone(*vmo, 1, 5);
  Put(*middle, 3, 9);
  RefPtr<Vmo> first = Clone(*middle, 1, 4);
  RefPtr<Vmo> second = Clone(*middle, 4, 1);
  RefPtr<Vmo> third = Clone(*middle, 2, 1);
  RefPtr<Vmo> fourth = Clone(*middle, 10, 1);
  for (RefPtr<Vmo>* each : {&middle, &first, &third, &fourth, &second}) {
    each->reset();
  }
  const RefPtr<Vmo> last = Clone(*vmo, 0, 6);
  EXPECT_EQ(All(*last), (Values{1, 2, 3, 4, 5, 6}));
  Put(*vmo, 4, 8);
  EXPECT_EQ(All(*vmo), (Values{1, 2, 3, 4, 8, 6}));
  EXPECT_EQ(All(*last), (Values{1, 2, 3, 4, 5, 6}));
}

TEST_F(SnapshotTest, ShrinkingTheCloneCutsItOffForEver) {
  RefPtr<Vmo> vmo = Tagged(4);
  const RefPtr<Vmo> clone = Clone(*vmo, 0, 4, Resizability::kResizable);
  Put(*vmo, 1, 5);
  Put(*clone, 2, 5);
  EXPECT_COST(vmo, 3);
  EXPECT_COST(clone, 3);
  ASSERT_TRUE(clone->Resize(kPageSize).ok());
  EXPECT_EQ(All(*vmo), (Values{1, 5, 3, 4}));
  EXPECT_EQ(All(*clone), (Values{1}));
  EXPECT_COST(vmo, 3.5);
  EXPECT_COST(clone, 0.5);
  ASSERT_TRUE(clone->Resize(2 * kPageSize).ok());
  EXPECT_EQ(Get(*clone, 1), 0);
  Put(*vmo, 3, 6);
  EXPECT_COST(vmo, 3.5);
  EXPECT_COST(clone, 0.5);
  vmo.reset();
  EXPECT_EQ(Get(*clone, 0), 1);
  EXPECT_COST(clone, 1);
}

TEST_F(SnapshotTest, ShrinkingTheOriginalLeavesThePagesToTheClone) {
  const RefPtr<Vmo> vmo = Tagged(4);
  RefPtr<Vmo> clone = Clone(*vmo, 0, 4);
  Put(*vmo, 1, 5);
  Put(*clone, 2, 5);
  ASSERT_TRUE(vmo->Resize(kPageSize).ok());
  EXPECT_EQ(All(*clone), (Values{1, 2, 5, 4}));
  EXPECT_COST(vmo, 0.5);
  EXPECT_COST(clone, 3.5);
  ASSERT_TRUE(vmo->Resize(2 * kPageSize).ok());
  EXPECT_EQ(Get(*vmo, 1), 0);
  Put(*clone, 3, 6);
  EXPECT_COST(vmo, 0.5);
  EXPECT_COST(clone, 3.5);
  clone.reset();
  EXPECT_EQ(Get(*vmo, 0), 1);
  EXPECT_COST(vmo, 1);
}

TEST_F(SnapshotTest, CloneKeepsItsPageWhenTheParentBecomesEmpty) {
  const RefPtr<Vmo> vmo = Tagged(3);
  const RefPtr<Vmo> clone = Clone(*vmo, 1, 1);
  ASSERT_TRUE(vmo->Resize(0).ok());
  EXPECT_EQ(Get(*clone, 0), 2);
  EXPECT_COST(vmo, 0);
  EXPECT_COST(clone, 1);
}

TEST_F(SnapshotTest, SeveralShrinkOneAfterTheOther) {
  const RefPtr<Vmo> vmo = Tagged(3);
  const RefPtr<Vmo> clone = Clone(*vmo, 0, 2, Resizability::kResizable);
  Put(*vmo, 0, 4);
  Put(*clone, 1, 5);
  const RefPtr<Vmo> clone2 = Clone(*vmo, 0, 1);
  ASSERT_TRUE(clone->Resize(0).ok());
  EXPECT_EQ(All(*vmo), (Values{4, 2, 3}));
  EXPECT_EQ(Get(*clone2, 0), 4);
  EXPECT_COST(vmo, 2.5);
  EXPECT_COST(clone, 0);
  EXPECT_COST(clone2, 0.5);
  ASSERT_TRUE(vmo->Resize(0).ok());
  EXPECT_EQ(Get(*clone2, 0), 4);
  EXPECT_COST(vmo, 0);
  EXPECT_COST(clone2, 1);
}

TEST_F(SnapshotTest, RegrownPartDoesNotShowWhatASiblingKeeps) {
  const RefPtr<Vmo> vmo = Tagged(4);
  const RefPtr<Vmo> middle = Clone(*vmo, 0, 4);
  const RefPtr<Vmo> sibling = Clone(*vmo, 2, 1, Resizability::kResizable);
  ASSERT_TRUE(vmo->Resize(kPageSize).ok());
  ASSERT_TRUE(vmo->Resize(4 * kPageSize).ok());
  EXPECT_EQ(All(*vmo), (Values{1, 0, 0, 0}));
  for (uint64_t page = 1; page < 4; ++page) {
    Put(*vmo, page, 9);
  }
  EXPECT_EQ(All(*middle), (Values{1, 2, 3, 4}));
}

TEST_F(SnapshotTest, StoresInAllOrdersReachOnlyTheirObject) {
  std::array<int, 4> order{0, 1, 2, 3};
  do {
    const RefPtr<AddressSpace> space = MakeSpace();
    const RefPtr<Vmo> v0 = Tagged(1);
    const RefPtr<Vmo> v1 = Clone(*v0, 0, 1);
    const RefPtr<Vmo> v2 = Clone(*v0, 0, 1);
    const RefPtr<Vmo> v3 = Clone(*v1, 0, 1);
    std::array<VirtualAddress, 4> at{};
    std::array<int, 4> expected{1, 1, 1, 1};
    const std::array<RefPtr<Vmo>, 4> all{v0, v1, v2, v3};
    for (size_t i = 0; i < 4; ++i) {
      at[i] = MapAll(*space, all[i], kMapReadWrite);
      EXPECT_EQ(Load(*space, at[i]), 1);
    }
    for (const int stored : order) {
      ASSERT_EQ(Store(*space, at[static_cast<size_t>(stored)], static_cast<uint8_t>(10 + stored)), ZX_OK);
      expected[static_cast<size_t>(stored)] = 10 + stored;
      for (size_t i = 0; i < 4; ++i) {
        EXPECT_EQ(Load(*space, at[i]), expected[i]);
      }
    }
  } while (std::next_permutation(order.begin(), order.end()));
}

TEST_F(SnapshotTest, MappingsFollowWritesToTheirOwnObject) {
  const RefPtr<AddressSpace> space = MakeSpace();
  const RefPtr<Vmo> v0 = MakeVmo(2);
  Put(*v0, 0, 1);
  const RefPtr<Vmo> v1 = Clone(*v0, 0, 2);
  const RefPtr<Vmo> v2 = Clone(*v0, 1, 1);
  const RefPtr<Vmo> v3 = Clone(*v0, 0, 2);
  const VirtualAddress a0 = MapAll(*space, v0, kMapReadWrite);
  const VirtualAddress a1 = MapAll(*space, v1, kMapReadWrite);
  const VirtualAddress a3 = MapAll(*space, v3, kMapReadWrite);
  for (const VirtualAddress address : {a0, a1, a3}) {
    EXPECT_EQ(Load(*space, address), 1);
  }
  Put(*v3, 0, 2);
  Put(*v1, 0, 3);
  EXPECT_EQ(Load(*space, a1), 3);
  EXPECT_EQ(Load(*space, a3), 2);
  EXPECT_EQ(Load(*space, a0), 1);
  EXPECT_COST(v0, 1);
  EXPECT_COST(v1, 1);
  EXPECT_COST(v2, 0);
  EXPECT_COST(v3, 1);
}

TEST_F(SnapshotTest, MappingAheadForReadingMakesNoCopies) {
  const RefPtr<AddressSpace> space = MakeSpace();
  const RefPtr<Vmo> vmo = Tagged(5);
  const RefPtr<Vmo> clone = Clone(*vmo, 0, 5);
  const uint64_t shared = clone->GetAttribution().private_pages;
  const VirtualAddress address = MapAll(*space, clone, kMapRead | ZX_VM_MAP_RANGE);
  EXPECT_TRUE(IsEntered(*space, address + 4 * kPageSize));
  EXPECT_EQ(shared, 0u);
  EXPECT_EQ(clone->GetAttribution().private_pages, 0u);
  EXPECT_COST(vmo, 2.5);
}

TEST_F(SnapshotTest, CommitMakesOwnPagesEvenOfZeroes) {
  const RefPtr<Vmo> vmo = MakeVmo(5);
  const RefPtr<Vmo> clone = Clone(*vmo, 0, 5);
  ASSERT_TRUE(vmo->Commit(kPageSize, 2 * kPageSize).ok());
  ASSERT_TRUE(clone->Commit(0, 5 * kPageSize).ok());
  EXPECT_COST(vmo, 2);
  EXPECT_COST(clone, 5);
}

TEST_F(SnapshotTest, OffsetsThatCannotBeSaidAreRefused) {
  const RefPtr<Vmo> vmo = Tagged(1);
  constexpr uint64_t kFar = 0xffff'ffff'ffff'8000;
  const auto at = [](Vmo& parent, uint64_t offset, uint64_t size) {
    return parent.CreateChild(ChildKind::kSnapshot, offset, size, Resizability::kResizable);
  };
  const Result<RefPtr<Vmo>> far = at(*vmo, kFar, 3 * kPageSize);
  ASSERT_TRUE(far.ok());
  EXPECT_EQ(Get(**far, 0), 0);
  EXPECT_EQ(ValueOf(at(*vmo, kFar, 8 * kPageSize)), ZX_ERR_OUT_OF_RANGE);
  api_policy = ApiPolicy::kZircon;
  EXPECT_EQ(ValueOf(at(*vmo, kFar, 8 * kPageSize)), ZX_ERR_INVALID_ARGS);
  api_policy = ApiPolicy::kDocumented;
  // The same, counted from the first original.
  EXPECT_EQ(ValueOf(at(**far, 7 * kPageSize, kPageSize)), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(ValueOf(at(**far, kFar, kPageSize)), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(ValueOf((*far)->Resize(8 * kPageSize)), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ((*far)->size(), 3 * kPageSize);
  EXPECT_TRUE((*far)->Resize(7 * kPageSize).ok());
  EXPECT_EQ(ValueOf(at(*vmo, 0, UINT64_MAX)), ZX_ERR_OUT_OF_RANGE);
  EXPECT_EQ(ValueOf(at(*vmo, 1, kPageSize)), ZX_ERR_INVALID_ARGS);
}

TEST_F(SnapshotTest, DecommitIsForThoseWhoShareNothing) {
  const RefPtr<Vmo> vmo = Tagged(2);
  RefPtr<Vmo> clone = Clone(*vmo, 0, 2);
  EXPECT_EQ(ValueOf(vmo->Decommit(0, kPageSize)), ZX_ERR_NOT_SUPPORTED);
  EXPECT_EQ(ValueOf(clone->Decommit(0, kPageSize)), ZX_ERR_NOT_SUPPORTED);
  clone.reset();
  EXPECT_EQ(ValueOf(vmo->Decommit(0, kPageSize)), ZX_OK);
  EXPECT_EQ(All(*vmo), (Values{0, 2}));
  clone = Clone(*MakeVmo(1), 0, 1);
  EXPECT_EQ(ValueOf(clone->Decommit(0, kPageSize)), ZX_ERR_NOT_SUPPORTED);
}

TEST_F(SnapshotTest, PinnedDiscardableContiguousAndUncachedObjectsHaveNone) {
  const RefPtr<Vmo> pinned = Tagged(1);
  ASSERT_TRUE(pinned->content().Pin(0, PinAccess::kWrite).ok());
  EXPECT_EQ(ValueOf(TryClone(*pinned, 0, 1)), ZX_ERR_BAD_STATE);
  EXPECT_EQ(ValueOf(pinned->Resize(0)), ZX_ERR_BAD_STATE);
  EXPECT_EQ(ValueOf(pinned->Decommit(0, kPageSize)), ZX_ERR_BAD_STATE);
  EXPECT_EQ(Zero(*pinned, 0, 1), ZX_OK);  // in place
  EXPECT_EQ(pinned->committed_pages(), 1u);
  EXPECT_EQ(Get(*pinned, 0), 0);
  pinned->content().Unpin(0, PinAccess::kWrite);
  EXPECT_TRUE(TryClone(*pinned, 0, 1).ok());

  const RefPtr<Vmo> discardable = Vmo::CreateDiscardable(kPageSize, Resizability::kFixed).value();
  for (const ChildKind kind :
       {ChildKind::kSnapshot, ChildKind::kSnapshotAtLeastOnWrite, ChildKind::kSnapshotModified, ChildKind::kSlice}) {
    EXPECT_EQ(ValueOf(TryClone(*discardable, 0, 1, Resizability::kFixed, kind)), ZX_ERR_NOT_SUPPORTED);
  }
  const RefPtr<Vmo> contiguous = Vmo::CreateContiguous(2 * kPageSize, kPageSize).value();
  EXPECT_EQ(ValueOf(TryClone(*contiguous, 0, 1)), ZX_ERR_INVALID_ARGS);
  EXPECT_TRUE(TryClone(*contiguous, 0, 1, Resizability::kFixed, ChildKind::kSlice).ok());
  const RefPtr<Vmo> uncached = MakeVmo(1);
  ASSERT_TRUE(uncached->SetCachePolicy(ZX_CACHE_POLICY_UNCACHED).ok());
  EXPECT_EQ(ValueOf(TryClone(*uncached, 0, 1)), ZX_ERR_BAD_STATE);
}

TEST_F(SnapshotTest, AnyFailedAllocationLeavesBothSidesAsTheyWere) {
  const RefPtr<Vmo> vmo = Tagged(200);
  for (uint64_t n = 1;; ++n) {
    const uint64_t used = Used();
    const size_t nodes = PageTree::live_nodes();
    torture::FailAllocation(n);
    Result<RefPtr<Vmo>> clone = TryClone(*vmo, 10, 100);
    torture::FailAllocation(0);
    if (clone.ok()) {
      EXPECT_GT(n, 4u);
      EXPECT_EQ(Get(**clone, 99), 110);
      break;
    }
    EXPECT_EQ(ValueOf(clone), ZX_ERR_NO_MEMORY);
    EXPECT_EQ(Used(), used);
    EXPECT_EQ(PageTree::live_nodes(), nodes);
    EXPECT_EQ(vmo->child_count(), 0u);
  }
  EXPECT_EQ(Get(*vmo, 109), 110);
}

TEST_F(SnapshotTest, CostOfAWriteDoesNotDependOnDeadAncestors) {
  RefPtr<Vmo> vmo = Tagged(3);
  for (int i = 0; i < 1000; ++i) {
    vmo = Clone(*vmo, 0, 3);
  }
  EXPECT_EQ(All(*vmo), (Values{1, 2, 3}));
  EXPECT_EQ(PageTree::live_nodes(), 1u);
  EXPECT_COST(vmo, 3);
  const uint64_t used = Used();
  Put(*vmo, 1, 9);
  EXPECT_EQ(Used(), used);
}

TEST_F(SnapshotTest, SnapshotOfAFullGibibyteTakesNoNode) {
  constexpr uint64_t kPages = (uint64_t{1} << 30) / kPageSize;
  const RefPtr<Vmo> vmo = MakeVmo(kPages);
  for (uint64_t page = 0; page < kPages; page += 97) {
    Put(*vmo, page, 1);
  }
  const size_t nodes = PageTree::live_nodes();
  const RefPtr<Vmo> clone = Clone(*vmo, 0, kPages);
  EXPECT_EQ(PageTree::live_nodes(), nodes);
  EXPECT_EQ(clone->committed_pages(), vmo->committed_pages());
}

TEST_F(SnapshotTest, ThousandDeepChainOfLivingClonesEnds) {
  std::vector<RefPtr<Vmo>> chain{Tagged(1)};
  for (int i = 0; i < 1000; ++i) {
    chain.push_back(Clone(*chain.back(), 0, 1));
  }
  EXPECT_NEAR(Cost(*chain[500]), 1.0 / 1001, 1e-9);
  EXPECT_EQ(Get(*chain.back(), 0), 1);
  chain.clear();
  EXPECT_EQ(PageTree::live_nodes(), 0u);
}

TEST_F(SnapshotTest, SnapshotOfASliceOfASnapshotWorks) {
  const RefPtr<Vmo> vmo = Tagged(1);
  const RefPtr<Vmo> child = Clone(*vmo, 0, 1);
  const RefPtr<Vmo> slice = Slice(*child, 0, 1);
  const RefPtr<Vmo> last = Clone(*slice, 0, 1);
  Put(*last, 0, 9);
  EXPECT_EQ(Get(*slice, 0), 1);
  EXPECT_EQ(Get(*vmo, 0), 1);
}

TEST_F(SnapshotTest, WindowsOfWindowsSurviveTheirParents) {
  RefPtr<Vmo> root = Tagged(3);
  RefPtr<Vmo> middle = Clone(*root, 1, 2);
  RefPtr<Vmo> c = Clone(*middle, 0, 1);
  RefPtr<Vmo> sibling = Clone(*root, 2, 1);
  root.reset();
  const RefPtr<Vmo> h = Clone(*middle, 1, 1);
  middle.reset();
  const RefPtr<Vmo> last = Clone(*h, 0, 1);
  c.reset();
  EXPECT_EQ(Get(*last, 0), 3);
  EXPECT_EQ(Get(*sibling, 0), 3);
}

}  // namespace
}  // namespace gk
