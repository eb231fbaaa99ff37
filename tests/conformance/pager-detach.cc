// The end of a pager's service: a VMO is detached, the pager or its port is closed, or the VMO goes.
#include <optional>

#include "tests/conformance/user_pager.h"

namespace conformance {
namespace {

using PagerDetach = BothAccesses;
INSTANTIATE_BOTH_ACCESSES(PagerDetach);

// pager detach_vmo | clean pages are there, seen by a clone too | they go at once, COMPLETE comes; accesses are
// BAD_STATE
TEST_P(PagerDetach, CleanPagesGo) {
  UserPager pager;
  const PagedVmo vmo = pager.Create(2);
  const PagedVmo clone = vmo.Clone();
  TestThread first = CheckInThread(GetParam(), clone, 0, 1);
  EXPECT_TRUE(pager.WaitForRead(vmo, 0, 1));
  EXPECT_OK(pager.Supply(vmo, 0, 1));
  EXPECT_OK(first.Wait());
  EXPECT_EQ(CommittedPages(vmo), 1u);
  EXPECT_OK(pager.Detach(vmo));
  EXPECT_TRUE(pager.WaitForComplete(vmo.key()));
  EXPECT_EQ(CommittedPages(vmo), 0u);
  TestThread second = CheckInThread(GetParam(), vmo, 0, 1);
  EXPECT_TRUE(FailsWith(second, GetParam(), vmo.address(), ZX_ERR_BAD_STATE));
  TestThread third = CheckInThread(GetParam(), clone, 0, 1);
  EXPECT_TRUE(FailsWith(third, GetParam(), clone.address(), ZX_ERR_BAD_STATE));
  TestThread fourth = CheckInThread(GetParam(), vmo, 1, 1);
  EXPECT_TRUE(FailsWith(fourth, GetParam(), vmo.address(1), ZX_ERR_BAD_STATE));
  EXPECT_TRUE(pager.IsQuiet(vmo));
}

// pager detach_vmo | a thread waits for a page and the packet was taken | BAD_STATE, and COMPLETE comes
TEST_P(PagerDetach, EndsThreadsWhoseRequestWasTaken) {
  UserPager pager;
  const PagedVmo vmo = pager.Create(1);
  TestThread thread = CheckInThread(GetParam(), vmo, 0, 1);
  EXPECT_TRUE(pager.WaitForRead(vmo, 0, 1));
  EXPECT_OK(pager.Detach(vmo));
  EXPECT_TRUE(pager.WaitForComplete(vmo.key()));
  EXPECT_TRUE(FailsWith(thread, GetParam(), vmo.address(), ZX_ERR_BAD_STATE));
  EXPECT_TRUE(pager.IsQuiet(vmo));
}

// pager detach_vmo | a thread waits for a page and the packet is still in the port | BAD_STATE, and COMPLETE comes
TEST_P(PagerDetach, EndsThreadsWhoseRequestIsQueued) {
  UserPager pager;
  const PagedVmo vmo = pager.Create(1);
  TestThread thread = CheckInThread(GetParam(), vmo, 0, 1);
  EXPECT_TRUE(thread.WaitForBlocked());
  EXPECT_OK(pager.Detach(vmo));
  EXPECT_TRUE(pager.WaitForComplete(vmo.key()));
  EXPECT_TRUE(FailsWith(thread, GetParam(), vmo.address(), ZX_ERR_BAD_STATE));
}

// pager create_vmo | the pager is closed while a thread waits and the packet was taken | BAD_STATE
TEST_P(PagerDetach, ClosingThePagerEndsThreadsWhoseRequestWasTaken) {
  UserPager pager;
  const PagedVmo vmo = pager.Create(1);
  TestThread thread = CheckInThread(GetParam(), vmo, 0, 1);
  EXPECT_TRUE(pager.WaitForRead(vmo, 0, 1));
  pager.ClosePager();
  EXPECT_TRUE(FailsWith(thread, GetParam(), vmo.address(), ZX_ERR_BAD_STATE));
  EXPECT_TRUE(pager.IsQuiet(vmo));
}

// pager create_vmo | the pager is closed while a thread waits and the packet is in the port | BAD_STATE, and no packet
// is left
TEST_P(PagerDetach, ClosingThePagerEndsThreadsWhoseRequestIsQueued) {
  UserPager pager;
  const PagedVmo vmo = pager.Create(1);
  TestThread thread = CheckInThread(GetParam(), vmo, 0, 1);
  EXPECT_TRUE(thread.WaitForBlocked());
  pager.ClosePager();
  EXPECT_TRUE(FailsWith(thread, GetParam(), vmo.address(), ZX_ERR_BAD_STATE));
  zx_port_packet_t packet = {};
  EXPECT_STATUS(pager.port().wait(zx::time::infinite_past(), &packet), ZX_ERR_TIMED_OUT);
}

// pager detach_vmo | nobody waits | COMPLETE comes once, a second time it is OK and nothing comes
TEST(PagerDetachVmo, CompleteComesOnce) {
  UserPager pager;
  const PagedVmo vmo = pager.Create(1);
  EXPECT_OK(pager.Detach(vmo));
  EXPECT_TRUE(pager.WaitForComplete(vmo.key()));
  EXPECT_OK(pager.Detach(vmo));
  zx_port_packet_t packet = {};
  EXPECT_STATUS(pager.port().wait(zx::time::infinite_past(), &packet), ZX_ERR_TIMED_OUT);
}

// pager create_vmo | the last handle and the last mapping of the VMO go | COMPLETE comes
TEST(PagerDetachVmo, DroppedVmoIsComplete) {
  UserPager pager;
  std::optional<PagedVmo> vmo(pager.Create(1));
  const uint64_t key = vmo->key();
  zx_port_packet_t packet = {};
  EXPECT_STATUS(pager.port().wait(zx::time::infinite_past(), &packet), ZX_ERR_TIMED_OUT);
  vmo.reset();
  EXPECT_TRUE(pager.WaitForComplete(key));
}

// pager detach_vmo | zx_vmo_read over two pages, of which one was supplied meanwhile | BAD_STATE for the whole
TEST(PagerDetachVmo, ReadDoesNotHalfSucceed) {
  UserPager pager;
  const PagedVmo vmo = pager.Create(2);
  TestThread thread([&] {
    uint64_t word = 0;
    return vmo.vmo().read(&word, kPageSize - 4, sizeof(word));
  });
  EXPECT_TRUE(pager.WaitForRead(vmo, 0, 2));
  EXPECT_OK(pager.Supply(vmo, 0, 1));
  EXPECT_OK(pager.Detach(vmo));
  EXPECT_STATUS(thread.Wait(), ZX_ERR_BAD_STATE);
  EXPECT_TRUE(pager.WaitForComplete(vmo.key()));
  EXPECT_TRUE(pager.IsQuiet(vmo));
}

// pager supply_pages | the VMO was detached | BAD_STATE, and no page
TEST(PagerDetachVmo, DetachedVmoCannotBeSupplied) {
  UserPager pager;
  const PagedVmo vmo = pager.Create(1);
  EXPECT_OK(pager.Detach(vmo));
  EXPECT_TRUE(pager.WaitForComplete(vmo.key()));
  EXPECT_STATUS(pager.Supply(vmo, 0, 1), ZX_ERR_BAD_STATE);
  EXPECT_EQ(CommittedPages(vmo), 0u);
  EXPECT_TRUE(pager.IsQuiet(vmo));
}

// pager create_vmo | the pager is closed | pages that were supplied stay readable; no COMPLETE
TEST(PagerClose, SuppliedPagesStay) {
  UserPager pager;
  const PagedVmo vmo = pager.Create(2);
  EXPECT_OK(pager.Supply(vmo, 1, 1));
  TestThread thread = CheckInThread(Access::kByMapping, vmo, 0, 1);
  EXPECT_TRUE(pager.WaitForRead(vmo, 0, 1));
  pager.ClosePager();
  EXPECT_TRUE(thread.WaitForCrash(vmo.address(), ZX_ERR_BAD_STATE));
  EXPECT_OK(CheckPages(Access::kByMapping, vmo, 1, 1));
  EXPECT_OK(CheckPages(Access::kByCall, vmo, 1, 1));
  zx_port_packet_t packet = {};
  EXPECT_STATUS(pager.port().wait(zx::time::infinite_past(), &packet), ZX_ERR_TIMED_OUT);
}

// pager create_vmo | the VMO was dropped and the pager is closed before COMPLETE is taken | COMPLETE is withdrawn
TEST(PagerClose, WithdrawsComplete) {
  UserPager pager;
  { const PagedVmo vmo = pager.Create(1); }
  pager.ClosePager();
  zx_port_packet_t packet = {};
  EXPECT_STATUS(pager.port().wait(zx::time::infinite_past(), &packet), ZX_ERR_TIMED_OUT);
}

// pager create_vmo | the port is closed while a request is in it | supplying and detaching still work
TEST(PagerClose, ClosingThePortStopsPacketsOnly) {
  UserPager pager;
  const PagedVmo vmo = pager.Create(2);
  TestThread thread = CheckInThread(Access::kByMapping, vmo, 0, 1);
  EXPECT_TRUE(thread.WaitForBlocked());
  pager.ClosePort();
  EXPECT_OK(pager.Supply(vmo, 1, 1));
  EXPECT_OK(CheckPages(Access::kByMapping, vmo, 1, 1));
  EXPECT_TRUE(thread.WaitForBlocked());
  EXPECT_OK(pager.Detach(vmo));
  EXPECT_TRUE(thread.WaitForCrash(vmo.address(), ZX_ERR_BAD_STATE));
}

// pager query_vmo_stats | the VMO's pager was closed and another one asks | INVALID_ARGS
TEST(PagerClose, VmoDoesNotFallToAnotherPager) {
  UserPager pager;
  const PagedVmo vmo = pager.Create(1);
  pager.ClosePager();
  const UserPager other;
  zx_pager_vmo_stats_t stats = {};
  EXPECT_STATUS(other.pager().query_vmo_stats(vmo.vmo(), 0, &stats, sizeof(stats)), ZX_ERR_INVALID_ARGS);
  EXPECT_STATUS(other.pager().detach_vmo(vmo.vmo()), ZX_ERR_INVALID_ARGS);
}

}  // namespace
}  // namespace conformance
