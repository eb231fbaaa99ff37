// Discardable, contiguous and physical VMOs; pins; cache policies.
#include <set>

#include "guest/kernel/vm/discardable.h"
#include "guest/kernel/vm/physical_ranges.h"
#include "guest/kernel/vm/pinned_range.h"
#include "guest/kernel/vm/reclaim.h"
#include "guest/kernel/vm/torture.h"
#include "tests/guest/kernel/vm/vm_fixture.h"

namespace gk {
namespace {

RefPtr<Vmo> MakeDiscardable(uint64_t pages, Resizability resizability = Resizability::kFixed) {
  return Vmo::CreateDiscardable(pages * kPageSize, resizability).value();
}

Discardable& LocksOf(const RefPtr<Vmo>& vmo) { return *vmo->DiscardableOf(0, vmo->size()).value(); }

zx_status_t WriteByte(const RefPtr<Vmo>& vmo, uint64_t offset, uint8_t value) {
  return ValueOf(vmo->Write(&value, offset, 1));
}
int ReadByte(const RefPtr<Vmo>& vmo, uint64_t offset) {
  uint8_t value = 0;
  return vmo->Read(&value, offset, 1).ok() ? value : -1;
}

using DiscardableVmoTest = VmTest;

TEST_F(DiscardableVmoTest, ContentThatWasNeverLockedOrIsLockedIsKept) {
  const RefPtr<Vmo> fresh = MakeDiscardable(2);
  EXPECT_EQ(WriteByte(fresh, 0, 1), ZX_OK) << "unlocked objects can be used";
  const RefPtr<Vmo> locked = MakeDiscardable(2);
  EXPECT_FALSE(LocksOf(locked).Lock());
  EXPECT_TRUE(LocksOf(locked).TryLock().ok());
  EXPECT_TRUE(LocksOf(locked).Unlock().ok());
  EXPECT_EQ(WriteByte(locked, 0, 2), ZX_OK);
  EXPECT_FALSE(reclaim::ReclaimAll());
  EXPECT_EQ(ReadByte(fresh, 0), 1);
  EXPECT_EQ(ReadByte(locked, 0), 2);
}

TEST_F(DiscardableVmoTest, UnlockedContentGoesAsAWholeAndCannotBeReachedUntilALockTellsOfIt) {
  const RefPtr<Vmo> vmo = MakeDiscardable(3);
  Discardable& locks = LocksOf(vmo);
  locks.Lock();
  EXPECT_EQ(WriteByte(vmo, 0, 1), ZX_OK);
  EXPECT_EQ(WriteByte(vmo, 2 * kPageSize, 1), ZX_OK);
  EXPECT_TRUE(locks.Unlock().ok());
  EXPECT_EQ(vmo->committed_pages(), 2u) << "what is not yet reclaimed counts";

  EXPECT_TRUE(reclaim::ReclaimAll());

  EXPECT_EQ(vmo->committed_pages(), 0u);
  EXPECT_EQ(WriteByte(vmo, 0, 1), ZX_ERR_NOT_FOUND);
  EXPECT_EQ(ValueOf(locks.TryLock()), ZX_ERR_UNAVAILABLE);
  EXPECT_TRUE(locks.Lock());
  EXPECT_EQ(ReadByte(vmo, 0), 0);
  EXPECT_FALSE(locks.Lock()) << "told once";
}

TEST_F(DiscardableVmoTest, MappingsOfDiscardedContentFaultUntilItIsLocked) {
  const RefPtr<AddressSpace> space = MakeSpace();
  const RefPtr<Vmo> vmo = MakeDiscardable(1);
  const VirtualAddress address = MapAll(*space, vmo, kMapReadWrite);
  LocksOf(vmo).Lock();
  EXPECT_EQ(Store(*space, address, 7), ZX_OK);
  EXPECT_TRUE(LocksOf(vmo).Unlock().ok());
  EXPECT_TRUE(reclaim::ReclaimAll());
  EXPECT_FALSE(IsEntered(*space, address));
  EXPECT_EQ(Touch(*space, address, kRead), ZX_ERR_NOT_FOUND);
  EXPECT_TRUE(LocksOf(vmo).Lock());
  EXPECT_EQ(Load(*space, address), 0);
}

TEST_F(DiscardableVmoTest, TheLeastRecentlyUsedGoFirstWhenAnOperationRunsShort) {
  const uint64_t pages = 2 * reclaim::HighWatermark();
  const RefPtr<Vmo> older = MakeDiscardable(pages);
  const RefPtr<Vmo> newer = MakeDiscardable(pages);
  for (const RefPtr<Vmo>& vmo : {newer, older}) {
    LocksOf(vmo).Lock();
    EXPECT_TRUE(vmo->Commit(0, vmo->size()).ok());
    EXPECT_TRUE(LocksOf(vmo).Unlock().ok());
  }
  EXPECT_EQ(ReadByte(newer, 0), 0) << "used again, though unlocked first";
  const RefPtr<Vmo> hungry = MakeVmo(FreePageCount());
  EXPECT_TRUE(hungry->Commit(0, hungry->size() - kPageSize).ok());
  EXPECT_TRUE(LocksOf(older).discarded());
  EXPECT_FALSE(LocksOf(newer).discarded());
}

TEST_F(DiscardableVmoTest, LocksMeanTheWholeObjectAndUnlockNeedsALock) {
  const RefPtr<Vmo> vmo = MakeDiscardable(2);
  EXPECT_EQ(ValueOf(LocksOf(vmo).Unlock()), ZX_ERR_BAD_STATE);
  EXPECT_EQ(ValueOf(vmo->DiscardableOf(0, kPageSize)), ZX_ERR_OUT_OF_RANGE);
  EXPECT_EQ(ValueOf(vmo->DiscardableOf(kPageSize, kPageSize)), ZX_ERR_OUT_OF_RANGE);
  EXPECT_EQ(ValueOf(MakeVmo(2)->DiscardableOf(0, kPageSize)), ZX_ERR_NOT_SUPPORTED);
}

TEST_F(DiscardableVmoTest, PinnedContentIsKeptThoughUnlocked) {
  const RefPtr<Vmo> vmo = MakeDiscardable(1);
  LocksOf(vmo).Lock();
  {
    const Result<PinnedRange> pin = PinnedRange::Pin(vmo, 0, kPageSize, PinAccess::kWrite);
    ASSERT_TRUE(pin.ok());
    EXPECT_TRUE(LocksOf(vmo).Unlock().ok());
    EXPECT_FALSE(reclaim::ReclaimAll());
  }
  EXPECT_TRUE(reclaim::ReclaimAll());
}

using ContiguousVmoTest = VmTest;

TEST_F(ContiguousVmoTest, PagesAreNeighboursAlignedZeroAndThereFromTheStart) {
  const RefPtr<Vmo> vmo = Vmo::CreateContiguous(3 * kPageSize, 64 * 1024).value();
  const PhysicalAddress base = vmo->PeekPage(0).address;
  EXPECT_EQ(base % (64 * 1024), 0u);
  EXPECT_EQ(vmo->PeekPage(2).address, base + 2 * kPageSize);
  EXPECT_EQ(vmo->committed_pages(), 3u);
  EXPECT_EQ(ReadByte(vmo, 3 * kPageSize - 1), 0);
  EXPECT_EQ(ValueOf(vmo->Decommit(0, kPageSize)), ZX_ERR_NOT_SUPPORTED);
}

TEST_F(ContiguousVmoTest, ARunThatCannotBeHadIsNoMemoryAndWhatIsUnlockedMakesWayForOneThatCan) {
  EXPECT_EQ(ValueOf(Vmo::CreateContiguous(uint64_t{1} << 40, kPageSize)), ZX_ERR_NO_MEMORY);
  EXPECT_EQ(ValueOf(Vmo::CreateContiguous(kPageSize, uint64_t{1} << 40)), ZX_ERR_NO_MEMORY);
  const RefPtr<Vmo> cache = MakeDiscardable(FreePageCount() - 512);
  LocksOf(cache).Lock();
  EXPECT_TRUE(cache->Commit(0, cache->size() - 512 * kPageSize).ok());
  EXPECT_FALSE(Vmo::CreateContiguous(8 << 20, kPageSize).ok());
  EXPECT_TRUE(LocksOf(cache).Unlock().ok());
  EXPECT_TRUE(Vmo::CreateContiguous(8 << 20, kPageSize).ok());
}

TEST_F(ContiguousVmoTest, WithoutMemoryNothingIsLeft) {
  for (uint64_t step = 1;; ++step) {
    ASSERT_LT(step, 100u);
    torture::FailAllocation(step);
    const zx_status_t status = ValueOf(Vmo::CreateContiguous(200 * kPageSize, kPageSize));
    if (!torture::HasFailed()) {
      break;
    }
    EXPECT_EQ(status, ZX_ERR_NO_MEMORY);
  }
}

class PhysicalVmoTest : public VmTest {
 protected:
  PhysicalVmoTest() { physical_ranges::SetAside(4); }
  ~PhysicalVmoTest() override { physical_ranges::TakeBack(); }
  static RefPtr<Vmo> Make(PageIndex first, PageIndex pages) {
    return Vmo::CreatePhysical(physical_ranges::Granted().base + first * kPageSize, pages * kPageSize).value();
  }
};

TEST_F(PhysicalVmoTest, ShowsTheAddressesThemselvesUncachedUnlessToldOtherwise) {
  const RefPtr<AddressSpace> space = MakeSpace();
  const RefPtr<Vmo> vmo = Make(1, 2);
  EXPECT_EQ(vmo->content().cache_policy(), ZX_CACHE_POLICY_UNCACHED);
  EXPECT_EQ(ValueOf(vmo->CheckCopyable()), ZX_ERR_NOT_SUPPORTED);
  EXPECT_TRUE(vmo->SetCachePolicy(ZX_CACHE_POLICY_CACHED).ok());
  const VirtualAddress address = MapAll(*space, vmo, kMapReadWrite);
  EXPECT_EQ(Store(*space, address, 9), ZX_OK);
  EXPECT_EQ(*arch::PhysicalToVirtual<uint8_t>(physical_ranges::Granted().base + kPageSize), 9);
  EXPECT_EQ(Touch(*space, address + 2 * kPageSize, kRead), ZX_ERR_NOT_FOUND);
  EXPECT_EQ(vmo->committed_pages(), 0u);
  EXPECT_EQ(ValueOf(vmo->Decommit(0, kPageSize)), ZX_ERR_NOT_SUPPORTED);
}

TEST_F(PhysicalVmoTest, ASliceShowsItsPart) {
  const RefPtr<AddressSpace> space = MakeSpace();
  const RefPtr<Vmo> vmo = Make(0, 2);
  const RefPtr<Vmo> slice = vmo->CreateChild(ChildKind::kSlice, kPageSize, kPageSize, Resizability::kFixed).value();
  const VirtualAddress all = MapAll(*space, vmo, kMapReadWrite);
  const VirtualAddress part = MapAll(*space, slice, kMapReadWrite);
  EXPECT_EQ(Store(*space, part, 5), ZX_OK);
  EXPECT_EQ(Load(*space, all + kPageSize), 5);
}

using PinTest = VmTest;

TEST_F(PinTest, PinnedPagesArePresentAndStay) {
  const RefPtr<Vmo> vmo = MakeVmo(4, Resizability::kResizable);
  Result<PinnedRange> pin = PinnedRange::Pin(vmo, kPageSize, 2 * kPageSize, PinAccess::kWrite);
  ASSERT_TRUE(pin.ok());
  EXPECT_EQ(pin->AddressOf(1), vmo->PeekPage(2).address);
  EXPECT_EQ(vmo->committed_pages(), 2u);
  EXPECT_EQ(ValueOf(vmo->Decommit(0, 2 * kPageSize)), ZX_ERR_BAD_STATE);
  EXPECT_EQ(ValueOf(vmo->Resize(kPageSize)), ZX_ERR_BAD_STATE);
  EXPECT_EQ(ValueOf(vmo->Decommit(3 * kPageSize, kPageSize)), ZX_OK);
  EXPECT_EQ(ValueOf(vmo->Resize(3 * kPageSize)), ZX_OK);
  pin->Release();
  EXPECT_EQ(ValueOf(vmo->Resize(0)), ZX_OK);
}

TEST_F(PinTest, ARangeIsJudgedAgainstTheSliceAndPinsThroughItHoldTheParentsPages) {
  const RefPtr<Vmo> vmo = MakeVmo(4);
  const RefPtr<Vmo> slice = vmo->CreateChild(ChildKind::kSlice, kPageSize, kPageSize, Resizability::kFixed).value();
  EXPECT_EQ(ValueOf(PinnedRange::Pin(slice, 0, 2 * kPageSize, PinAccess::kWrite)), ZX_ERR_OUT_OF_RANGE);
  const Result<PinnedRange> pin = PinnedRange::Pin(slice, 0, kPageSize, PinAccess::kWrite);
  EXPECT_EQ(ValueOf(vmo->Decommit(kPageSize, kPageSize)), ZX_ERR_BAD_STATE);
  EXPECT_EQ(ValueOf(vmo->Decommit(0, kPageSize)), ZX_OK);
}

TEST_F(PinTest, WithoutMemoryNothingStaysPinned) {
  const RefPtr<Vmo> vmo = MakeVmo(8);
  torture::FailAllocation(6);
  EXPECT_EQ(ValueOf(PinnedRange::Pin(vmo, 0, 8 * kPageSize, PinAccess::kWrite)), ZX_ERR_NO_MEMORY);
  torture::FailAllocation(0);
  EXPECT_EQ(ValueOf(vmo->Decommit(0, 8 * kPageSize)), ZX_OK);
}

using CachePolicyTest = VmTest;

TEST_F(CachePolicyTest, CanBeChangedAtRestAndBackOnlyWithoutPages) {
  const RefPtr<Vmo> vmo = MakeVmo(2);
  EXPECT_TRUE(vmo->SetCachePolicy(ZX_CACHE_POLICY_WRITE_COMBINING).ok());
  EXPECT_TRUE(vmo->SetCachePolicy(ZX_CACHE_POLICY_CACHED).ok());
  EXPECT_EQ(WriteByte(vmo, 0, 1), ZX_OK);
  EXPECT_TRUE(vmo->CheckCopyable().ok());
  EXPECT_TRUE(vmo->SetCachePolicy(ZX_CACHE_POLICY_UNCACHED).ok()) << "from cached even with pages";
  EXPECT_EQ(ValueOf(vmo->CheckCopyable()), ZX_ERR_BAD_STATE);
  EXPECT_EQ(ValueOf(vmo->SetCachePolicy(ZX_CACHE_POLICY_CACHED)), ZX_ERR_BAD_STATE);
  EXPECT_EQ(ValueOf(vmo->SetCachePolicy(ZX_CACHE_POLICY_MASK + 1)), ZX_ERR_INVALID_ARGS);
}

TEST_F(CachePolicyTest, IsFixedWhileMappedPinnedOrInAFamily) {
  const RefPtr<AddressSpace> space = MakeSpace();
  const RefPtr<Vmo> vmo = MakeVmo(2);
  const VirtualAddress address = MapAll(*space, vmo, kMapReadWrite);
  EXPECT_EQ(ValueOf(vmo->SetCachePolicy(ZX_CACHE_POLICY_CACHED)), ZX_ERR_BAD_STATE) << "even to what it is";
  EXPECT_TRUE(space->root().Unmap(address, vmo->size()).ok());
  {
    const Result<PinnedRange> pin = PinnedRange::Pin(vmo, 0, kPageSize, PinAccess::kWrite);
    EXPECT_EQ(ValueOf(vmo->SetCachePolicy(ZX_CACHE_POLICY_UNCACHED)), ZX_ERR_BAD_STATE);
  }
  {
    const RefPtr<Vmo> slice = vmo->CreateChild(ChildKind::kSlice, 0, kPageSize, Resizability::kFixed).value();
    EXPECT_EQ(ValueOf(vmo->SetCachePolicy(ZX_CACHE_POLICY_UNCACHED)), ZX_ERR_BAD_STATE);
    EXPECT_EQ(ValueOf(slice->SetCachePolicy(ZX_CACHE_POLICY_UNCACHED)), ZX_ERR_BAD_STATE);
  }
  EXPECT_EQ(ValueOf(vmo->SetCachePolicy(ZX_CACHE_POLICY_UNCACHED)), ZX_OK);
}

TEST_F(CachePolicyTest, CleaningAHugeSparseObjectVisitsItsPagesOnly) {
  const RefPtr<Vmo> vmo = Vmo::Create(Vmo::kMaxSize, Resizability::kFixed).value();
  EXPECT_EQ(WriteByte(vmo, vmo->size() / 2, 1), ZX_OK);
  EXPECT_TRUE(vmo->CleanCache(0, vmo->size()).ok());
  EXPECT_EQ(ValueOf(vmo->CleanCache(0, 0)), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(ValueOf(vmo->CleanCache(kPageSize, vmo->size())), ZX_ERR_OUT_OF_RANGE);
}

}  // namespace
}  // namespace gk
