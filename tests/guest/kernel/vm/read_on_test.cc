// What streams of reads bring before anybody waits for it, in which pieces, and how these are shown and go again.
#include <gtest/gtest.h>

#include "guest/kernel/vm/paged_content.h"
#include "guest/kernel/vm/reclaim.h"
#include "tests/guest/kernel/vm/vm_fixture.h"
#include "tests/support/fake_arch/fibers.h"

namespace gk {
namespace {

constexpr uint64_t kLarge = base::kLargePageSize;
constexpr PageIndex kLargePages = base::kPagesPerLargePage;
constexpr PageIndex kPages = 8 * kLargePages;

class ReadOnTest : public VmTest {
 protected:
  ReadOnTest() : object_(kPages, kLargePages), space_(MakeSpace()) {
    va_ = MapAll(*space_, object_.vmo, kMapReadWrite | ZX_VM_ALIGN_2MB);
  }

  uint64_t LeafSize(PageIndex page) {
    const auto found = fake_arch::Walk(space_->page_table_root(), va_ + page * kPageSize);
    return found.has_value() ? found->leaf_size : 0;
  }
  // What a reader causes who reads up to `end` in order and gets all that he waits for.
  void ReadUpTo(PageIndex end) {
    object_.provider->answer_at_once = true;
    for (PageIndex page = 0; page < end; ++page) {
      ASSERT_EQ(Load(*space_, va_ + page * kPageSize), static_cast<uint8_t>(page));
    }
  }
  static void ReclaimOne() {
    reclaim::pages_go_every = 1;
    reclaim::OnSafePointOfTest();
    reclaim::pages_go_every = 0;
  }
  bool IsPresent(PageIndex page) { return static_cast<bool>(object_.vmo->PeekPage(page)); }

