#include <gtest/gtest.h>

#include <array>
#include <map>
#include <random>

#include "guest/kernel/arch/paging.h"
#include "guest/kernel/arch/tlb.h"
#include "guest/kernel/arch/x86_64/page_table_entry.h"
#include "guest/kernel/vm/pmm.h"
#include "guest/kernel/vm/torture.h"
#include "tests/guest/kernel/vm/vm_fixture.h"

namespace gk {
namespace {

using arch::MappingAttributes;
using arch::PageTable;

constexpr uint64_t kMiB = uint64_t{1} << 20;
constexpr VirtualAddress kVa = 0x40'0000'0000;
constexpr MappingAttributes kUserRead{.access = kRead, .user = true};
constexpr MappingAttributes kUserWrite{.access = kReadWrite, .user = true};

class PageTableTest : public VmTest {
 protected:
  PageTableTest() : table_(PageTable::Create().value()) {}
  ~PageTableTest() override {
    Invalidate();
    table_.Destroy();
  }

  void Invalidate() {
    arch::InvalidateAddressSpace(0);
    table_.OnInvalidated();
  }
  // Both opinions, which must agree.
  std::optional<arch::Translation> Look(VirtualAddress address) {
    const auto walked = fake_arch::Walk(table_.root(), address);
    const auto queried = table_.Query(address);
    EXPECT_EQ(walked.has_value(), queried.has_value());
    if (walked.has_value() && queried.has_value()) {
      EXPECT_EQ(walked->address, queried->address);
      EXPECT_TRUE(IsSame(walked->attributes.access, queried->attributes.access));
      EXPECT_EQ(walked->leaf_size, queried->leaf_size);
    }
    return queried;
  }

