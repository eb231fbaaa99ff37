// Pages that a source can be asked for again are taken back when memory is short: which go, in what order, and that
// nobody notices.
#include <gtest/gtest.h>

#include <vector>

#include "guest/kernel/vm/discardable.h"
#include "guest/kernel/vm/lent_pages.h"
#include "guest/kernel/vm/pinned_range.h"
#include "guest/kernel/vm/reclaim.h"
#include "tests/guest/kernel/vm/snapshot_fixture.h"
#include "tests/support/fake_arch/fibers.h"

namespace gk {
namespace {

constexpr uint64_t kMiB = uint64_t{1} << 20;
constexpr size_t kMaxFilledPages = SourceRequest::kMaxFilledPages;

// One page or object goes, as if memory were short.
void ReclaimOne() {
  reclaim::pages_go_every = 1;
  reclaim::OnSafePointOfTest();
  reclaim::pages_go_every = 0;
}

// The indices of pages that are there.
std::vector<PageIndex> Present(const Vmo& vmo) {
  std::vector<PageIndex> pages;
  for (PageIndex index = vmo.FindPresent(0); index != Vmo::kNoPage; index = vmo.FindPresent(index + 1)) {
    pages.push_back(index);
  }
  return pages;
}

// An object whose reads are answered at once.
struct FetchedObject : PagedObject {
  explicit FetchedObject(uint64_t pages, size_t read_ahead = 1) : PagedObject(pages, read_ahead) {
    provider->answer_at_once = true;
  }
};

class EvictTest : public SnapshotTest {
 protected:
  EvictTest() : space_(MakeSpace()) {}

  void Use(Vmo& vmo, std::initializer_list<PageIndex> pages) {
    for (const PageIndex page : pages) {
      EXPECT_EQ(Get(vmo, page), static_cast<int>(page));
    }
  }
  // As if no CPU had used the entries since they were made.
  void ForgetUses(VirtualAddress address, PageIndex pages) {
    for (PageIndex page = 0; page < pages; ++page) {
      space_->TakeAccessedMark(address + page * kPageSize);
    }
  }

