// Operations on the memory that is mapped in a range of addresses.
#include <gtest/gtest.h>

#include "guest/kernel/vm/api_policy.h"
#include "tests/guest/kernel/vm/vm_fixture.h"
#include "tests/support/fake_arch/fibers.h"

namespace gk {
namespace {

constexpr zx_vm_option_t kCanMapAll =
    ZX_VM_CAN_MAP_READ | ZX_VM_CAN_MAP_WRITE | ZX_VM_CAN_MAP_EXECUTE | ZX_VM_CAN_MAP_SPECIFIC;
constexpr Access kAll{.read = true, .write = true, .execute = true};

class VmarOpRangeTest : public VmTest {
 protected:
  VmarOpRangeTest() : space_(MakeSpace()), root_(space_->root()), vmo_(MakeVmo(8)), region_(MakeRegion(root_, 20)) {}
  ~VmarOpRangeTest() override { api_policy = ApiPolicy::kDocumented; }

  static RefPtr<Vmar> MakeRegion(Vmar& parent, uint64_t pages) {
    return parent.Allocate({.size = pages * kPageSize, .options = kCanMapAll}).value();
  }
  static RefPtr<Vmar> MakeRegionAt(Vmar& parent, uint64_t page, uint64_t pages) {
    return parent
        .Allocate({.offset = page * kPageSize, .size = pages * kPageSize, .options = kCanMapAll | ZX_VM_SPECIFIC})
        .value();
  }
  // Pages [page, page + pages) of `vmar` show the object from `vmo_page` on.
  void MapAt(Vmar& vmar, uint64_t page, uint64_t pages, uint64_t vmo_page, zx_vm_option_t options = kMapReadWrite,
             Access rights = kAll) {
    const MapRequest request{.vmo = vmo_,
                             .vmo_offset = vmo_page * kPageSize,
                             .length = pages * kPageSize,
                             .vmar_offset = page * kPageSize,
                             .options = options | ZX_VM_SPECIFIC,
                             .vmo_rights = rights};
    ASSERT_TRUE(vmar.Map(request).ok());
  }
  zx_status_t Do(RangeOp op, uint64_t page, uint64_t pages, bool may_reach_children = true) {
    return ValueOf(region_->OpRange(op, At(page), pages * kPageSize, may_reach_children));
  }
  [[nodiscard]] VirtualAddress At(uint64_t page) const { return region_->base() + page * kPageSize; }