  PageTable table_;
};

TEST_F(PageTableTest, MappedPageTranslatesWithItsAttributes) {
  ASSERT_TRUE(table_.Map(kVa, 0x200000, 1, {.access = kRead, .user = true, .accessed = true}).ok());

  const auto found = Look(kVa + 0x123);
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->address, 0x200123u);
  EXPECT_TRUE(IsSame(found->attributes.access, kRead));
  EXPECT_TRUE(found->attributes.user);
  EXPECT_TRUE(found->attributes.accessed);
  EXPECT_FALSE(found->dirty);
  EXPECT_FALSE(Look(kVa + kPageSize).has_value());
  EXPECT_FALSE(Look(kVa - 1).has_value());
}

TEST_F(PageTableTest, AlignedRangeGetsLargeLeavesWithSmallOnesAround) {
  ASSERT_TRUE(table_.Map(kVa + 2 * kMiB - kPageSize, 4 * kMiB - kPageSize, 514, kUserWrite).ok());

  EXPECT_EQ(Look(kVa + 2 * kMiB - 1)->leaf_size, kPageSize);
  EXPECT_EQ(Look(kVa + 2 * kMiB)->leaf_size, base::kLargePageSize);
  EXPECT_EQ(Look(kVa + 4 * kMiB - 1)->address, 6 * kMiB - 1);
  EXPECT_EQ(Look(kVa + 4 * kMiB)->leaf_size, kPageSize);
  EXPECT_FALSE(Look(kVa + 4 * kMiB + kPageSize).has_value());
}

TEST_F(PageTableTest, MisalignedFrameGetsSmallLeaves) {
  ASSERT_TRUE(table_.Map(kVa, 2 * kMiB + kPageSize, 512, kUserRead).ok());
  EXPECT_EQ(Look(kVa)->leaf_size, kPageSize);
}

TEST_F(PageTableTest, WriteAndExecuteTogetherAreRefused) {
  const MappingAttributes all{.access = {.read = true, .write = true, .execute = true}, .user = true};
  const PhysicalAddress frame = 0x200000;
  EXPECT_EQ(ValueOf(table_.Map(kVa, frame, 1, all)), ZX_ERR_ACCESS_DENIED);
  EXPECT_EQ(ValueOf(table_.MapFrames(kVa, {&frame, 1}, all)), ZX_ERR_ACCESS_DENIED);
  EXPECT_EQ(ValueOf(table_.Map(kVa, frame, 1, {.access = {}})), ZX_ERR_ACCESS_DENIED);
  EXPECT_FALSE(Look(kVa).has_value());
}

TEST_F(PageTableTest, BadRangesAreRefused) {
  EXPECT_EQ(ValueOf(table_.Map(kVa + 1, 0x200000, 1, kUserRead)), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(ValueOf(table_.Map(kVa, 0x200001, 1, kUserRead)), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(ValueOf(table_.Map(kVa, 0x200000, 0, kUserRead)), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(ValueOf(table_.Map(0x0000'8000'0000'0000, 0x200000, 1, kUserRead)), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(ValueOf(table_.Map(0x0000'7fff'ffff'f000, 0x200000, 2, kUserRead)), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(ValueOf(table_.Unmap(0xffff'ffff'ffff'f000, 2)), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(ValueOf(table_.Unmap(kVa, SIZE_MAX)), ZX_ERR_INVALID_ARGS);
}

TEST_F(PageTableTest, BothEndsOfTheAddressSpaceCanBeMapped) {
  ASSERT_TRUE(table_.Map(0, 0x200000, 1, kUserRead).ok());
  ASSERT_TRUE(table_.Map(0x0000'7fff'ffff'f000, 0x201000, 1, kUserRead).ok());
  ASSERT_TRUE(table_.Map(0xffff'ffff'ffff'f000, 0x202000, 1, kUserRead).ok());
  EXPECT_EQ(Look(0xffff'ffff'ffff'ffff)->address, 0x202fffu);
  ASSERT_TRUE(table_.Unmap(0xffff'ffff'ffff'f000, 1).ok());
  EXPECT_FALSE(Look(0xffff'ffff'ffff'f000).has_value());
}

TEST_F(PageTableTest, MappingOverSomethingChangesNothing) {
  ASSERT_TRUE(table_.Map(kVa + 5 * kPageSize, 0x200000, 1, kUserRead).ok());
  EXPECT_EQ(ValueOf(table_.Map(kVa, 0x400000, 8, kUserRead)), ZX_ERR_ALREADY_EXISTS);
  EXPECT_FALSE(Look(kVa).has_value());
  EXPECT_EQ(Look(kVa + 5 * kPageSize)->address, 0x200000u);
}

TEST_F(PageTableTest, FramesGoWhereNothingIsAndHolesStay) {
  ASSERT_TRUE(table_.Map(kVa + kPageSize, 0x300000, 1, kUserRead).ok());
  const std::array<PhysicalAddress, 4> frames{0x200000, 0x210000, arch::kNoFrame, 0x220000};

  ASSERT_TRUE(table_.MapFrames(kVa, frames, kUserWrite).ok());

  EXPECT_EQ(Look(kVa)->address, 0x200000u);
  EXPECT_EQ(Look(kVa + kPageSize)->address, 0x300000u);
  EXPECT_FALSE(Look(kVa + 2 * kPageSize).has_value());
  EXPECT_EQ(Look(kVa + 3 * kPageSize)->address, 0x220000u);
}

// The store of a frame that comes alone is put off until the program runs again.
TEST_F(PageTableTest, AFrameThatComesAloneIsStoredLateAndSeenByEverythingThatLooks) {
  ASSERT_TRUE(table_.Map(kVa + kPageSize, 0x300000, 1, kUserRead).ok());
  const PhysicalAddress frame = 0x200000;
  const std::array<PhysicalAddress, 3> alone{arch::kNoFrame, arch::kNoFrame, frame};

  const uint64_t before = fake_arch::GetMmuStatistics().stores;
  ASSERT_TRUE(table_.MapFrames(kVa, alone, kUserRead).ok());
  EXPECT_EQ(fake_arch::GetMmuStatistics().stores, before);

  EXPECT_EQ(ValueOf(table_.Map(kVa + 2 * kPageSize, 0x400000, 1, kUserRead)), ZX_ERR_ALREADY_EXISTS);
  EXPECT_EQ(table_.Query(kVa + 2 * kPageSize)->address, frame);
  EXPECT_EQ(fake_arch::GetMmuStatistics().stores, before + 1);
}

TEST_F(PageTableTest, AFrameThatIsRemovedBeforeItsStoreIsNotThereAfterwards) {
  const PhysicalAddress frame = 0x200000;
  ASSERT_TRUE(table_.Map(kVa + kPageSize, 0x300000, 1, kUserRead).ok());
  ASSERT_TRUE(table_.MapFrames(kVa, {&frame, 1}, kUserRead).ok());

  ASSERT_TRUE(table_.Unmap(kVa, 1).ok());

  EXPECT_TRUE(table_.needs_invalidation());
  EXPECT_FALSE(Look(kVa).has_value());
  EXPECT_TRUE(Look(kVa + kPageSize).has_value());
}

TEST_F(PageTableTest, UnmapFreesEmptyTablesAfterTheInvalidation) {
  const size_t before = table_.table_pages();
  ASSERT_TRUE(table_.Map(kVa, 0x200000, 3, kUserRead).ok());
  EXPECT_EQ(table_.table_pages(), before + 3);

  ASSERT_TRUE(table_.Unmap(kVa, 3).ok());

  EXPECT_TRUE(table_.needs_invalidation());
  EXPECT_EQ(table_.table_pages(), before + 3);
  Invalidate();
  EXPECT_EQ(table_.table_pages(), before);
  EXPECT_FALSE(table_.needs_invalidation());
}

TEST_F(PageTableTest, UnmappingNothingNeedsNoInvalidation) {
  ASSERT_TRUE(table_.Unmap(kVa, 1 << 20).ok());
  EXPECT_FALSE(table_.needs_invalidation());
}

TEST_F(PageTableTest, PartialUnmapSplitsALargeLeaf) {
  ASSERT_TRUE(table_.Map(kVa, 2 * kMiB, 512, kUserWrite).ok());

  ASSERT_TRUE(table_.Unmap(kVa + 7 * kPageSize, 2).ok());

  EXPECT_EQ(Look(kVa + 6 * kPageSize)->address, 2 * kMiB + 6 * kPageSize);
  EXPECT_FALSE(Look(kVa + 7 * kPageSize).has_value());
  EXPECT_FALSE(Look(kVa + 8 * kPageSize).has_value());
  EXPECT_EQ(Look(kVa + 9 * kPageSize)->address, 2 * kMiB + 9 * kPageSize);
  EXPECT_EQ(Look(kVa + 2 * kMiB - 1)->leaf_size, kPageSize);
}

TEST_F(PageTableTest, SplitThatFindsNoMemoryChangesNothing) {
  ASSERT_TRUE(table_.Map(kVa, 2 * kMiB, 512, kUserWrite).ok());
  torture::FailAllocation(1);
  EXPECT_EQ(ValueOf(table_.Unmap(kVa, 1)), ZX_ERR_NO_MEMORY);
  EXPECT_EQ(Look(kVa)->leaf_size, base::kLargePageSize);
}

TEST_F(PageTableTest, ProtectTakesPermissionsAndNeverGivesAny) {
  ASSERT_TRUE(table_.Map(kVa, 0x200000, 1, kUserWrite).ok());
  ASSERT_TRUE(table_.Map(kVa + kPageSize, 0x201000, 1, kUserRead).ok());

  ASSERT_TRUE(table_.Protect(kVa, 2, kReadWrite).ok());
  EXPECT_FALSE(table_.needs_invalidation());
  EXPECT_FALSE(Look(kVa + kPageSize)->attributes.access.write);

  ASSERT_TRUE(table_.Protect(kVa, 3, kRead).ok());
  EXPECT_TRUE(table_.needs_invalidation());
  EXPECT_FALSE(Look(kVa)->attributes.access.write);

  ASSERT_TRUE(table_.Protect(kVa, 1, {}).ok());
  EXPECT_FALSE(Look(kVa).has_value());
}

TEST_F(PageTableTest, PartialProtectSplitsALargeLeaf) {
  ASSERT_TRUE(table_.Map(kVa, 2 * kMiB, 512, kUserWrite).ok());
  ASSERT_TRUE(table_.Protect(kVa + kPageSize, 1, kRead).ok());
  EXPECT_TRUE(Look(kVa)->attributes.access.write);
  EXPECT_FALSE(Look(kVa + kPageSize)->attributes.access.write);
  EXPECT_TRUE(Look(kVa + 2 * kPageSize)->attributes.access.write);
}

TEST_F(PageTableTest, FailureOfAnyAllocationLeavesNoTrace) {
  const size_t before = table_.table_pages();
  for (uint64_t n = 1;; ++n) {
    torture::FailAllocation(n);
    // Across a 1 GiB boundary: one table of level 3, two of level 2, two of level 1.
    const Result<> mapped = table_.Map(kVa - 4 * kPageSize, 0x200000, 8, kUserRead);
    torture::FailAllocation(0);
    if (mapped.ok()) {
      EXPECT_EQ(n, 6u);
      break;
    }
    EXPECT_EQ(mapped.error().value(), ZX_ERR_NO_MEMORY);
    Invalidate();
    EXPECT_EQ(table_.table_pages(), before);
  }
}

TEST_F(PageTableTest, SharedSlotIsSeenAndLeftAlone) {
  const VirtualAddress nucleus = 0xffff'ffff'c000'0000;
  ASSERT_TRUE(table_.Map(nucleus, 0x200000, 1, {.access = {.read = true, .execute = true}}).ok());
  PageTable sharing = PageTable::CreateSharing(table_.root_entry()).value();

  EXPECT_EQ(fake_arch::Walk(sharing.root(), nucleus)->address, 0x200000u);
  EXPECT_FALSE(sharing.Query(nucleus)->attributes.user);
  EXPECT_EQ(ValueOf(sharing.Map(nucleus + kPageSize, 0x201000, 1, kUserRead)), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(ValueOf(sharing.Unmap(nucleus, 1)), ZX_ERR_INVALID_ARGS);
  sharing.Destroy();
  EXPECT_EQ(Look(nucleus)->address, 0x200000u);
}

// Random operations against a map from page to frame.
TEST_F(PageTableTest, AgreesWithAModelUnderRandomOperations) {
  std::mt19937 random(7);  // any seed will do
  std::map<uint64_t, std::pair<PhysicalAddress, bool>> model;
  constexpr uint64_t kPages = 1536;
  for (int i = 0; i < 3000; ++i) {
    const uint64_t first = random() % kPages;
    const uint64_t count = 1 + random() % std::min<uint64_t>(kPages - first, 1024);
    const VirtualAddress va = kVa + first * kPageSize;
    const PhysicalAddress pa = (random() % 2 == 0 ? 16 * kMiB : 16 * kMiB + 5 * kPageSize) + first * kPageSize;
    const auto begin = model.lower_bound(first);
    const auto end = model.lower_bound(first + count);
    switch (random() % 3) {
      case 0:
        EXPECT_EQ(table_.Map(va, pa, count, kUserWrite).ok(), begin == end);
        for (uint64_t page = first; begin == end && page < first + count; ++page) {
          model[page] = {pa + (page - first) * kPageSize, true};
        }
        break;
      case 1:
        ASSERT_TRUE(table_.Unmap(va, count).ok());
        model.erase(begin, end);
        Invalidate();
        break;
      default:
        ASSERT_TRUE(table_.Protect(va, count, kRead).ok());
        for (auto entry = begin; entry != end; ++entry) {
          entry->second.second = false;
        }
        Invalidate();
    }
    for (int probe = 0; probe < 20; ++probe) {
      const uint64_t page = random() % kPages;
      const auto found = Look(kVa + page * kPageSize);
      const auto expected = model.find(page);
      ASSERT_EQ(found.has_value(), expected != model.end());
      if (found.has_value()) {
        ASSERT_EQ(found->address, expected->second.first);
        ASSERT_EQ(found->attributes.access.write, expected->second.second);
      }
    }
  }
}

class FakeMmuDeathTest : public PageTableTest {
 protected:
  void StoreRaw(uint64_t value) { arch::StorePageTableEntry(PageOf(table_.root())->data<uint64_t>(), value); }
};

TEST_F(FakeMmuDeathTest, CatchesWhatPageTablesMustNeverHold) {
  EXPECT_DEATH(StoreRaw(0x200000 | 3), "writable and executable");
  EXPECT_DEATH(StoreRaw(arch::kEntryNoExecute | (uint64_t{1} << 50) | 1), "reserved bits");
  EXPECT_DEATH(StoreRaw(arch::kEntryNoExecute | 0x1'0000'0000 | 1), "frame outside RAM");
  Page* page = AllocatePage();
  EXPECT_DEATH(arch::StorePageTableEntry(page->data<uint64_t>(), 0), "store outside a page table");
  FreePage(page);
}

TEST_F(FakeMmuDeathTest, CatchesFramesThatChangeWithoutInvalidation) {
  ASSERT_TRUE(table_.Map(kVa, 0x200000, 2, kUserRead).ok());
  ASSERT_TRUE(table_.Unmap(kVa, 1).ok());
  EXPECT_DEATH((void)table_.Map(kVa, 0x300000, 1, kUserRead), "other frame without invalidation");
}

TEST_F(FakeMmuDeathTest, CatchesFramesThatAreFreedBeforeTheInvalidation) {
  Page* page = AllocatePage();
  ASSERT_TRUE(table_.Map(kVa, page->physical_address(), 1, kUserRead).ok());
  ASSERT_TRUE(table_.Unmap(kVa, 1).ok());
  EXPECT_DEATH(
      {
        FreePage(page);
        arch::InvalidateAddressSpace(0);
      },
      "freed before the invalidation");
  FreePage(page);
  fake_arch::ResetMmu();
}

}  // namespace
}  // namespace gk