  RefPtr<AddressSpace> space_;
};

using Pages = std::vector<PageIndex>;

TEST_F(EvictTest, LeastRecentlyUsedPageGoesFirst) {
  FetchedObject object(4);
  Use(*object.vmo, {2, 0, 3, 1, 0});
  ReclaimOne();
  EXPECT_EQ(Present(*object.vmo), (Pages{0, 1, 3}));
  ReclaimOne();
  EXPECT_EQ(Present(*object.vmo), (Pages{0, 1}));
  ReclaimOne();
  EXPECT_EQ(Present(*object.vmo), (Pages{0}));
  ReclaimOne();
  EXPECT_EQ(Present(*object.vmo), Pages());
  ReclaimOne();  // there is nothing left
}

TEST_F(EvictTest, PagesOfAllObjectsAreInOneOrder) {
  FetchedObject first(2);
  FetchedObject second(2);
  Use(*first.vmo, {0});
  Use(*second.vmo, {1});
  Use(*first.vmo, {1});
  ReclaimOne();
  EXPECT_EQ(Present(*first.vmo), (Pages{1}));
  ReclaimOne();
  EXPECT_EQ(Present(*second.vmo), Pages());
  EXPECT_EQ(Present(*first.vmo), (Pages{1}));
}

TEST_F(EvictTest, DiscardableObjectsStandInTheSameOrder) {
  FetchedObject object(2);
  const RefPtr<Vmo> discardable = Vmo::CreateDiscardable(kPageSize, Resizability::kFixed).value();
  Discardable& lock = *discardable->content().discardable();
  lock.Lock();
  Put(*discardable, 0, 5);
  Use(*object.vmo, {0});
  EXPECT_EQ(Discardable::GetPageStatistics().locked_pages, 1u);
  ASSERT_TRUE(lock.Unlock().ok());
  EXPECT_EQ(Discardable::GetPageStatistics().locked_pages, 0u);
  EXPECT_EQ(Discardable::GetPageStatistics().unlocked_pages, 1u);
  Use(*object.vmo, {1});
  EXPECT_EQ(reclaim::GetPageStatistics().pages, 2u);
  ReclaimOne();
  EXPECT_EQ(Present(*object.vmo), (Pages{1}));
  EXPECT_FALSE(lock.discarded());
  ReclaimOne();
  EXPECT_TRUE(lock.discarded());
  EXPECT_EQ(discardable->reclaimed_pages(), 1u);
  EXPECT_EQ(Present(*object.vmo), (Pages{1}));
}

TEST_F(EvictTest, WhatWentIsAskedForAgain) {
  FetchedObject object(2);
  Use(*object.vmo, {1});
  EXPECT_EQ(object.provider->submitted, 1u);
  EXPECT_EQ(object.vmo->reclaimed_pages(), 0u);
  EXPECT_TRUE(reclaim::ReclaimAll());
  EXPECT_EQ(object.vmo->committed_pages(), 0u);
  EXPECT_EQ(object.vmo->reclaimed_pages(), 1u);
  Use(*object.vmo, {1});
  EXPECT_EQ(object.provider->submitted, 2u);
  EXPECT_EQ(object.vmo->reclaimed_pages(), 1u);
}

TEST_F(EvictTest, WhatTheSourceDoesNotHaveStays) {
  FetchedObject object(5);
  Use(*object.vmo, {0, 1, 2, 3, 4});
  Put(*object.vmo, 0, 100);
  Put(*object.vmo, 1, 101);
  ASSERT_TRUE(object.vmo->WritebackBegin(kPageSize, kPageSize, WritebackScope::kAll).ok());
  PinnedRange pin = PinnedRange::Pin(object.vmo, 2 * kPageSize, kPageSize, PinAccess::kRead).value();
  {
    LentPages lent;
    ASSERT_TRUE(object.vmo->LendPages(3 * kPageSize, kPageSize, lent).ok());
    EXPECT_TRUE(reclaim::ReclaimAll());
    EXPECT_EQ(Present(*object.vmo), (Pages{0, 1, 2, 3})) << "dirty, awaiting clean, pinned, lent";
    EXPECT_FALSE(reclaim::ReclaimAll());
  }
  ASSERT_TRUE(object.vmo->WritebackEnd(kPageSize, kPageSize).ok());
  pin.Release();
  EXPECT_TRUE(reclaim::ReclaimAll());
  EXPECT_EQ(Present(*object.vmo), (Pages{0}));
  EXPECT_EQ(Get(*object.vmo, 0), 100);
}

// It has become a page of nobody when the content made itself a copy to write to.
TEST_F(EvictTest, PageThatIsOnlyLentAnyMoreIsNotConsidered) {
  FetchedObject object(1);
  Use(*object.vmo, {0});
  LentPages first;
  ASSERT_TRUE(object.vmo->LendPages(0, kPageSize, first).ok());
  {
    LentPages second;
    ASSERT_TRUE(object.vmo->LendPages(0, kPageSize, second).ok());
    Put(*object.vmo, 0, 9);
  }
  EXPECT_FALSE(reclaim::ReclaimAll());
  EXPECT_EQ(Get(*object.vmo, 0), 9);
}

TEST_F(EvictTest, PageThatSomebodyWaitsToWriteStays) {
  const auto provider = MakeRefCounted<FakeProvider>(size_t{1});
  const RefPtr<Vmo> vmo =
      Vmo::CreatePagerBacked(PageSource::Create(provider), 2 * kPageSize, {.trap_dirty = true}).value();
  provider->answer_at_once = true;
  Use(*vmo, {0, 1});
  provider->answer_at_once = false;
  zx_status_t status = ZX_ERR_INTERNAL;
  const uint8_t byte = 77;
  fake_arch::StartThread([&] { status = ValueOf(vmo->Write(&byte, 0, 1)); });
  fake_arch::RunUntilIdle();
  EXPECT_TRUE(reclaim::ReclaimAll());
  EXPECT_EQ(Present(*vmo), (Pages{0}));
  provider->AnswerAll(ZX_OK);
  fake_arch::RunUntilIdle();
  EXPECT_EQ(status, ZX_OK);
  EXPECT_EQ(Get(*vmo, 0), 77);
}

// What is kept after a pager has gone can be had from nowhere else.
TEST_F(EvictTest, PagesOfAClosedSourceStay) {
  FetchedObject object(1);
  Use(*object.vmo, {0});
  object.source->Close();
  EXPECT_FALSE(reclaim::ReclaimAll());
  Use(*object.vmo, {0});
}

TEST_F(EvictTest, NeighboursGoWithOneInvalidation) {
  FetchedObject object(8);
  const VirtualAddress va = MapAll(*space_, object.vmo, kMapRead);
  for (PageIndex page = 0; page < 8; ++page) {
    EXPECT_EQ(Load(*space_, va + page * kPageSize), static_cast<int>(page));
  }
  ForgetUses(va, 8);
  const uint64_t before = fake_arch::GetMmuStatistics().invalidations;
  EXPECT_TRUE(reclaim::ReclaimAll());
  EXPECT_EQ(fake_arch::GetMmuStatistics().invalidations, before + 1);
  for (PageIndex page = 0; page < 8; ++page) {
    EXPECT_FALSE(IsEntered(*space_, va + page * kPageSize));
  }
  EXPECT_EQ(Load(*space_, va + 5 * kPageSize), 5);
}

TEST_F(EvictTest, MappedPageInUseHasASecondChance) {
  FetchedObject object(3);
  const VirtualAddress va = MapAll(*space_, object.vmo, kMapRead);
  for (PageIndex page = 0; page < 3; ++page) {
    ASSERT_EQ(Load(*space_, va + page * kPageSize), static_cast<int>(page));
  }
  ForgetUses(va, 3);
  ASSERT_EQ(Load(*space_, va), 0);  // without a fault
  ReclaimOne();
  EXPECT_EQ(Present(*object.vmo), (Pages{0, 2}));
  EXPECT_TRUE(IsEntered(*space_, va));
  ReclaimOne();
  EXPECT_EQ(Present(*object.vmo), (Pages{0}));
  ReclaimOne();
  EXPECT_EQ(Present(*object.vmo), Pages()) << "one chance for one use";
}

TEST_F(EvictTest, UseThroughAMappedCopyCounts) {
  FetchedObject object(4);
  const RefPtr<Vmo> copy = Lazy(*object.vmo, 1, 3);
  const VirtualAddress va = MapAll(*space_, copy, kMapReadWrite);
  Use(*object.vmo, {0});
  ASSERT_EQ(Load(*space_, va), 1);
  ASSERT_EQ(Load(*space_, va + kPageSize), 2);
  ForgetUses(va, 2);
  ASSERT_EQ(Load(*space_, va), 1);
  ReclaimOne();
  ReclaimOne();
  EXPECT_EQ(Present(*object.vmo), (Pages{1}));
}

TEST_F(EvictTest, PagesGoFromMappingsOfCopiesToo) {
  FetchedObject object(4);
  const RefPtr<Vmo> copy = Lazy(*object.vmo, 1, 3);
  const RefPtr<Vmo> second = Lazy(*copy, 1, 2);
  const VirtualAddress original_va = MapAll(*space_, object.vmo, kMapRead);
  const VirtualAddress copy_va = MapAll(*space_, copy, kMapReadWrite);
  const VirtualAddress second_va = MapAll(*space_, second, kMapReadWrite);
  ASSERT_EQ(Store(*space_, copy_va, 55), ZX_OK);
  ASSERT_EQ(Load(*space_, original_va + 2 * kPageSize), 2);
  ASSERT_EQ(Load(*space_, copy_va + kPageSize), 2);
  ASSERT_EQ(Load(*space_, second_va), 2);
  EXPECT_TRUE(reclaim::ReclaimAll());
  EXPECT_EQ(object.vmo->committed_pages(), 0u);
  EXPECT_FALSE(IsEntered(*space_, original_va + 2 * kPageSize));
  EXPECT_FALSE(IsEntered(*space_, copy_va + kPageSize));
  EXPECT_FALSE(IsEntered(*space_, second_va));
  EXPECT_EQ(Load(*space_, second_va), 2);
  EXPECT_EQ(Load(*space_, copy_va), 55) << "the copy's own page has stayed";
}

TEST_F(EvictTest, PagesThatAreNotNeededGoFirst) {
  FetchedObject object(4);
  Use(*object.vmo, {0, 1, 2, 3});
  object.vmo->DontNeed(2 * kPageSize + 1, kPageSize);
  EXPECT_EQ(reclaim::GetPageStatistics().not_needed_pages, 2u);
  ReclaimOne();
  EXPECT_EQ(Present(*object.vmo), (Pages{0, 1, 3}));
  ReclaimOne();
  EXPECT_EQ(Present(*object.vmo), (Pages{0, 1}));
  object.vmo->DontNeed(kPageSize, kPageSize);
  Use(*object.vmo, {1});
  ReclaimOne();
  EXPECT_EQ(Present(*object.vmo), (Pages{1})) << "it was needed all the same";
  EXPECT_EQ(object.provider->submitted, 4u) << "a hint fetches nothing";
}

TEST_F(EvictTest, PagesThatAreAlwaysNeededGoLast) {
  FetchedObject object(4);
  ASSERT_TRUE(object.vmo->AlwaysNeed(0, kPageSize).ok());
  EXPECT_EQ(Present(*object.vmo), (Pages{0}));
  const RefPtr<Vmo> discardable = Vmo::CreateDiscardable(kPageSize, Resizability::kFixed).value();
  Discardable& lock = *discardable->content().discardable();
  lock.Lock();
  Put(*discardable, 0, 5);
  ASSERT_TRUE(lock.Unlock().ok());
  Use(*object.vmo, {2, 3});
  ReclaimOne();
  EXPECT_TRUE(lock.discarded());
  ReclaimOne();
  ReclaimOne();
  EXPECT_EQ(Present(*object.vmo), (Pages{0}));
  ReclaimOne();
  EXPECT_EQ(Present(*object.vmo), Pages()) << "before an allocation fails";
}

TEST_F(EvictTest, PagesBroughtAheadGoAfterThoseInUseAndBeforeThoseAlwaysNeeded) {
  FetchedObject object(200);
  Use(*object.vmo, {0, 64, 128});
  object.vmo->ExpectUse(0, kPageSize);
  ASSERT_TRUE(object.vmo->AlwaysNeed(128 * kPageSize, kPageSize).ok());
  EXPECT_EQ(reclaim::GetPageStatistics().ahead_pages, 1u);
  ReclaimOne();
  EXPECT_EQ(Present(*object.vmo), (Pages{0, 128})) << "though page 0 is the older one";
  ReclaimOne();
  EXPECT_EQ(Present(*object.vmo), (Pages{128}));
}

TEST_F(EvictTest, PageBroughtAheadIsLikeOthersFromItsFirstUseOn) {
  FetchedObject object(200);
  Use(*object.vmo, {0, 1, 64, 128});
  object.vmo->ExpectUse(0, 65 * kPageSize);
  EXPECT_EQ(reclaim::GetPageStatistics().ahead_pages, 3u);
  Use(*object.vmo, {1});
  EXPECT_EQ(reclaim::GetPageStatistics().ahead_pages, 1u) << "page 0 comes with it where a fault shows it";
  Use(*object.vmo, {128});
  ReclaimOne();
  ReclaimOne();
  EXPECT_EQ(Present(*object.vmo), (Pages{64, 128}));
}

TEST_F(EvictTest, PageBroughtAheadThatNobodyComesToGoesInTheEnd) {
  FetchedObject object(2);
  Use(*object.vmo, {0});
  object.vmo->ExpectUse(0, kPageSize);
  for (uint64_t i = 0; i <= 4 * TotalPageCount(); ++i) {
    Use(*object.vmo, {1});
  }
  ReclaimOne();
  EXPECT_EQ(Present(*object.vmo), (Pages{1}));
}

struct NotedRoom final : RoomObserver {
  void OnRoomAhead() override { ++told; }
  void OnFreed() override { ++freed; }
  int told = 0;
  int freed = 0;
};

TEST_F(EvictTest, NoMoreAreBroughtAheadThanAQuarterOfMemoryAndWhoWaitsIsToldOnce) {
  const uint64_t most = TotalPageCount() / 4;
  FetchedObject object(most, kMaxFilledPages);
  for (PageIndex page = 0; page < most; ++page) {
    ASSERT_EQ(Get(*object.vmo, page), static_cast<int>(page % 256));
  }
  EXPECT_EQ(reclaim::FindRoomAhead(1), reclaim::RoomAhead::kEnough);
  object.vmo->ExpectUse(0, most * kPageSize);
  EXPECT_EQ(reclaim::FindRoomAhead(1), reclaim::RoomAhead::kNone);
  NotedRoom room;
  reclaim::AwaitRoomAhead(&room);
  for (PageIndex page = 0; page < most; page += kFaultWindowPages) {
    reclaim::SafePoint();
    EXPECT_EQ(room.told, reclaim::GetPageStatistics().ahead_pages <= most / 2 ? 1 : 0);
    static_cast<void>(Get(*object.vmo, page));
  }
  reclaim::SafePoint();
  EXPECT_EQ(room.told, 1);
  EXPECT_EQ(reclaim::GetPageStatistics().ahead_pages, 0u);
}

TEST_F(EvictTest, CopyHintsAtWhatItShows) {
  FetchedObject object(4);
  const RefPtr<Vmo> copy = Lazy(*object.vmo, 1, 3);
  Put(*copy, 1, 9);
  Use(*object.vmo, {0, 1, 2, 3});
  copy->DontNeed(0, 2 * kPageSize);
  EXPECT_EQ(reclaim::GetPageStatistics().not_needed_pages, 1u);
  ReclaimOne();
  EXPECT_EQ(Present(*object.vmo), (Pages{0, 2, 3})) << "page 2 is hidden by the copy's own";
}

TEST_F(EvictTest, HintsAreRememberedWhileAPageIsDirty) {
  FetchedObject object(2);
  Use(*object.vmo, {0, 1});
  Put(*object.vmo, 1, 50);
  object.vmo->DontNeed(kPageSize, kPageSize);
  ASSERT_TRUE(object.vmo->WritebackBegin(0, 2 * kPageSize, WritebackScope::kAll).ok());
  ASSERT_TRUE(object.vmo->WritebackEnd(0, 2 * kPageSize).ok());
  ReclaimOne();
  EXPECT_EQ(Present(*object.vmo), (Pages{0}));
}

// ---- Little memory

class LittleMemoryTest : public testing::Test {
 protected:
  static constexpr uint64_t kMemory = 16 * kMiB;
  static constexpr uint64_t kLongestRead = kMemory / kPageSize / 32;