  RefPtr<AddressSpace> space_;
  Vmar& root_;
  RefPtr<Vmo> vmo_;
  RefPtr<Vmar> region_;
};

TEST_F(VmarOpRangeTest, CommitMakesThePagesThatAreMappedAndNoOthers) {
  MapAt(*region_, 0, 4, 2);
  EXPECT_EQ(Do(RangeOp::kCommit, 1, 2), ZX_OK);
  EXPECT_EQ(vmo_->committed_pages(), 2u);
  EXPECT_EQ(vmo_->FindPresent(0), 3u);
  EXPECT_EQ(Do(RangeOp::kCommit, 0, 4), ZX_OK);
  EXPECT_EQ(vmo_->committed_pages(), 4u);
}

TEST_F(VmarOpRangeTest, DecommitReachesAcrossMappingsAndEveryAlias) {
  MapAt(*region_, 0, 2, 0);
  MapAt(*region_, 2, 1, 3);
  MapAt(*region_, 4, 1, 1, kMapRead);
  for (const uint64_t page : {0u, 1u, 2u}) {
    ASSERT_EQ(Store(*space_, At(page), 5), ZX_OK);
  }
  ASSERT_EQ(Load(*space_, At(4)), 5);
  EXPECT_EQ(Do(RangeOp::kDecommit, 1, 2), ZX_OK);
  EXPECT_EQ(Load(*space_, At(0)), 5);
  EXPECT_EQ(Load(*space_, At(1)), 0);
  EXPECT_EQ(Load(*space_, At(2)), 0);
  EXPECT_EQ(Load(*space_, At(4)), 0);
}

TEST_F(VmarOpRangeTest, HoleIsBadStateAndNothingHappened) {
  MapAt(*region_, 0, 3, 0);
  MapAt(*region_, 4, 1, 4);
  ASSERT_EQ(Store(*space_, At(1), 5), ZX_OK);
  EXPECT_EQ(Do(RangeOp::kDecommit, 1, 3), ZX_ERR_BAD_STATE);
  EXPECT_EQ(Do(RangeOp::kMapRange, 1, 3), ZX_ERR_BAD_STATE);
  EXPECT_EQ(Do(RangeOp::kPrefetch, 3, 1), ZX_ERR_BAD_STATE);
  EXPECT_EQ(Load(*space_, At(1)), 5);
}

TEST_F(VmarOpRangeTest, CeilingOfTheVmoHandleCountsAndNotThePresentPermission) {
  MapAt(*region_, 0, 1, 0, kMapRead);
  MapAt(*region_, 1, 1, 1, kMapRead, kRead);
  MapAt(*region_, 2, 1, 2, ZX_VM_ALLOW_FAULTS);
  EXPECT_EQ(Do(RangeOp::kDecommit, 0, 1), ZX_OK);
  EXPECT_EQ(Do(RangeOp::kCommit, 0, 1), ZX_OK);
  EXPECT_EQ(Do(RangeOp::kPrefetch, 2, 1), ZX_OK);
  EXPECT_EQ(Do(RangeOp::kDecommit, 1, 1), ZX_ERR_ACCESS_DENIED);
  EXPECT_EQ(Do(RangeOp::kCommit, 0, 2), ZX_ERR_ACCESS_DENIED);
  EXPECT_EQ(Do(RangeOp::kZero, 1, 1), ZX_ERR_ACCESS_DENIED);
  EXPECT_EQ(vmo_->committed_pages(), 1u);
}

TEST_F(VmarOpRangeTest, MapRangeEntersWhatIsPresentAndMakesNothing) {
  MapAt(*region_, 0, 4, 0);
  EXPECT_EQ(Do(RangeOp::kMapRange, 0, 4), ZX_OK);
  EXPECT_FALSE(IsEntered(*space_, At(0)));
  ASSERT_TRUE(vmo_->Commit(kPageSize, kPageSize).ok());
  EXPECT_EQ(Do(RangeOp::kMapRange, 0, 4), ZX_OK);
  EXPECT_FALSE(IsEntered(*space_, At(0)));
  EXPECT_TRUE(IsEntered(*space_, At(1)));
  EXPECT_EQ(vmo_->committed_pages(), 1u);
}

TEST_F(VmarOpRangeTest, MapRangeBeyondTheEndOfTheObjectEntersWhatExists) {
  MapAt(*region_, 0, 4, 7);
  ASSERT_TRUE(vmo_->Commit(7 * kPageSize, kPageSize).ok());
  EXPECT_EQ(Do(RangeOp::kMapRange, 0, 4), ZX_OK);
  EXPECT_TRUE(IsEntered(*space_, At(0)));
  EXPECT_EQ(Do(RangeOp::kMapRange, 2, 2), ZX_OK);
  EXPECT_EQ(Touch(*space_, At(1), kRead), ZX_ERR_OUT_OF_RANGE);
  EXPECT_EQ(Do(RangeOp::kCommit, 0, 2), ZX_ERR_OUT_OF_RANGE);
}

TEST_F(VmarOpRangeTest, OnlyMapRangeAndHintsReachIntoRegionsAndOnlyWithTheRight) {
  const RefPtr<Vmar> child = MakeRegionAt(*region_, 2, 4);
  MapAt(*child, 0, 4, 0);
  for (const RangeOp op : {RangeOp::kMapRange, RangeOp::kDontNeed, RangeOp::kAlwaysNeed}) {
    EXPECT_EQ(Do(op, 2, 4), ZX_OK);
    EXPECT_EQ(Do(op, 2, 4, false), ZX_ERR_INVALID_ARGS);
  }
  for (const RangeOp op : {RangeOp::kCommit, RangeOp::kDecommit, RangeOp::kZero, RangeOp::kPrefetch}) {
    EXPECT_EQ(Do(op, 2, 4), ZX_ERR_INVALID_ARGS);
    EXPECT_EQ(Do(op, 2, 4, false), ZX_ERR_INVALID_ARGS);
    EXPECT_EQ(ValueOf(root_.OpRange(op, At(2), kPageSize, true)), ZX_ERR_INVALID_ARGS);
  }
  EXPECT_EQ(ValueOf(child->OpRange(RangeOp::kCommit, At(2), kPageSize, false)), ZX_OK);
}

TEST_F(VmarOpRangeTest, RegionBesideTheRangeDoesNotMatter) {
  MapAt(*region_, 0, 1, 0);
  const RefPtr<Vmar> child = MakeRegionAt(*region_, 1, 1);
  EXPECT_EQ(ValueOf(root_.OpRange(RangeOp::kMapRange, At(0), kPageSize, true)), ZX_OK);
  EXPECT_EQ(Do(RangeOp::kCommit, 0, 1, false), ZX_OK);
}

TEST_F(VmarOpRangeTest, LowestProblemDecides) {
  const RefPtr<Vmar> first = MakeRegionAt(*region_, 1, 8);
  const RefPtr<Vmar> second = MakeRegionAt(*region_, 10, 8);
  MapAt(*first, 0, 5, 0);
  MapAt(*second, 0, 5, 0, kMapRead, kRead);
  EXPECT_EQ(Do(RangeOp::kCommit, 0, 20), ZX_ERR_BAD_STATE) << "a hole, then a region";
  EXPECT_EQ(Do(RangeOp::kCommit, 1, 8), ZX_ERR_INVALID_ARGS) << "a region, in which there is a hole";
  EXPECT_EQ(ValueOf(second->OpRange(RangeOp::kCommit, At(10), 6 * kPageSize, true)), ZX_ERR_ACCESS_DENIED);
  EXPECT_EQ(ValueOf(first->OpRange(RangeOp::kCommit, At(5), 2 * kPageSize, true)), ZX_ERR_BAD_STATE);
  EXPECT_EQ(vmo_->committed_pages(), 0u);
}

TEST_F(VmarOpRangeTest, DepthOfARegionIsPaidOnceAndNotForEachMapping) {
  constexpr uint64_t kPages = 1000;
  const RefPtr<Vmar> outer = MakeRegion(root_, kPages);
  RefPtr<Vmar> inner = outer;
  for (int i = 0; i < 100; ++i) {
    inner = MakeRegion(*inner, kPages);
  }
  for (uint64_t page = 0; page < kPages; ++page) {
    MapAt(*inner, page, 1, page % 2);  // none continues its neighbour
  }
  const uint64_t before = outer->children().visited();
  EXPECT_EQ(ValueOf(outer->OpRange(RangeOp::kMapRange, outer->base(), kPages * kPageSize, true)), ZX_OK);
  EXPECT_EQ(ValueOf(outer->Protect(outer->base(), kPages * kPageSize, ZX_VM_PERM_READ)), ZX_OK);
  EXPECT_LE(outer->children().visited() - before, 20u);
}

TEST_F(VmarOpRangeTest, RangeIsCheckedBeforeWhatIsMapped) {
  MapAt(*region_, 0, 4, 0);
  const auto op = [&](RangeOp which, VirtualAddress address, uint64_t length) {
    return ValueOf(region_->OpRange(which, address, length, true));
  };
  for (const RangeOp which : {RangeOp::kCommit, RangeOp::kDecommit, RangeOp::kMapRange, RangeOp::kPrefetch}) {
    EXPECT_EQ(op(which, At(0), 0), ZX_ERR_INVALID_ARGS);
    EXPECT_EQ(op(which, At(0) + 1, kPageSize), ZX_ERR_INVALID_ARGS);
    EXPECT_EQ(op(which, 0, kPageSize), ZX_ERR_OUT_OF_RANGE);
    EXPECT_EQ(op(which, At(0), 40 * kPageSize), ZX_ERR_OUT_OF_RANGE);
  }
  EXPECT_EQ(op(RangeOp::kCommit, At(0), SIZE_MAX), ZX_ERR_OUT_OF_RANGE);
  EXPECT_EQ(op(RangeOp::kDecommit, At(0), 100), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(vmo_->committed_pages(), 0u);
  EXPECT_EQ(op(RangeOp::kCommit, At(0), kPageSize + 1), ZX_OK);
  EXPECT_EQ(vmo_->committed_pages(), 2u);
  api_policy = ApiPolicy::kZircon;
  EXPECT_EQ(op(RangeOp::kDecommit, At(0), 100), ZX_OK);
  EXPECT_EQ(vmo_->committed_pages(), 1u);
}

TEST_F(VmarOpRangeTest, DestroyedRegionIsBadState) {
  MapAt(*region_, 0, 4, 0);
  const VirtualAddress base = At(0);
  ASSERT_TRUE(region_->Destroy().ok());
  EXPECT_EQ(ValueOf(region_->OpRange(RangeOp::kMapRange, base, kPageSize, true)), ZX_ERR_BAD_STATE);
}

TEST_F(VmarOpRangeTest, WhatGoesWhilePagesAreFetchedIsNoticed) {
  PagedObject object(8);
  const MapRequest request{.vmo = object.vmo, .length = 2 * kPageSize, .options = kMapReadWrite | ZX_VM_SPECIFIC};
  ASSERT_TRUE(region_->Map(request).ok());
  MapAt(*region_, 2, 2, 0);
  zx_status_t status = ZX_ERR_SHOULD_WAIT;
  fake_arch::StartThread([&] { status = Do(RangeOp::kCommit, 0, 4); });
  fake_arch::RunUntilIdle();
  ASSERT_EQ(status, ZX_ERR_SHOULD_WAIT);
  ASSERT_TRUE(region_->Unmap(At(2), kPageSize).ok());
  while (!object.provider->pending.empty()) {
    object.provider->AnswerAll(ZX_OK);
    fake_arch::RunUntilIdle();
  }
  EXPECT_EQ(status, ZX_ERR_BAD_STATE);
  EXPECT_EQ(vmo_->committed_pages(), 0u);
}

}  // namespace
}  // namespace gk
