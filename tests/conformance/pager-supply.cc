// What zx_pager_supply_pages does with the pages of its source, and whom it releases.
#include <string.h>

#include <vector>

#include "tests/conformance/user_pager.h"

namespace conformance {
namespace {

using PagerSupply = BothAccesses;
INSTANTIATE_BOTH_ACCESSES(PagerSupply);

// pager supply_pages | eight threads wait for a page each | one supply of all pages releases all
TEST_P(PagerSupply, OneSupplyReleasesAllThreadsInIt) {
  constexpr uint64_t kPages = 8;
  UserPager pager;
  const PagedVmo vmo = pager.Create(kPages);
  std::vector<TestThread> threads;
  for (uint64_t page = 0; page < kPages; ++page) {
    threads.push_back(CheckInThread(GetParam(), vmo, page, 1));
    ASSERT_TRUE(pager.WaitForRead(vmo, page, 1));
  }
  EXPECT_OK(pager.Supply(vmo, 0, kPages));
  for (TestThread& thread : threads) {
    EXPECT_OK(thread.Wait());
  }
  EXPECT_TRUE(pager.IsQuiet(vmo));
}

enum class SourceOffset : uint8_t { kZero, kSameAsDestination };

void SupplyOddLengths(Access access, SourceOffset source_offset) {
  constexpr uint64_t kLengths[] = {2, 3, 5, 7, 37, 5, 13, 23};
  UserPager pager;
  const PagedVmo vmo = pager.Create(95);
  uint64_t first = 0;
  for (const uint64_t length : kLengths) {
    std::vector<TestThread> threads;
    for (uint64_t page = first; page < first + length; ++page) {
      threads.push_back(CheckInThread(access, vmo, page, 1));
      ASSERT_TRUE(pager.WaitForRead(vmo, page, 1));
    }
    EXPECT_OK(pager.Supply(vmo, first, length, source_offset == SourceOffset::kZero ? 0 : first));
    for (TestThread& thread : threads) {
      EXPECT_OK(thread.Wait());
    }
    first += length;
  }
  EXPECT_TRUE(pager.IsQuiet(vmo));
}

// pager supply_pages | successive ranges of odd lengths | each range gets the source's pages in order
TEST_P(PagerSupply, RangesMayHaveAnyLength) { SupplyOddLengths(GetParam(), SourceOffset::kZero); }

// pager supply_pages | aux_offset is not 0 | the pages come from that offset of the source
TEST_P(PagerSupply, PagesComeFromTheOffsetInTheSource) {
  SupplyOddLengths(GetParam(), SourceOffset::kSameAsDestination);
}

// pager supply_pages | the source is mapped and was written through its mapping | the pages are moved: the mapping
// shows zeros afterwards
TEST(PagerSupplyPages, MovesPagesOutOfAMappedSource) {
  UserPager pager;
  const PagedVmo vmo = pager.Create(1);
  const zx::vmo source = MakeVmo(1);
  const Mapping mapping(source, kReadWrite, kPageSize);
  memset(AtAddress<void>(mapping.address()), 0xcc, kPageSize);
  ASSERT_OK(pager.SupplyFrom(vmo, 0, 1, source));
  EXPECT_OK(CheckWords(Access::kByMapping, vmo, 0, 1, 0xcccc'cccc'cccc'cccc));
  EXPECT_OK(CheckWords(Access::kByCall, vmo, 0, 1, 0xcccc'cccc'cccc'cccc));
  for (uint64_t offset = 0; offset < kPageSize; offset += 512) {
    EXPECT_EQ(mapping.byte(offset), 0);
  }
  EXPECT_EQ(CommittedPages(source), 0u);
  EXPECT_TRUE(pager.IsQuiet(vmo));
}

// pager supply_pages | a page of the range is there already, and pinned | it is kept as it is, the others are supplied
TEST(PagerSupplyPages, PresentPagesAreKept) {
  UserPager pager;
  const PagedVmo vmo = pager.Create(3);
  ASSERT_OK(pager.Supply(vmo, 1, 1));
  memset(AtAddress<void>(vmo.address(1)), 0x0a, kPageSize);
  const zx::bti bti = MakeBti();
  zx_paddr_t address = 0;
  zx::pmt pin;
  ASSERT_OK(bti.pin(ZX_BTI_PERM_READ, vmo.vmo(), kPageSize, kPageSize, &address, 1, &pin));
  const zx::vmo zeros = MakeVmo(3);
  ASSERT_OK(OpRange(zeros, ZX_VMO_OP_COMMIT, 0, 3 * kPageSize));
  EXPECT_OK(pager.SupplyFrom(vmo, 0, 3, zeros));
  EXPECT_OK(CheckWords(Access::kByMapping, vmo, 0, 1, 0));
  EXPECT_OK(CheckWords(Access::kByMapping, vmo, 1, 1, 0x0a0a'0a0a'0a0a'0a0a));
  EXPECT_OK(CheckWords(Access::kByMapping, vmo, 2, 1, 0));
  EXPECT_EQ(CommittedPages(vmo), 3u);
  EXPECT_OK(pin.unpin());
  EXPECT_TRUE(pager.IsQuiet(vmo));
}

// pager supply_pages | the source has no page and the thread that supplied reads itself | zeros, without a request
TEST(PagerSupplyPages, ZerosNeedNoPage) {
  UserPager pager;
  const PagedVmo vmo = pager.Create(1);
  ASSERT_OK(pager.SupplyZeros(vmo, 0, 1));
  EXPECT_OK(CheckWords(Access::kByMapping, vmo, 0, 1, 0));
  EXPECT_OK(CheckWords(Access::kByCall, vmo, 0, 1, 0));
  EXPECT_EQ(CommittedPages(vmo), 0u);
  EXPECT_TRUE(pager.IsQuiet(vmo));
}

// pager supply_pages | zeros without a page are supplied, then written, twice | the writes stay
TEST(PagerSupplyPages, ZerosCanBeWritten) {
  UserPager pager;
  const PagedVmo vmo = pager.Create(1);
  ASSERT_OK(pager.SupplyZeros(vmo, 0, 1));
  vmo.word(0) = 7;
  EXPECT_EQ(CommittedPages(vmo), 1u);
  vmo.word(0) = 8;
  EXPECT_EQ(ReadWord(vmo, 0), 8u);
  EXPECT_TRUE(pager.IsQuiet(vmo));
}

}  // namespace
}  // namespace conformance