  fake_arch::FakeRam ram_{{{0, kMemory}}};
};

TEST_F(LittleMemoryTest, ObjectLargerThanMemoryIsReadInOneGo) {
  constexpr PageIndex kPages = 4 * kMemory / kPageSize;
  FetchedObject object(kPages, kMaxFilledPages);
  std::vector<uint8_t> bytes(kMiB / 2);
  for (uint64_t offset = 0; offset < kPages * kPageSize; offset += bytes.size()) {
    ASSERT_TRUE(object.vmo->Read(bytes.data(), offset, bytes.size()).ok());
    for (uint64_t at = 0; at < bytes.size(); at += kPageSize) {
      ASSERT_EQ(bytes[at], static_cast<uint8_t>((offset + at) / kPageSize));
    }
    ASSERT_GE(FreePageCount(), reclaim::LowWatermark()) << "reading ahead leaves the reserve alone";
  }
  EXPECT_EQ(object.provider->submitted, kPages / kLongestRead) << "nothing went before it was used";
}

TEST_F(LittleMemoryTest, ObjectLargerThanMemoryIsReadThroughAMapping) {
  constexpr PageIndex kPages = 2 * kMemory / kPageSize;
  FetchedObject object(kPages, kMaxFilledPages);
  const RefPtr<AddressSpace> space = MakeSpace();
  const VirtualAddress va = MapAll(*space, object.vmo, kMapRead);
  for (PageIndex page = 0; page < kPages; ++page) {
    ASSERT_EQ(Load(*space, va + page * kPageSize), static_cast<uint8_t>(page));
  }
  EXPECT_LT(object.provider->submitted, kPages / kLongestRead + 16) << "nothing went before it was used";
}

// Their reads are on their way at the same time, and all of the memory that they fill must come from pages that go.
TEST_F(LittleMemoryTest, ReadersOfSeveralObjectsDoNotRunOutOfMemory) {
  constexpr PageIndex kPages = kMemory / kPageSize;
  constexpr size_t kReaders = 8;
  std::vector<PagedObject> objects;
  std::vector<zx_status_t> statuses(kReaders, ZX_ERR_INTERNAL);
  for (size_t reader = 0; reader < kReaders; ++reader) {
    objects.emplace_back(kPages, kMaxFilledPages);
  }
  for (size_t reader = 0; reader < kReaders; ++reader) {
    fake_arch::StartThread(
        [&, reader] { statuses[reader] = ValueOf(objects[reader].vmo->Prefetch(0, kPages * kPageSize)); });
  }
  for (bool waiting = true; waiting;) {
    fake_arch::RunUntilIdle();
    waiting = false;
    for (const PagedObject& object : objects) {
      waiting = waiting || !object.provider->pending.empty();
      object.provider->AnswerAll(ZX_OK);
    }
  }
  EXPECT_EQ(statuses, std::vector<zx_status_t>(kReaders, ZX_OK));
}

TEST_F(LittleMemoryTest, WritesFillMemoryBeforeTheyFailAndNoneIsLost) {
  constexpr PageIndex kPages = 2 * kMemory / kPageSize;
  FetchedObject object(kPages, kMaxFilledPages);
  PageIndex written = 0;
  zx_status_t status = ZX_OK;
  while (status == ZX_OK) {
    const auto value = static_cast<uint8_t>(written * 7 + 1);
    status = ValueOf(object.vmo->Write(&value, written * kPageSize, 1));
    written += status == ZX_OK ? 1 : 0;
  }
  EXPECT_EQ(status, ZX_ERR_NO_MEMORY);
  EXPECT_GT(written * kPageSize, kMemory / 10 * 8);
  for (PageIndex page = 0; page < written; ++page) {
    uint8_t value = 0;
    ASSERT_TRUE(object.vmo->Read(&value, page * kPageSize, 1).ok());
    ASSERT_EQ(value, static_cast<uint8_t>(page * 7 + 1));
  }
  // Once they are written back there is room again.
  ASSERT_TRUE(object.vmo->WritebackBegin(0, kPages * kPageSize, WritebackScope::kAll).ok());
  ASSERT_TRUE(object.vmo->WritebackEnd(0, kPages * kPageSize).ok());
  const uint8_t last = 3;
  EXPECT_TRUE(object.vmo->Write(&last, (kPages - 1) * kPageSize, 1).ok());
}

}  // namespace
}  // namespace gk
