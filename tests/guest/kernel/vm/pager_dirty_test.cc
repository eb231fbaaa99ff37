// What makes pages of an object with a pager dirty, and what that costs whoever writes.
#include "guest/kernel/vm/torture.h"
#include "tests/guest/kernel/vm/pager_fixture.h"

namespace gk {
namespace {

// Both with and without a pager that traps writes; who traps grants what is asked.
class PagerDirtyTest : public PagerTest, public testing::WithParamInterface<bool> {
 protected:
  static bool traps() { return GetParam(); }
  static PagerVmoOptions Fixed() { return {.trap_dirty = traps()}; }
  static PagerVmoOptions Resizable() { return {.resizability = Resizability::kResizable, .trap_dirty = traps()}; }

  // The operation, which asks for `expected` to be dirtied first where that is trapped, has then succeeded.
  static void Granted(PagerObject& object, const Op& operation, const Packets& expected) {
    Packets asked = object.Packets();
    if (!traps()) {
      EXPECT_EQ(asked, Packets{});
    }
    for (const PagerPacket& packet : traps() ? expected : Packets{}) {
      EXPECT_EQ(asked, Packets{packet});
      EXPECT_EQ(object.Dirty(packet.first, packet.count), ZX_OK);
      fake_arch::RunUntilIdle();
      asked = object.Packets();
    }
    EXPECT_EQ(asked, Packets{});
    Done(operation);
  }
};
INSTANTIATE_TEST_SUITE_P(, PagerDirtyTest, testing::Bool(),
                         [](const auto& variant) { return variant.param ? "Trap" : "Track"; });
class PagerTrapTest : public PagerTest {};

TEST_P(PagerDirtyTest, FirstWriteMakesAPageDirtyAndModifiesTheObject) {
  PagerObject object(3, Fixed());
  ASSERT_EQ(object.Supply(0, 3), ZX_OK);
  EXPECT_EQ(object.DirtyRanges(), DirtyList{});
  Granted(object, Write(*object.vmo, 1, 1), {D(1, 1)});
  EXPECT_EQ(object.DirtyRanges(), (DirtyList{{1, 1}}));
  EXPECT_TRUE(object.Modified());
  EXPECT_FALSE(object.Modified());
  Granted(object, Write(*object.vmo, 1, 1), {});
  EXPECT_EQ(Peek(*object.vmo, 0), PagerObject::TagOf(0));
}

TEST_P(PagerDirtyTest, StoresDirtyPageByPageAndLoadsNever) {
  PagerObject object(3, Fixed());
  ASSERT_EQ(object.Supply(0, 3), ZX_OK);
  const VirtualAddress address = MapAll(*space_, object.vmo, kMapReadWrite | ZX_VM_MAP_RANGE);
  Done(Access(address, kRead));
  EXPECT_EQ(object.Packets(), Packets{});
  EXPECT_EQ(object.DirtyRanges(), DirtyList{});
  EXPECT_FALSE(object.Modified());
  for (uint64_t page = 0; page < 3; ++page) {
    Granted(object, StoreTo(address + page * kPageSize, 9), {D(page, 1)});
  }
  Granted(object, StoreTo(address, 9), {});
  EXPECT_EQ(object.DirtyRanges(), (DirtyList{{0, 3}}));
  EXPECT_TRUE(object.Modified());
}

TEST_P(PagerDirtyTest, RaisedPermissionsDoNotBypassTheFirstStore) {
  PagerObject object(1, Fixed());
  ASSERT_EQ(object.Supply(0, 1), ZX_OK);
  const VirtualAddress address = MapAll(*space_, object.vmo, kMapRead);
  Done(Access(address, kRead));
  ASSERT_TRUE(space_->root().Protect(address, kPageSize, ZX_VM_PERM_READ | ZX_VM_PERM_WRITE).ok());
  Granted(object, StoreTo(address, 1), {D(0, 1)});
  EXPECT_EQ(object.DirtyRanges(), (DirtyList{{0, 1}}));
}

TEST_P(PagerDirtyTest, MarkersTakeNoMemoryUntilTheyAreWrittenTo) {
  PagerObject object(4, Fixed());
  ASSERT_EQ(object.SupplyZeroes(0, 4), ZX_OK);
  EXPECT_EQ(object.vmo->committed_pages(), 0u);
  EXPECT_EQ(Peek(*object.vmo, 2), 0);
  ASSERT_EQ(object.Supply(0, 4), ZX_OK);  // present: kept
  EXPECT_EQ(Peek(*object.vmo, 2), 0);
  EXPECT_EQ(object.vmo->committed_pages(), 0u);
  Granted(object, Write(*object.vmo, 1, 2, 5), {D(1, 2)});
  EXPECT_EQ(object.vmo->committed_pages(), 2u);
  EXPECT_EQ(object.DirtyRanges(), (DirtyList{{1, 2}}));
  EXPECT_EQ(Peek(*object.vmo, 1), 5);
}

TEST_P(PagerDirtyTest, CommitDirtiesNoCleanPageAndNoMarker) {
  PagerObject object(5, Fixed());
  ASSERT_EQ(object.Supply(0, 1), ZX_OK);
  ASSERT_EQ(object.SupplyZeroes(1, 1), ZX_OK);
  const Op commit = Commit(*object.vmo, 0, 5);
  EXPECT_EQ(object.Packets(), Packets{R(2, 3)});
  ASSERT_EQ(object.Supply(2, 3), ZX_OK);
  fake_arch::RunUntilIdle();
  Granted(object, commit, {});
  EXPECT_EQ(object.vmo->committed_pages(), 5u);
  EXPECT_EQ(object.DirtyRanges(), DirtyList{});
  EXPECT_FALSE(object.Modified());
}

TEST_P(PagerDirtyTest, CommitMakesDirtyPagesOfWhatGrew) {
  PagerObject object(1, Resizable());
  ASSERT_EQ(object.Supply(0, 1), ZX_OK);
  ASSERT_EQ(object.Resize(2), ZX_OK);
  EXPECT_EQ(object.DirtyRanges(), (DirtyList{{1, 1, true}}));
  Granted(object, Commit(*object.vmo, 0, 2), {D(1, 1)});
  EXPECT_EQ(object.DirtyRanges(), (DirtyList{{1, 1}}));
}

TEST_P(PagerDirtyTest, WhatGrewIsZeroAndIgnoresSupplies) {
  PagerObject object(2, Resizable());
  ASSERT_EQ(object.Resize(4), ZX_OK);
  EXPECT_TRUE(object.Modified());
  const ReadOp read = Read(*object.vmo, 0, 4);
  EXPECT_EQ(object.Packets(), Packets{R(0, 2)});
  ASSERT_EQ(object.Supply(0, 2), ZX_OK);
  fake_arch::RunUntilIdle();
  Done(read.operation);
  ASSERT_EQ(object.Supply(2, 2), ZX_OK);
  EXPECT_EQ(object.vmo->committed_pages(), 2u);
  EXPECT_EQ(Peek(*object.vmo, 3), 0);
  Granted(object, Write(*object.vmo, 2, 2), {D(2, 2)});
  EXPECT_EQ(object.DirtyRanges(), (DirtyList{{2, 2}}));
}

TEST_P(PagerDirtyTest, WriteCutsARangeOfZeroesInTwo) {
  PagerObject object(1, Resizable());
  ASSERT_EQ(object.Supply(0, 1), ZX_OK);
  ASSERT_EQ(object.Resize(6), ZX_OK);
  Granted(object, Write(*object.vmo, 4, 1), {D(4, 1)});
  EXPECT_EQ(object.DirtyRanges(), (DirtyList{{1, 3, true}, {4, 1}, {5, 1, true}}));
  ASSERT_EQ(object.Resize(8), ZX_OK);
  EXPECT_EQ(object.DirtyRanges(), (DirtyList{{1, 3, true}, {4, 1}, {5, 3, true}}));
  Granted(object, Write(*object.vmo, 0, 8), {D(0, 4), D(5, 3)});
  EXPECT_EQ(object.DirtyRanges(), (DirtyList{{0, 8}}));
}

TEST_P(PagerDirtyTest, ShrinkingForgetsWhatIsBeyond) {
  PagerObject object(2, Resizable());
  ASSERT_EQ(object.Supply(0, 2), ZX_OK);
  ASSERT_EQ(object.Resize(0), ZX_OK);
  EXPECT_TRUE(object.Modified());
  EXPECT_EQ(object.DirtyRanges(), DirtyList{});
  ASSERT_EQ(object.Resize(2), ZX_OK);
  EXPECT_EQ(object.DirtyRanges(), (DirtyList{{0, 2, true}}));
  EXPECT_EQ(Peek(*object.vmo, 1), 0);
}

TEST_P(PagerDirtyTest, ZeroOfWholePagesNeverAsks) {
  PagerObject object(4, Resizable());
  ASSERT_EQ(object.Supply(0, 2), ZX_OK);  // the others are absent
  EXPECT_EQ(object.Zero(0, 1), ZX_OK);
  EXPECT_TRUE(object.Modified());
  EXPECT_EQ(object.Zero(3, 1), ZX_OK);
  EXPECT_EQ(object.Packets(), Packets{});
  EXPECT_EQ(object.vmo->committed_pages(), 1u);
  EXPECT_EQ(object.DirtyRanges(), (DirtyList{{0, 1, true}, {3, 1, true}}));
  EXPECT_EQ(object.Zero(0, 4), ZX_OK);
  EXPECT_EQ(object.DirtyRanges(), (DirtyList{{0, 4, true}}));
  EXPECT_EQ(object.vmo->committed_pages(), 0u);
  EXPECT_EQ(Peek(*object.vmo, 2), 0);
}

TEST_P(PagerDirtyTest, ZeroLeavesMarkersClean) {
  PagerObject object(5, Fixed());
  for (const uint64_t page : {0u, 2u}) {
    ASSERT_EQ(object.Supply(page, 1), ZX_OK);
  }
  ASSERT_EQ(object.SupplyZeroes(0, 5), ZX_OK);
  EXPECT_EQ(object.Zero(1, 1), ZX_OK);
  EXPECT_EQ(object.Zero(3, 2), ZX_OK);
  EXPECT_EQ(object.DirtyRanges(), DirtyList{});
  EXPECT_FALSE(object.Modified());
}

TEST_P(PagerDirtyTest, ZeroOfAPartOfAPageIsAWrite) {
  PagerObject object(1, Resizable());
  ASSERT_EQ(object.Supply(0, 1), ZX_OK);
  ASSERT_EQ(object.Resize(2), ZX_OK);
  Granted(object, PagerTest::Zero(*object.vmo, 8, 8), {D(0, 1)});
  EXPECT_EQ(object.DirtyRanges(), (DirtyList{{0, 1}, {1, 1, true}}));
  Granted(object, PagerTest::Zero(*object.vmo, kPageSize - 8, kPageSize), {});
  EXPECT_EQ(object.DirtyRanges(), (DirtyList{{0, 1}, {1, 1, true}}));
}

TEST_P(PagerDirtyTest, ZeroWritesToPinnedPagesAndGivesUpTheOthers) {
  PagerObject object(3, Resizable());
  ASSERT_EQ(object.Supply(0, 2), ZX_OK);
  const PinOp pin = Pin(object.vmo, 1, 1, PinAccess::kRead);
  Granted(object, pin.operation, {});
  EXPECT_EQ(object.DirtyRanges(), DirtyList{});
  ASSERT_EQ(object.Resize(4), ZX_OK);
  Granted(object, PagerTest::Zero(*object.vmo, 0, 4 * kPageSize), {D(1, 1)});
  EXPECT_EQ(object.DirtyRanges(), (DirtyList{{0, 1, true}, {1, 1}, {2, 2, true}}));
  EXPECT_EQ(Peek(*object.vmo, 1), 0);
  EXPECT_EQ(object.vmo->committed_pages(), 1u);
}

TEST_P(PagerDirtyTest, PinForWritingCountsAsAWrite) {
  PagerObject object(2, Fixed());
  ASSERT_EQ(object.Supply(0, 1), ZX_OK);
  PinOp pin = Pin(object.vmo, 0, 2, PinAccess::kWrite);
  if (traps()) {
    EXPECT_EQ(object.Packets(), Packets{D(0, 1)});
    ASSERT_EQ(object.Dirty(0, 1), ZX_OK);
    fake_arch::RunUntilIdle();
  }
  EXPECT_EQ(object.Packets(), Packets{R(1, 1)});
  EXPECT_FALSE(object.Modified());
  ASSERT_EQ(object.Supply(1, 1), ZX_OK);
  fake_arch::RunUntilIdle();
  Granted(object, pin.operation, {D(1, 1)});
  EXPECT_TRUE(object.Modified());
  EXPECT_EQ(object.DirtyRanges(), (DirtyList{{0, 2}}));
  // Writeback passes it by.
  EXPECT_EQ(object.Begin(0, 2), ZX_OK);
  EXPECT_EQ(object.End(0, 2), ZX_OK);
  EXPECT_EQ(object.DirtyRanges(), (DirtyList{{0, 2}}));
  pin.pin->Release();
  EXPECT_EQ(object.Begin(0, 2), ZX_OK);
  EXPECT_EQ(object.End(0, 2), ZX_OK);
  EXPECT_EQ(object.DirtyRanges(), DirtyList{});
  // A dirty page is modified again by a pin.
  Granted(object, Write(*object.vmo, 0, 1), {D(0, 1)});
  EXPECT_TRUE(object.Modified());
  Granted(object, Pin(object.vmo, 0, 1, PinAccess::kWrite).operation, {});
  EXPECT_TRUE(object.Modified());
}

TEST_P(PagerDirtyTest, PinnedPagesAreKeptBySupplyAndKeepTheSize) {
  PagerObject object(3, Resizable());
  ASSERT_EQ(object.SupplyZeroes(1, 1), ZX_OK);
  const PinOp pin = Pin(object.vmo, 1, 1, PinAccess::kRead);
  Granted(object, pin.operation, {});
  ASSERT_EQ(object.Supply(0, 3), ZX_OK);
  EXPECT_EQ(Peek(*object.vmo, 1), 0);
  EXPECT_EQ(object.Resize(1), ZX_ERR_BAD_STATE);
  EXPECT_FALSE(object.Modified());
  EXPECT_EQ(object.DirtyRanges(), DirtyList{});
}

TEST_P(PagerDirtyTest, SlicesActOnTheirParentAndHaveNoPager) {
  PagerObject object(2, Fixed());
  ASSERT_EQ(object.Supply(0, 2), ZX_OK);
  const RefPtr<Vmo> slice =
      object.vmo->CreateChild(ChildKind::kSlice, kPageSize, kPageSize, Resizability::kFixed).value();
  EXPECT_EQ(slice->pager_source(), nullptr);
  Granted(object, Write(*slice, 0, 1), {D(1, 1)});
  EXPECT_TRUE(object.Modified());
  EXPECT_EQ(object.DirtyRanges(), (DirtyList{{1, 1}}));
  EXPECT_EQ(ValueOf(slice->Zero(0, kPageSize)), ZX_OK);
  EXPECT_EQ(object.DirtyRanges(), (DirtyList{{1, 1, true}}));
  EXPECT_TRUE(object.Modified());
}

TEST_P(PagerDirtyTest, CopiesAreTheirOwnBusiness) {
  PagerObject object(2, Fixed());
  ASSERT_EQ(object.Supply(0, 1), ZX_OK);
  const RefPtr<Vmo> copy =
      object.vmo->CreateChild(ChildKind::kSnapshotAtLeastOnWrite, 0, 2 * kPageSize, Resizability::kFixed).value();
  EXPECT_EQ(copy->pager_source(), nullptr);
  Granted(object, Write(*copy, 0, 1, 3), {});
  Granted(object, PagerTest::Zero(*copy, kPageSize, kPageSize), {});
  EXPECT_EQ(object.DirtyRanges(), DirtyList{});
  EXPECT_FALSE(object.Modified());
  EXPECT_EQ(Peek(*copy, 0), 3);
  EXPECT_EQ(Peek(*copy, 1), 0);
  EXPECT_EQ(Peek(*object.vmo, 0), PagerObject::TagOf(0));
}

TEST_P(PagerDirtyTest, StreamEndThrowsAwayWhatIsBeyondIt) {
  PagerVmoOptions options = Fixed();
  options.unbounded = true;
  PagerObject object(2, options);
  EXPECT_FALSE(object.Modified());
  EXPECT_EQ(Peek(*object.vmo, 5), 0);
  EXPECT_EQ(object.DirtyRanges(10), DirtyList{});
  for (const uint64_t page : {4u, 5u, 8u}) {
    Granted(object, Write(*object.vmo, page, 1), {D(page, 1)});
  }
  EXPECT_EQ(object.DirtyRanges(10), (DirtyList{{4, 2}, {8, 1}}));
  ASSERT_EQ(ValueOf(object.vmo->SetStreamSize(7 * kPageSize)), ZX_OK);
  EXPECT_TRUE(object.Modified());
  EXPECT_EQ(object.DirtyRanges(10), (DirtyList{{2, 5, true}}));
  for (uint64_t page = 2; page < 10; ++page) {
    EXPECT_EQ(Peek(*object.vmo, page), 0);
  }
  EXPECT_EQ(object.vmo->committed_pages(), 0u);
  ASSERT_EQ(ValueOf(object.vmo->SetStreamSize(kPageSize)), ZX_OK);
  EXPECT_TRUE(object.Modified());
  EXPECT_EQ(object.DirtyRanges(10), DirtyList{});
  EXPECT_EQ(Peek(*object.vmo, 1), 0);
  EXPECT_EQ(object.Packets(), Packets{});
}

TEST_P(PagerDirtyTest, StreamOfABoundedObjectMovesTheSourcesEnd) {
  PagerObject object(4, Fixed());
  ASSERT_EQ(object.Supply(0, 4), ZX_OK);
  ASSERT_EQ(ValueOf(object.vmo->SetStreamSize(2 * kPageSize)), ZX_OK);
  EXPECT_EQ(object.DirtyRanges(), DirtyList{});
  EXPECT_EQ(Peek(*object.vmo, 3), 0);
  ASSERT_EQ(ValueOf(object.vmo->SetStreamSize(3 * kPageSize)), ZX_OK);
  EXPECT_EQ(object.DirtyRanges(), (DirtyList{{2, 1, true}}));
  EXPECT_EQ(Peek(*object.vmo, 1), PagerObject::TagOf(1));
  EXPECT_EQ(object.Packets(), Packets{});
}

// --- what the source of a write fails to give ---

TEST_P(PagerDirtyTest, WriteWhoseSourceFailsWritesNothingButLooksUpAll) {
  PagerObject source(2);
  PagerObject target(2, Fixed());
  ASSERT_EQ(source.Supply(0, 1), ZX_OK);
  ASSERT_EQ(target.Supply(0, 2), ZX_OK);
  if (traps()) {
    ASSERT_EQ(target.Dirty(0, 2), ZX_OK);
  }
  const VirtualAddress buffer = MapAll(*space_, source.vmo, kMapRead);
  const Op write = Start([&] { return ValueOf(WriteVmoFromUser(*space_, buffer, *target.vmo, 0, 2 * kPageSize)); });
  EXPECT_EQ(source.Packets(), Packets{R(1, 1)});
  ASSERT_EQ(source.Fail(1, 1), ZX_OK);
  fake_arch::RunUntilIdle();
  EXPECT_TRUE(write->status.has_value() && *write->status != ZX_OK);
  EXPECT_FALSE(target.Modified());
  EXPECT_EQ(Peek(*target.vmo, 0), PagerObject::TagOf(0));
  EXPECT_EQ(target.DirtyRanges(), (DirtyList{{0, 2}}));
}

// --- trapping ---

TEST_F(PagerTrapTest, GrantsNeedNoRequest) {
  PagerObject object(3, kTrap);
  ASSERT_EQ(object.Supply(0, 1), ZX_OK);
  ASSERT_EQ(object.SupplyZeroes(1, 1), ZX_OK);
  EXPECT_EQ(object.Dirty(0, 3), ZX_ERR_NOT_FOUND);
  EXPECT_EQ(object.DirtyRanges(), DirtyList{});
  EXPECT_EQ(object.Dirty(0, 2), ZX_OK);
  EXPECT_EQ(object.DirtyRanges(), (DirtyList{{0, 2}}));
  EXPECT_EQ(object.vmo->committed_pages(), 2u);
  EXPECT_FALSE(object.Modified());
  EXPECT_EQ(Peek(*object.vmo, 0), PagerObject::TagOf(0));
}

TEST_F(PagerTrapTest, LargeGrantsAllocateAll) {
  PagerObject object(100, kTrapResizable);
  ASSERT_EQ(object.SupplyZeroes(0, 100), ZX_OK);
  ASSERT_EQ(object.Resize(200), ZX_OK);
  EXPECT_EQ(object.vmo->committed_pages(), 0u);
  EXPECT_EQ(object.Dirty(0, 200), ZX_OK);
  EXPECT_EQ(object.vmo->committed_pages(), 200u);
  EXPECT_EQ(object.DirtyRanges(), (DirtyList{{0, 200}}));
}

TEST_F(PagerTrapTest, OneRequestCoversAllThatIsNotDirty) {
  PagerObject object(10, kTrap);
  ASSERT_EQ(object.Supply(4, 2), ZX_OK);
  ASSERT_EQ(object.SupplyZeroes(6, 1), ZX_OK);
  ASSERT_EQ(object.Supply(7, 2), ZX_OK);
  ASSERT_EQ(object.Dirty(5, 1), ZX_OK);
  ASSERT_EQ(object.Begin(5, 1), ZX_OK);
  const Op write = Write(*object.vmo, 4, 6);
  EXPECT_EQ(object.Packets(), Packets{D(4, 5)});
  ASSERT_EQ(object.Dirty(4, 5), ZX_OK);
  fake_arch::RunUntilIdle();
  EXPECT_EQ(object.Packets(), Packets{R(9, 1)});
  ASSERT_EQ(object.Supply(9, 1), ZX_OK);
  fake_arch::RunUntilIdle();
  EXPECT_EQ(object.Packets(), Packets{D(9, 1)});
  ASSERT_EQ(object.Dirty(9, 1), ZX_OK);
  fake_arch::RunUntilIdle();
  Done(write);
  EXPECT_EQ(object.DirtyRanges(), (DirtyList{{4, 6}}));
}

TEST_F(PagerTrapTest, RefusedWritesChangeNothing) {
  PagerObject object(3, kTrap);
  ASSERT_EQ(object.Supply(0, 2), ZX_OK);
  ASSERT_EQ(object.SupplyZeroes(2, 1), ZX_OK);
  const VirtualAddress address = MapAll(*space_, object.vmo, kMapReadWrite);
  const Op store = StoreTo(address, 1);
  const Op write = Write(*object.vmo, 2, 1);
  const PinOp pin = Pin(object.vmo, 1, 1, PinAccess::kWrite);
  EXPECT_EQ(object.Packets(), (Packets{D(0, 1), D(2, 1), D(1, 1)}));
  EXPECT_EQ(object.Fail(0, 3), ZX_OK);
  fake_arch::RunUntilIdle();
  Done(store, ZX_ERR_IO);
  Done(write, ZX_ERR_IO);
  Done(pin.operation, ZX_ERR_IO);
  EXPECT_FALSE(object.Modified());
  EXPECT_EQ(object.DirtyRanges(), DirtyList{});
  EXPECT_EQ(object.vmo->committed_pages(), 2u);
  EXPECT_EQ(Peek(*object.vmo, 0), PagerObject::TagOf(0));
}

TEST_F(PagerTrapTest, PartialRefusalIsAskedForAgain) {
  PagerObject object(5, kTrap);
  ASSERT_EQ(object.Supply(0, 5), ZX_OK);
  const PinOp pin = Pin(object.vmo, 0, 2, PinAccess::kWrite);
  EXPECT_EQ(object.Packets(), Packets{D(0, 2)});
  ASSERT_EQ(object.Dirty(0, 1), ZX_OK);
  ASSERT_EQ(object.Fail(1, 1), ZX_OK);
  fake_arch::RunUntilIdle();
  EXPECT_EQ(object.Packets(), Packets{D(1, 1)});
  ASSERT_EQ(object.Fail(1, 1), ZX_OK);
  fake_arch::RunUntilIdle();
  Done(pin.operation, ZX_ERR_IO);
  EXPECT_FALSE(object.Modified());
  EXPECT_EQ(object.DirtyRanges(), (DirtyList{{0, 1}}));
  // A write keeps what it could write.
  const Op write = Write(*object.vmo, 0, 2, 9);
  EXPECT_EQ(object.Packets(), Packets{D(1, 1)});
  ASSERT_EQ(object.Fail(1, 1), ZX_OK);
  fake_arch::RunUntilIdle();
  Done(write, ZX_ERR_IO);
  EXPECT_TRUE(object.Modified());
  EXPECT_EQ(Peek(*object.vmo, 0), 9);
  EXPECT_EQ(Peek(*object.vmo, 1), PagerObject::TagOf(1));
}

TEST_F(PagerTrapTest, GrantForWhatHasGoneWakesTheWriterToAskAnew) {
  PagerObject object(1, kTrapResizable);
  ASSERT_EQ(object.Resize(2), ZX_OK);
  const Op write = Write(*object.vmo, 1, 1);
  EXPECT_EQ(object.Packets(), Packets{D(1, 1)});
  ASSERT_EQ(object.BeginZero(1, 1), ZX_OK);
  ASSERT_EQ(object.End(1, 1), ZX_OK);
  fake_arch::RunUntilIdle();
  EXPECT_EQ(object.DirtyRanges(), DirtyList{});
  EXPECT_EQ(object.Packets(), Packets{});
  EXPECT_TRUE(write->blocked());
  EXPECT_EQ(object.Dirty(1, 1), ZX_ERR_NOT_FOUND);
  fake_arch::RunUntilIdle();
  EXPECT_EQ(object.Packets(), Packets{R(1, 1)});
  ASSERT_EQ(object.SupplyZeroes(1, 1), ZX_OK);
  fake_arch::RunUntilIdle();
  EXPECT_EQ(object.Packets(), Packets{D(1, 1)});
  ASSERT_EQ(object.Dirty(1, 1), ZX_OK);
  fake_arch::RunUntilIdle();
  Done(write);
  EXPECT_EQ(object.DirtyRanges(), (DirtyList{{1, 1}}));
}

TEST_F(PagerTrapTest, ZeroDoesNotAnswerAWriter) {
  PagerObject object(1, kTrap);
  ASSERT_EQ(object.Supply(0, 1), ZX_OK);
  const Op write = Write(*object.vmo, 0, 1);
  EXPECT_EQ(object.Packets(), Packets{D(0, 1)});
  ASSERT_EQ(object.Zero(0, 1), ZX_OK);
  fake_arch::RunUntilIdle();
  EXPECT_TRUE(write->blocked());
  ASSERT_EQ(object.Dirty(0, 1), ZX_OK);
  fake_arch::RunUntilIdle();
  Done(write);
  EXPECT_EQ(object.DirtyRanges(), (DirtyList{{0, 1}}));
}

TEST_F(PagerTrapTest, DetachedObjectsKeepWhatIsDirtyAndTakeNoWrites) {
  PagerObject object(4, kTrap);
  ASSERT_EQ(object.Supply(0, 4), ZX_OK);
  ASSERT_EQ(object.Dirty(0, 2), ZX_OK);
  ASSERT_EQ(object.Begin(1, 1), ZX_OK);
  const Op waiting = Write(*object.vmo, 3, 1);
  object.source->Detach();
  fake_arch::RunUntilIdle();
  Done(waiting, ZX_ERR_BAD_STATE);
  EXPECT_EQ(object.vmo->committed_pages(), 2u);
  EXPECT_EQ(object.DirtyRanges(), (DirtyList{{0, 2}}));
  Done(Write(*object.vmo, 0, 1));  // dirty already
  Done(Write(*object.vmo, 1, 1), ZX_ERR_BAD_STATE);
  Done(Write(*object.vmo, 2, 1), ZX_ERR_BAD_STATE);
  EXPECT_EQ(object.Dirty(1, 1), ZX_ERR_BAD_STATE);
  EXPECT_EQ(object.End(1, 1), ZX_OK);
  EXPECT_EQ(object.DirtyRanges(), (DirtyList{{0, 1}}));
  EXPECT_EQ(object.Packets(), Packets{});
}

TEST_F(PagerTrapTest, SuspendedWriterAsksTwice) {
  PagerObject object(1, kTrap);
  ASSERT_EQ(object.Supply(0, 1), ZX_OK);
  const Op first = Write(*object.vmo, 0, 1);
  (void)first;
  const VirtualAddress address = MapAll(*space_, object.vmo, kMapReadWrite);
  EXPECT_EQ(object.Packets(), Packets{D(0, 1)});
  ASSERT_EQ(object.Dirty(0, 1), ZX_OK);
  fake_arch::RunUntilIdle();
  Done(first);
  ASSERT_EQ(object.Begin(0, 1), ZX_OK);
  ASSERT_EQ(object.End(0, 1), ZX_OK);
  const Op store = StoreTo(address, 1);
  EXPECT_EQ(object.Packets(), Packets{D(0, 1)});
  store->thread->Suspend();
  fake_arch::RunUntilIdle();
  Done(store, ZX_ERR_INTERNAL_INTR_RETRY);
  const Op again = StoreTo(address, 1);
  EXPECT_EQ(object.Packets(), Packets{D(0, 1)});
  ASSERT_EQ(object.Dirty(0, 1), ZX_OK);
  fake_arch::RunUntilIdle();
  Done(again);
}

// --- without memory ---

TEST_P(PagerDirtyTest, NothingIsLostWhenThereIsNoMemory) {
  for (uint64_t n = 1; n <= 4; ++n) {
    PagerObject object(1, Resizable());
    ASSERT_EQ(object.Resize(200), ZX_OK);
    const uint8_t byte = 1;
    torture::FailAllocation(n);
    const zx_status_t dirtied = traps() ? object.Dirty(100, 1) : ValueOf(object.vmo->Write(&byte, 100 * kPageSize, 1));
    torture::FailAllocation(0);
    if (dirtied != ZX_OK) {
      EXPECT_EQ(dirtied, ZX_ERR_NO_MEMORY);
      EXPECT_EQ(object.DirtyRanges(), (DirtyList{{1, 199, true}}));
    }
    torture::FailAllocation(n);
    const zx_status_t zeroed = object.Zero(0, 1);
    torture::FailAllocation(0);
    EXPECT_TRUE(zeroed == ZX_OK || zeroed == ZX_ERR_NO_MEMORY);
    torture::FailAllocation(n);
    const zx_status_t resized = object.Resize(300);
    torture::FailAllocation(0);
    EXPECT_EQ(object.vmo->page_end(), resized == ZX_OK ? 300u : 200u);
    ASSERT_EQ(object.Resize(300), ZX_OK);
    EXPECT_EQ(object.DirtyRanges().back().first + object.DirtyRanges().back().count, 300u);
  }
}

}  // namespace
}  // namespace gk
