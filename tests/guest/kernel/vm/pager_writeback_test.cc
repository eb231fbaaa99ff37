// Writeback of objects with a pager: what becomes clean, and what has changed in the meantime.
#include <numeric>
#include <random>

#include "guest/kernel/vm/lent_pages.h"
#include "guest/kernel/vm/torture.h"
#include "tests/guest/kernel/vm/pager_fixture.h"

namespace gk {
namespace {

class PagerWritebackTest : public PagerTest {
 protected:
  // One supplied page that has grown to `pages`.
  struct Grown : PagerObject {
    explicit Grown(uint64_t pages, PagerVmoOptions options = kTrackResizable) : PagerObject(1, options) {
      EXPECT_EQ(Supply(0, 1), ZX_OK);
      EXPECT_EQ(Resize(pages), ZX_OK);
      (void)Modified();
    }
    void Put(uint64_t first, uint64_t count = 1) { Done(Write(*vmo, first, count)); }
    void WriteBack(uint64_t first, uint64_t count) {
      EXPECT_EQ(Begin(first, count), ZX_OK);
      EXPECT_EQ(End(first, count), ZX_OK);
    }
  };
};

TEST_F(PagerWritebackTest, PagesStayListedUntilTheEnd) {
  PagerObject object(2);
  ASSERT_EQ(object.Supply(0, 2), ZX_OK);
  Done(Write(*object.vmo, 0, 1, 7));
  EXPECT_EQ(object.Begin(0, 2), ZX_OK);
  EXPECT_EQ(object.DirtyRanges(), (DirtyList{{0, 1}}));
  EXPECT_EQ(object.End(0, 2), ZX_OK);
  EXPECT_EQ(object.DirtyRanges(), DirtyList{});
  EXPECT_EQ(Peek(*object.vmo, 0), 7);
}

TEST_F(PagerWritebackTest, WhatIsWrittenMeanwhileStaysDirty) {
  PagerObject object(1, kTrap);
  ASSERT_EQ(object.Supply(0, 1), ZX_OK);
  ASSERT_EQ(object.Dirty(0, 1), ZX_OK);
  EXPECT_EQ(object.Begin(0, 1), ZX_OK);
  const Op write = Write(*object.vmo, 0, 1);
  EXPECT_EQ(object.Packets(), Packets{D(0, 1)});
  EXPECT_EQ(object.End(0, 1), ZX_OK);
  EXPECT_EQ(object.DirtyRanges(), DirtyList{});
  EXPECT_TRUE(write->blocked());
  ASSERT_EQ(object.Dirty(0, 1), ZX_OK);
  fake_arch::RunUntilIdle();
  Done(write);
  EXPECT_EQ(object.Begin(0, 1), ZX_OK);
  const Op second = Write(*object.vmo, 0, 1);
  ASSERT_EQ(object.Dirty(0, 1), ZX_OK);
  fake_arch::RunUntilIdle();
  Done(second);
  EXPECT_EQ(object.End(0, 1), ZX_OK);
  EXPECT_EQ(object.DirtyRanges(), (DirtyList{{0, 1}}));
}

TEST_F(PagerWritebackTest, BeginTakesThePermissionToWriteFromMappings) {
  PagerObject object(1, kTrap);
  ASSERT_EQ(object.Supply(0, 1), ZX_OK);
  ASSERT_EQ(object.Dirty(0, 1), ZX_OK);
  const VirtualAddress address = MapAll(*space_, object.vmo, kMapReadWrite);
  Done(StoreTo(address, 1));
  EXPECT_EQ(object.Begin(0, 1), ZX_OK);
  const Op refused = StoreTo(address, 2);
  EXPECT_EQ(object.Packets(), Packets{D(0, 1)});
  EXPECT_EQ(object.Fail(0, 1), ZX_OK);
  fake_arch::RunUntilIdle();
  Done(refused, ZX_ERR_IO);
  EXPECT_EQ(object.DirtyRanges(), (DirtyList{{0, 1}}));
  EXPECT_EQ(Load(*space_, address), 1);
  EXPECT_EQ(object.End(0, 1), ZX_OK);
  const Op store = StoreTo(address, 3);
  EXPECT_EQ(object.Packets(), Packets{D(0, 1)});
  ASSERT_EQ(object.Dirty(0, 1), ZX_OK);
  fake_arch::RunUntilIdle();
  Done(store);
  EXPECT_EQ(object.DirtyRanges(), (DirtyList{{0, 1}}));
}

TEST_F(PagerWritebackTest, ReadPinsDoNotHoldDirt) {
  PagerObject object(1);
  ASSERT_EQ(object.Supply(0, 1), ZX_OK);
  Done(Write(*object.vmo, 0, 1));
  const PinOp early = Pin(object.vmo, 0, 1, PinAccess::kRead);
  EXPECT_EQ(object.Begin(0, 1), ZX_OK);
  const PinOp late = Pin(object.vmo, 0, 1, PinAccess::kRead);
  EXPECT_EQ(object.End(0, 1), ZX_OK);
  EXPECT_EQ(object.DirtyRanges(), DirtyList{});
}

TEST_F(PagerWritebackTest, PinsForWritingDirtyAnewWhatIsBeingWrittenBack) {
  PagerObject object(1);
  ASSERT_EQ(object.Supply(0, 1), ZX_OK);
  Done(Write(*object.vmo, 0, 1));
  EXPECT_EQ(object.Begin(0, 1), ZX_OK);
  PinOp pin = Pin(object.vmo, 0, 1, PinAccess::kWrite);
  EXPECT_EQ(object.End(0, 1), ZX_OK);
  EXPECT_EQ(object.DirtyRanges(), (DirtyList{{0, 1}}));
  pin.pin->Release();
}

// --- zeroes ---

TEST_F(PagerWritebackTest, ZeroesThatWereWrittenBackAreAskedForAgain) {
  Grown object(3);
  EXPECT_EQ(object.BeginZero(1, 1), ZX_OK);
  EXPECT_EQ(object.End(1, 1), ZX_OK);
  EXPECT_EQ(object.DirtyRanges(), (DirtyList{{2, 1, true}}));
  const ReadOp read = Read(*object.vmo, 1, 1);
  EXPECT_EQ(object.Packets(), Packets{R(1, 1)});
  ASSERT_EQ(object.Supply(1, 1), ZX_OK);
  fake_arch::RunUntilIdle();
  Done(read.operation);
  EXPECT_EQ(Peek(*object.vmo, 1), PagerObject::TagOf(1));
}

TEST_F(PagerWritebackTest, MappingsShowWrittenBackZeroesUntilThePageArrives) {
  Grown object(6);
  const RefPtr<Vmo> copy =
      object.vmo->CreateChild(ChildKind::kSnapshotAtLeastOnWrite, 0, 6 * kPageSize, Resizability::kFixed).value();
  const VirtualAddress address = MapAll(*space_, object.vmo, kMapReadWrite);
  const VirtualAddress other = MapAll(*space_, copy, kMapRead);
  for (uint64_t page = 1; page < 6; ++page) {
    EXPECT_EQ(Load(*space_, address + page * kPageSize), 0);
    EXPECT_EQ(Load(*space_, other + page * kPageSize), 0);
  }
  EXPECT_EQ(object.BeginZero(1, 5), ZX_OK);
  Done(StoreTo(address + 2 * kPageSize, 1));
  Done(StoreTo(address + 4 * kPageSize, 1));
  EXPECT_EQ(object.DirtyRanges(), (DirtyList{{1, 1, true}, {2, 1}, {3, 1, true}, {4, 1}, {5, 1, true}}));
  EXPECT_EQ(object.End(1, 5), ZX_OK);
  EXPECT_EQ(object.DirtyRanges(), (DirtyList{{2, 1}, {4, 1}}));
  const Op store = StoreTo(address + 3 * kPageSize, 1);
  EXPECT_EQ(object.Packets(), Packets{R(3, 1)});
  ASSERT_EQ(object.Supply(3, 1), ZX_OK);
  fake_arch::RunUntilIdle();
  Done(store);
  EXPECT_EQ(object.DirtyRanges(), (DirtyList{{2, 3}}));
  EXPECT_EQ(Load(*space_, other + 3 * kPageSize), 1);
  EXPECT_EQ(Load(*space_, address + 3 * kPageSize + 1), PagerObject::TagOf(3));
  EXPECT_EQ(Load(*space_, address + kPageSize), 0);
  EXPECT_EQ(Load(*space_, other + 5 * kPageSize), 0);
  EXPECT_EQ(object.Packets(), Packets{});
}

TEST_F(PagerWritebackTest, WritesInBetweenStayDirty) {
  Grown object(4);
  EXPECT_EQ(object.BeginZero(1, 3), ZX_OK);
  object.Put(2);
  EXPECT_EQ(object.DirtyRanges(), (DirtyList{{1, 1, true}, {2, 1}, {3, 1, true}}));
  EXPECT_EQ(object.End(1, 3), ZX_OK);
  EXPECT_EQ(object.DirtyRanges(), (DirtyList{{2, 1}}));
  object.WriteBack(0, 4);
  EXPECT_EQ(object.DirtyRanges(), DirtyList{});
}

TEST_F(PagerWritebackTest, ZeroFlagLeavesPagesOut) {
  Grown object(4);
  object.Put(2);
  EXPECT_EQ(object.BeginZero(1, 3), ZX_OK);
  EXPECT_EQ(object.End(1, 3), ZX_OK);
  EXPECT_EQ(object.DirtyRanges(), (DirtyList{{2, 1}}));
}

TEST_F(PagerWritebackTest, AwaitingCleanSurvivesBeingCutManyTimes) {
  for (const uint64_t length : {40u, 20u}) {
    Grown object(41);
    EXPECT_EQ(object.BeginZero(1, length), ZX_OK);
    std::mt19937_64 random(length);
    std::vector<uint64_t> order(40);
    std::iota(order.begin(), order.end(), 1);
    std::shuffle(order.begin(), order.end(), random);
    std::vector<bool> written(42);
    for (size_t i = 0; i < 15; ++i) {
      object.Put(order[i]);
      written[order[i]] = true;
    }
    EXPECT_EQ(object.End(1, length), ZX_OK);
    DirtyList expected;
    for (uint64_t page = 1; page < 41; ++page) {
      const bool zero = !written[page];
      if (zero && page <= length) {
        continue;
      }
      const bool joins =
          !expected.empty() && expected.back().zero == zero && expected.back().first + expected.back().count == page;
      if (joins) {
        ++expected.back().count;
      } else {
        expected.push_back({page, 1, zero});
      }
    }
    EXPECT_EQ(object.DirtyRanges(), expected);
    object.WriteBack(0, 41);
    EXPECT_EQ(object.DirtyRanges(), DirtyList{});
  }
}

TEST_F(PagerWritebackTest, ZeroesAreConsumedFromTheirFront) {
  Grown object(5);
  for (const uint64_t page : {1u, 2u, 3u}) {
    EXPECT_EQ(object.DirtyRanges(), (DirtyList{{page, 5 - page, true}}));
    EXPECT_EQ(object.BeginZero(page, 1), ZX_OK);
    EXPECT_EQ(object.End(page, 1), ZX_OK);
  }
  EXPECT_EQ(object.DirtyRanges(), (DirtyList{{4, 1, true}}));
}

TEST_F(PagerWritebackTest, RepeatedAndMisplacedBeginsHaveNoEffect) {
  Grown object(5);
  EXPECT_EQ(object.BeginZero(1, 4), ZX_OK);
  EXPECT_EQ(object.BeginZero(1, 2), ZX_OK);
  EXPECT_EQ(object.End(1, 4), ZX_OK);
  EXPECT_EQ(object.DirtyRanges(), DirtyList{});
  ASSERT_EQ(object.Resize(10), ZX_OK);
  EXPECT_EQ(object.DirtyRanges(), (DirtyList{{5, 5, true}}));
  EXPECT_EQ(object.End(1, 2), ZX_OK);
  EXPECT_EQ(object.End(5, 2), ZX_OK);
  EXPECT_EQ(object.DirtyRanges(), (DirtyList{{5, 5, true}}));
  EXPECT_EQ(object.BeginZero(5, 2), ZX_OK);
  EXPECT_EQ(object.BeginZero(5, 2), ZX_OK);
  EXPECT_EQ(object.BeginZero(7, 3), ZX_OK);
  EXPECT_EQ(object.End(5, 2), ZX_OK);
  EXPECT_EQ(object.End(7, 3), ZX_OK);
  EXPECT_EQ(object.DirtyRanges(), (DirtyList{{7, 3, true}}));
  EXPECT_EQ(object.End(5, 2), ZX_OK);
  object.WriteBack(7, 3);
  EXPECT_EQ(object.DirtyRanges(), DirtyList{});
}

TEST_F(PagerWritebackTest, RangesMayBeginAndEndInAnyOrder) {
  struct Part {
    uint64_t first, count;
  };
  constexpr Part kParts[] = {{1, 1}, {2, 4}, {6, 1}, {7, 2}, {9, 1}};
  constexpr int kOrder[] = {3, 0, 2, 1, 4};
  for (const bool single_begin : {false, true}) {
    for (const bool single_end : {false, true}) {
      Grown object(10);
      for (const uint64_t page : {1u, 6u, 9u}) {
        object.Put(page);
      }
      EXPECT_EQ(object.DirtyRanges(), (DirtyList{{1, 1}, {2, 4, true}, {6, 1}, {7, 2, true}, {9, 1}}));
      for (const int part : kOrder) {
        EXPECT_EQ(single_begin ? object.Begin(1, 9) : object.Begin(kParts[part].first, kParts[part].count), ZX_OK);
      }
      for (const int part : kOrder) {
        EXPECT_EQ(single_end ? object.End(1, 9) : object.End(kParts[part].first, kParts[part].count), ZX_OK);
      }
      EXPECT_EQ(object.DirtyRanges(), DirtyList{});
    }
  }
}

TEST_F(PagerWritebackTest, ShrinkingCutsWhatIsBeingWrittenBack) {
  Grown object(3);
  EXPECT_EQ(object.BeginZero(1, 2), ZX_OK);
  ASSERT_EQ(object.Resize(2), ZX_OK);
  EXPECT_EQ(object.DirtyRanges(), (DirtyList{{1, 1, true}}));
  EXPECT_EQ(object.End(1, 2), ZX_ERR_OUT_OF_RANGE);
  EXPECT_EQ(object.DirtyRanges(), (DirtyList{{1, 1, true}}));
  EXPECT_EQ(object.End(1, 1), ZX_OK);
  ASSERT_EQ(object.Resize(3), ZX_OK);
  EXPECT_EQ(object.DirtyRanges(), (DirtyList{{2, 1, true}}));
  ASSERT_EQ(object.Supply(1, 1), ZX_OK);
  EXPECT_EQ(Peek(*object.vmo, 1), PagerObject::TagOf(1));
  EXPECT_EQ(object.BeginZero(2, 1), ZX_OK);
  ASSERT_EQ(object.Resize(2), ZX_OK);
  ASSERT_EQ(object.Resize(3), ZX_OK);
  EXPECT_EQ(object.End(2, 1), ZX_OK);
  EXPECT_EQ(object.DirtyRanges(), (DirtyList{{2, 1, true}}));  // grown anew
}

TEST_F(PagerWritebackTest, ZeroInFrontCancelsTheWriteback) {
  Grown object(2);
  EXPECT_EQ(object.BeginZero(1, 1), ZX_OK);
  EXPECT_EQ(object.Zero(0, 1), ZX_OK);
  EXPECT_EQ(object.End(1, 1), ZX_OK);
  EXPECT_EQ(object.DirtyRanges(), (DirtyList{{0, 2, true}}));
  EXPECT_EQ(object.BeginZero(0, 2), ZX_OK);
  EXPECT_EQ(object.End(0, 2), ZX_OK);
  EXPECT_EQ(object.DirtyRanges(), DirtyList{});
}

TEST_F(PagerWritebackTest, ZeroOfAPageThatWasWrittenMeanwhileStaysDirty) {
  Grown object(6);
  EXPECT_EQ(object.BeginZero(1, 5), ZX_OK);
  object.Put(3);
  EXPECT_EQ(object.Zero(3, 1), ZX_OK);
  EXPECT_EQ(object.DirtyRanges(), (DirtyList{{1, 5, true}}));
  EXPECT_EQ(object.End(1, 5), ZX_OK);
  EXPECT_EQ(object.DirtyRanges(), (DirtyList{{3, 3, true}}));
}

TEST_F(PagerWritebackTest, DirtyZeroesOutliveTheDetachAndCanStillBeWrittenBack) {
  Grown object(3);
  object.Put(2);
  object.source->Detach();
  EXPECT_EQ(object.vmo->committed_pages(), 1u);
  EXPECT_EQ(object.DirtyRanges(), (DirtyList{{1, 1, true}, {2, 1}}));
  EXPECT_EQ(Peek(*object.vmo, 1), 0);
  EXPECT_EQ(Peek(*object.vmo, 2), 0xee);
  object.WriteBack(1, 2);
  EXPECT_EQ(object.DirtyRanges(), DirtyList{});
}

TEST_F(PagerWritebackTest, EndWithoutMemoryLeavesTheRestDirty) {
  for (uint64_t n = 1; n <= 3; ++n) {
    Grown object(5000);
    EXPECT_EQ(object.Begin(1, 2000), ZX_OK);
    torture::FailAllocation(n);
    const zx_status_t status = object.End(1, 2000);
    torture::FailAllocation(0);
    EXPECT_TRUE(status == ZX_OK || status == ZX_ERR_NO_MEMORY);
    const uint64_t first = status == ZX_OK ? 2001 : 1;
    EXPECT_EQ(object.DirtyRanges(), (DirtyList{{first, 5000 - first, true}}));
  }
}

// --- lending ---

TEST_F(PagerWritebackTest, LentPagesDoNotChange) {
  Grown object(3);
  object.Put(1);
  const VirtualAddress address = MapAll(*space_, object.vmo, kMapReadWrite);
  Done(StoreTo(address + kPageSize, 5));
  {
    LentPages lent;
    ASSERT_TRUE(object.vmo->LendPages(0, 3 * kPageSize, lent).ok());
    ASSERT_EQ(lent.pages().size(), 3u);
    Done(StoreTo(address + kPageSize, 6));
    EXPECT_EQ(object.Zero(0, 1), ZX_OK);
    EXPECT_EQ(*lent.pages()[0]->data<uint8_t>(), PagerObject::TagOf(0));
    EXPECT_EQ(*lent.pages()[1]->data<uint8_t>(), 5);
    EXPECT_EQ(*lent.pages()[2]->data<uint8_t>(), 0);
    EXPECT_EQ(Load(*space_, address + kPageSize), 6);
    EXPECT_EQ(Load(*space_, address), 0);
    EXPECT_EQ(object.vmo->committed_pages(), 1u);
  }
  Done(StoreTo(address + kPageSize, 7));
  EXPECT_EQ(Peek(*object.vmo, 1), 7);
}

TEST_F(PagerWritebackTest, PinnedPagesAreLentAsCopiesAndMissingOnesNotAtAll) {
  PagerObject object(3);
  ASSERT_EQ(object.Supply(0, 2), ZX_OK);
  const PinOp pin = Pin(object.vmo, 0, 1, PinAccess::kWrite);
  LentPages lent;
  EXPECT_EQ(ValueOf(object.vmo->LendPages(0, 3 * kPageSize, lent)), ZX_ERR_NOT_FOUND);
  EXPECT_TRUE(lent.pages().empty());
  ASSERT_TRUE(object.vmo->LendPages(0, 2 * kPageSize, lent).ok());
  EXPECT_NE(lent.pages()[0]->physical_address(), pin.pin->AddressOf(0));
  EXPECT_EQ(*lent.pages()[0]->data<uint8_t>(), PagerObject::TagOf(0));
  EXPECT_EQ(lent.pages()[1]->physical_address(), object.vmo->PeekPage(1).address);
  // A pin of a lent page takes another one, which then stays.
  const PinOp second = Pin(object.vmo, 1, 1, PinAccess::kRead);
  EXPECT_EQ(second.pin->AddressOf(0), object.vmo->PeekPage(1).address);
  EXPECT_NE(lent.pages()[1]->physical_address(), object.vmo->PeekPage(1).address);
}

// --- eviction ---

TEST_F(PagerWritebackTest, OnlyCleanPagesThatNobodyHoldsAreEvicted) {
  PagerObject object(6);
  ASSERT_EQ(object.Supply(0, 6), ZX_OK);
  const VirtualAddress address = MapAll(*space_, object.vmo, kMapReadWrite | ZX_VM_MAP_RANGE);
  std::vector<Page*> pages;
  for (uint64_t page = 0; page < 6; ++page) {
    pages.push_back(PageOf(object.vmo->PeekPage(page).address));
    EXPECT_EQ(pages.back()->object.owner, &object.content());
    EXPECT_EQ(pages.back()->object.index, page);
  }
  Done(Write(*object.vmo, 1, 1));
  const PinOp pin = Pin(object.vmo, 2, 1, PinAccess::kRead);
  LentPages lent;
  ASSERT_TRUE(object.vmo->LendPages(3 * kPageSize, kPageSize, lent).ok());
  for (uint64_t page = 0; page < 6; ++page) {
    const bool can_go = page == 0 || page > 3;
    EXPECT_EQ(object.content().CanEvict(*pages[page]), can_go) << page;
    if (can_go) {
      object.content().EvictPages(page, 1);
    }
  }
  EXPECT_EQ(object.vmo->committed_pages(), 3u);
  const Op load = Access(address, kRead);
  EXPECT_EQ(object.Packets(), Packets{R(0, 1)});
  ASSERT_EQ(object.Supply(0, 1), ZX_OK);
  fake_arch::RunUntilIdle();
  Done(load);
}

// --- supplying ---

TEST_F(PagerWritebackTest, SupplyMovesPagesAndLeavesNone) {
  PagerObject object(2);
  const RefPtr<Vmo> aux = MakeVmo(4);
  const VirtualAddress address = MapAll(*space_, aux, kMapReadWrite);
  Done(StoreTo(address + 2 * kPageSize, 0xcc));
  const PhysicalAddress frame = aux->PeekPage(2).address;
  ASSERT_EQ(ValueOf(object.vmo->SupplyPages(0, 2 * kPageSize, *aux, 2 * kPageSize)), ZX_OK);
  EXPECT_EQ(object.vmo->PeekPage(0).address, frame);
  EXPECT_EQ(Peek(*object.vmo, 0), 0xcc);
  EXPECT_EQ(Peek(*object.vmo, 1), 0);
  EXPECT_EQ(Load(*space_, address + 2 * kPageSize), 0);
  EXPECT_EQ(aux->committed_pages(), 0u);
  EXPECT_EQ(object.vmo->committed_pages(), 1u);
}

TEST_F(PagerWritebackTest, SupplyRefusesWhatIsNotPlainMemory) {
  PagerObject object(2);
  PagerObject other(2);
  const auto supply = [&](Vmo& aux) { return ValueOf(object.vmo->SupplyPages(0, kPageSize, aux, 0)); };
  ASSERT_EQ(other.Supply(0, 1), ZX_OK);
  EXPECT_EQ(supply(*other.vmo), ZX_ERR_NOT_SUPPORTED);
  EXPECT_EQ(supply(*Vmo::CreateContiguous(kPageSize, kPageSize).value()), ZX_ERR_NOT_SUPPORTED);
  const RefPtr<Vmo> parent = MakeVmo(2);
  const RefPtr<Vmo> child = parent->CreateChild(ChildKind::kSnapshot, 0, kPageSize, Resizability::kFixed).value();
  EXPECT_EQ(supply(*parent), ZX_ERR_BAD_STATE);
  EXPECT_EQ(supply(*child), ZX_ERR_BAD_STATE);
  const RefPtr<Vmo> pinned = MakeVmo(2);
  const PinOp pin = Pin(pinned, 0, 1, PinAccess::kRead);
  EXPECT_EQ(supply(*pinned), ZX_ERR_BAD_STATE);
  const RefPtr<Vmo> plain = MakeVmo(1);
  EXPECT_EQ(ValueOf(object.vmo->SupplyPages(2 * kPageSize, kPageSize, *plain, 0)), ZX_ERR_OUT_OF_RANGE);
  EXPECT_EQ(ValueOf(object.vmo->SupplyPages(0, kPageSize, *plain, kPageSize)), ZX_ERR_OUT_OF_RANGE);
  EXPECT_EQ(supply(*plain), ZX_OK);
}

}  // namespace
}  // namespace gk