  PagedObject object_;
  RefPtr<AddressSpace> space_;
  VirtualAddress va_ = 0;
};

TEST_F(ReadOnTest, AStreamIsShownTwoMebibytesAtATime) {
  ReadUpTo(3 * kLargePages);
  EXPECT_EQ(LeafSize(0), kPageSize) << "it came in several reads";
  EXPECT_EQ(LeafSize(kLargePages), kLarge);
  EXPECT_EQ(LeafSize(2 * kLargePages), kLarge);
}

TEST_F(ReadOnTest, ReadsAreUnderWayBeforeTheirReaderComesToThem) {
  ReadUpTo(17);
  const uint64_t submitted = object_.provider->submitted;
  EXPECT_TRUE(IsPresent(kLargePages)) << "nobody has touched it";
  EXPECT_FALSE(IsPresent(4 * kLargePages));
  ReadUpTo(kLargePages + 1);
  EXPECT_EQ(object_.provider->submitted, submitted + 1) << "one more, when its second part was come to";
  ReadUpTo(2 * kLargePages);
  EXPECT_EQ(object_.provider->submitted, submitted + 1);
}

TEST_F(ReadOnTest, SeveralReadsAreWithTheProviderAtATime) {
  object_.provider->answer_at_once = false;
  for (int i = 0; i < 3; ++i) {  // misses at 0, 4, 16
    fake_arch::StartThread([&, i] { Load(*space_, va_ + (i == 0 ? 0 : i == 1 ? 4 : 16) * kPageSize); });
    fake_arch::RunUntilIdle();
    if (i != 2) {
      object_.provider->AnswerAll(ZX_OK);
      fake_arch::RunUntilIdle();
    }
  }
  EXPECT_GE(object_.provider->pending.size(), 3u);
  object_.provider->AnswerAll(ZX_OK);
  fake_arch::RunUntilIdle();
  EXPECT_EQ(object_.provider->pending.size(), 0u) << "only who reads on asks for more";
}

TEST_F(ReadOnTest, NothingIsAskedForBeyondTheEnd) {
  ReadUpTo(kPages);
  EXPECT_EQ(object_.vmo->committed_pages(), kPages);
  const uint64_t submitted = object_.provider->submitted;
  ReadUpTo(kPages);
  EXPECT_EQ(object_.provider->submitted, submitted);
}

TEST_F(ReadOnTest, AFailureOfWhatNobodyWaitsForIsNobodysUntilHeComesToIt) {
  ReadUpTo(4);
  object_.provider->answer_at_once = false;
  int read = 0;
  fake_arch::StartThread([&] { read = Load(*space_, va_ + 4 * kPageSize); });
  fake_arch::RunUntilIdle();
  object_.provider->AnswerAll(ZX_OK);
  fake_arch::StartThread([&] { read = Load(*space_, va_ + 16 * kPageSize); });
  fake_arch::RunUntilIdle();
  ASSERT_GE(object_.provider->pending.size(), 2u);
  object_.provider->Answer(ZX_OK);
  object_.provider->AnswerAll(ZX_ERR_IO);
  fake_arch::RunUntilIdle();
  EXPECT_EQ(read, 16);
  object_.provider->answer_at_once = true;
  EXPECT_EQ(Load(*space_, va_ + kLargePages * kPageSize), static_cast<uint8_t>(kLargePages)) << "asked for anew";
}

TEST_F(ReadOnTest, OneBadPageFailsItsOwnReadersAndNoOthers) {
  constexpr PageIndex kBad = 40;
  object_.provider->answer_at_once = true;
  object_.provider->bad_page = kBad;
  for (PageIndex page = 0; page < kLargePages; ++page) {
    EXPECT_EQ(Load(*space_, va_ + page * kPageSize), page == kBad ? -1 : static_cast<int>(static_cast<uint8_t>(page)))
        << page;
  }
  object_.provider->bad_page.reset();
  EXPECT_EQ(Load(*space_, va_ + kBad * kPageSize), static_cast<int>(kBad)) << "it is asked for anew";
}

TEST_F(ReadOnTest, AWriteCutsTheLargeEntryAndMakesOnePageDirty) {
  ReadUpTo(2 * kLargePages);
  const PageIndex page = kLargePages + 7;
  ASSERT_EQ(LeafSize(page), kLarge);
  ASSERT_EQ(Store(*space_, va_ + page * kPageSize, 99), ZX_OK);
  EXPECT_EQ(LeafSize(page), kPageSize);
  EXPECT_EQ(Load(*space_, va_ + page * kPageSize), 99);
  EXPECT_EQ(Load(*space_, va_ + (page + 1) * kPageSize), static_cast<uint8_t>(page + 1));
  const DirtyRun dirty = object_.vmo->content().AsPaged()->FindDirty(0, kPages);
  EXPECT_EQ(dirty.first, page);
  EXPECT_EQ(dirty.end, page + 1);
}

TEST_F(ReadOnTest, WhatOneEntryShowsHasItsSecondChanceAndGoesAsAWhole) {
  ReadUpTo(2 * kLargePages);
  for (PageIndex page = 0; page < kLargePages; ++page) {
    object_.vmo->content().SetHint(page, 1, PageHint::kAlwaysNeed);
  }
  ASSERT_EQ(LeafSize(kLargePages), kLarge);
  ASSERT_TRUE(space_->TakeAccessedMark(va_ + kLarge)) << "not used any more";
  ASSERT_EQ(Load(*space_, va_ + kLarge + 300 * kPageSize), static_cast<uint8_t>(kLargePages + 300));
  size_t before = object_.vmo->committed_pages();
  while (IsPresent(kLargePages + 300)) {
    ReclaimOne();
    const size_t now = object_.vmo->committed_pages();
    ASSERT_TRUE(now == before || now + kLargePages == before) << before << " " << now;
    before = now;
  }
  EXPECT_FALSE(IsPresent(kLargePages));
  EXPECT_FALSE(IsPresent(2 * kLargePages - 1));
  EXPECT_EQ(LeafSize(kLargePages), 0u);
  EXPECT_EQ(Load(*space_, va_ + kLarge), static_cast<uint8_t>(kLargePages));
}

// Only scattered pages are left: what is read is shown page by page.
TEST_F(ReadOnTest, WithoutRoomInOnePieceThereAreSmallPages) {
  std::vector<Page*> blocks;
  while (Page* block = AllocateContiguous(kLargePages, kLarge)) {
    blocks.push_back(block);
  }
  for (Page* block : blocks) {
    for (PageIndex i = 0; i < kLargePages; i += 2) {
      FreePage(block + i);
    }
  }
  ReadUpTo(2 * kLargePages);
  EXPECT_EQ(LeafSize(kLargePages), kPageSize);
  for (Page* block : blocks) {
    for (PageIndex i = 1; i < kLargePages; i += 2) {
      FreePage(block + i);
    }
  }
}

TEST_F(ReadOnTest, BlocksReadOneAfterTheOtherAreReadOnToo) {
  object_.provider->answer_at_once = true;
  constexpr PageIndex kBlock = 32;
  std::vector<uint8_t> bytes(kBlock * kPageSize);
  for (PageIndex page = 0; page < kPages; page += kBlock) {
    ASSERT_TRUE(object_.vmo->Read(bytes.data(), page * kPageSize, bytes.size()).ok());
    ASSERT_EQ(bytes.back(), static_cast<uint8_t>(page + kBlock - 1));
  }
  EXPECT_LT(object_.provider->submitted, 8u + kPages / kLargePages);
}

// Four times as much as there is memory.
TEST(ReadOnLittleMemoryTest, NearlyAllOfAStreamIsShownInLargePages) {
  constexpr uint64_t kMemory = uint64_t{64} << 20;
  constexpr PageIndex kParts = 4 * kMemory / kLarge;
  fake_arch::FakeRam ram{{{0, kMemory}}};
  PagedObject object(kParts * kLargePages, kLargePages);
  object.provider->answer_at_once = true;
  const RefPtr<AddressSpace> space = MakeSpace();
  const VirtualAddress va = MapAll(*space, object.vmo, kMapRead | ZX_VM_ALIGN_2MB);
  PageIndex large = 0;
  for (PageIndex part = 0; part < kParts; ++part) {
    for (PageIndex page = part * kLargePages; page < (part + 1) * kLargePages; ++page) {
      ASSERT_EQ(Load(*space, va + page * kPageSize), static_cast<uint8_t>(page));
    }
    large += fake_arch::Walk(space->page_table_root(), va + part * kLarge)->leaf_size == kLarge ? 1u : 0u;
  }
  EXPECT_GT(large, kParts * 85 / 100);
}

}  // namespace
}  // namespace gk
