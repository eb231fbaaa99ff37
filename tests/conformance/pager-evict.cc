// Pages that a pager supplied go when memory is short and are asked for again. This program runs with the kernel option
// pages-go-every=1000: at every thousandth safe point (the kernel passes at least one in each system call) the page
// that would be the first goes, although there is memory. Nobody can tell when the next one goes, but when one has just
// gone the next few hundred calls are safe.
#include "tests/conformance/user_pager.h"

namespace conformance {
namespace {

// How many pages of the VMO the kernel has taken back.
uint64_t Reclaimed(const PagedVmo& vmo) { return InfoOf(vmo.vmo()).committed_change_events; }

// Calls the kernel until it has taken back that many.
void WaitUntilReclaimed(const PagedVmo& vmo, uint64_t pages) {
  while (Reclaimed(vmo) < pages) {
  }
}

// Supplies a page and has it taken back: the next few hundred calls are safe.
void StartOfAPeriod(UserPager& pager) {
  const PagedVmo decoy = pager.Create(1);
  ASSERT_OK(pager.Supply(decoy, 0, 1));
  WaitUntilReclaimed(decoy, 1);
}

// Whether a page is missing: reading it asks for it.
bool IsAskedFor(UserPager& pager, const PagedVmo& vmo, uint64_t page) {
  TestThread reader = CheckInThread(Access::kByCall, vmo, page, 1);
  return pager.WaitForRead(vmo, page, 1) && pager.Supply(vmo, page, 1) == ZX_OK && reader.Wait() == ZX_OK;
}

// No request for the VMO waits in the port.
bool AsksForNothing(UserPager& pager, const PagedVmo& vmo) {
  zx_port_packet_t packet = {};
  while (zx_port_wait(pager.port().get(), ZX_TIME_INFINITE_PAST, &packet) == ZX_OK) {
    if (packet.key == vmo.key()) {
      return false;
    }
  }
  return true;
}

// real op_range | ZX_VMO_OP_DONT_NEED of pages that a pager has supplied | they are the first to go when memory is
// short, and are asked for again
TEST(PagerEvict, PagesThatAreNotNeededGoFirst) {
  UserPager pager;
  StartOfAPeriod(pager);
  const PagedVmo vmo = pager.Create(30);
  ASSERT_OK(pager.Supply(vmo, 0, 22));
  ASSERT_OK(OpRange(vmo.vmo(), ZX_VMO_OP_DONT_NEED, 20 * kPageSize, 5 * kPageSize));
  EXPECT_EQ(Reclaimed(vmo), 0U);
  WaitUntilReclaimed(vmo, 2);
  EXPECT_TRUE(PopulatedBytesBecome(vmo, 20 * kPageSize));
  EXPECT_TRUE(IsAskedFor(pager, vmo, 20));
  EXPECT_TRUE(IsAskedFor(pager, vmo, 21));
  EXPECT_TRUE(AsksForNothing(pager, vmo));
}

// real op_range | ZX_VMO_OP_ALWAYS_NEED of pages that a pager has supplied | they are the last to go
TEST(PagerEvict, PagesThatAreAlwaysNeededStayLongest) {
  UserPager pager;
  StartOfAPeriod(pager);
  const PagedVmo vmo = pager.Create(3);
  ASSERT_OK(pager.Supply(vmo, 0, 3));
  ASSERT_OK(OpRange(vmo.vmo(), ZX_VMO_OP_ALWAYS_NEED, 0, kPageSize));
  WaitUntilReclaimed(vmo, 2);
  EXPECT_OK(CheckPages(Access::kByCall, vmo, 0, 1));
  EXPECT_TRUE(IsAskedFor(pager, vmo, 1));
  EXPECT_TRUE(IsAskedFor(pager, vmo, 2));
  EXPECT_TRUE(AsksForNothing(pager, vmo));
}

// real op_range | memory is short | pages that were used lately stay longer than others
TEST(PagerEvict, LeastRecentlyUsedPageGoesFirst) {
  UserPager pager;
  StartOfAPeriod(pager);
  const PagedVmo vmo = pager.Create(2);
  ASSERT_OK(pager.Supply(vmo, 0, 2));
  ASSERT_OK(CheckPages(Access::kByCall, vmo, 0, 1));
  WaitUntilReclaimed(vmo, 1);
  EXPECT_OK(CheckPages(Access::kByCall, vmo, 0, 1));
  EXPECT_TRUE(IsAskedFor(pager, vmo, 1));
  EXPECT_TRUE(AsksForNothing(pager, vmo));
}

// real op_range | a page that memory is short for is mapped, also by a copy | the mappings ask for it again
TEST(PagerEvict, MappingsLosePagesThatGo) {
  UserPager pager;
  StartOfAPeriod(pager);
  const PagedVmo vmo = pager.Create(1);
  const PagedVmo copy = vmo.Clone();
  ASSERT_OK(pager.Supply(vmo, 0, 1));
  ASSERT_OK(CheckPages(Access::kByMapping, vmo, 0, 1));
  ASSERT_OK(CheckPages(Access::kByMapping, copy, 0, 1));
  WaitUntilReclaimed(vmo, 1);
  TestThread reader = CheckInThread(Access::kByMapping, copy, 0, 1);
  ASSERT_TRUE(pager.WaitForRead(vmo, 0, 1));
  ASSERT_OK(pager.Supply(vmo, 0, 1));
  EXPECT_OK(reader.Wait());
  EXPECT_EQ(Reclaimed(copy), 0U);
}

// real op_range | memory is short and a page is dirty or awaits being clean | it stays until it is clean
TEST(PagerEvict, DirtyPagesStay) {
  UserPager pager;
  StartOfAPeriod(pager);
  const PagedVmo vmo = pager.Create(2);
  ASSERT_OK(pager.Supply(vmo, 0, 2));
  ASSERT_OK(WriteWord(vmo, 0, 4711));
  ASSERT_OK(WriteWord(vmo, 1, 4712));
  ASSERT_OK(pager.BeginWriteback(vmo, 1, 1));
  StartOfAPeriod(pager);
  StartOfAPeriod(pager);
  EXPECT_EQ(Reclaimed(vmo), 0U);
  EXPECT_EQ(ReadWord(vmo, 0), 4711U);
  EXPECT_TRUE(pager.DirtyRangesAre(vmo, {{0, 2}}));
  ASSERT_OK(pager.EndWriteback(vmo, 1, 1));
  WaitUntilReclaimed(vmo, 1);
  EXPECT_EQ(ReadWord(vmo, 0), 4711U);
  EXPECT_TRUE(IsAskedFor(pager, vmo, 1));
}

// real op_range | a zero page that a pager supplied is written to and memory is short | the page stays what it is
TEST(PagerEvict, WrittenZeroPageStays) {
  UserPager pager;
  StartOfAPeriod(pager);
  const PagedVmo vmo = pager.Create(1);
  ASSERT_OK(pager.SupplyZeros(vmo, 0, 1));
  ASSERT_OK(WriteWord(vmo, 0, 1));
  StartOfAPeriod(pager);
  StartOfAPeriod(pager);
  ASSERT_OK(WriteWord(vmo, 0, 2));
  EXPECT_EQ(ReadWord(vmo, 0), 2U);
  EXPECT_TRUE(pager.IsQuiet(vmo));
}

// real close | the pager is closed and memory is short | pages that were supplied stay
TEST(PagerEvict, PagesOfAClosedPagerStay) {
  UserPager pager;
  StartOfAPeriod(pager);
  const PagedVmo vmo = pager.Create(1);
  ASSERT_OK(pager.Supply(vmo, 0, 1));
  pager.ClosePager();
  UserPager other;
  StartOfAPeriod(other);
  StartOfAPeriod(other);
  EXPECT_EQ(Reclaimed(vmo), 0U);
  EXPECT_OK(CheckPages(Access::kByMapping, vmo, 0, 1));
}

}  // namespace
}  // namespace conformance
