// Pager VMOs that change size: threads that wait for pages that go, and VMOs that cannot change it.

#include "tests/conformance/user_pager.h"

namespace conformance {
namespace {

using PagerResize = BothAccesses;
INSTANTIATE_BOTH_ACCESSES(PagerResize);

// pager vmo_set_size | a thread waits for a page that goes | OUT_OF_RANGE
TEST_P(PagerResize, ThreadsAtRemovedPagesAreOutOfRange) {
  UserPager pager;
  PagedVmo vmo = pager.Create(1, ZX_VMO_RESIZABLE);
  TestThread thread = CheckInThread(GetParam(), vmo, 0, 1);
  EXPECT_TRUE(pager.WaitForRead(vmo, 0, 1));
  EXPECT_TRUE(thread.WaitForBlocked());
  EXPECT_TRUE(vmo.Resize(0));
  EXPECT_TRUE(FailsWith(thread, GetParam(), vmo.address(), ZX_ERR_OUT_OF_RANGE));
  EXPECT_TRUE(pager.IsQuiet(vmo));
}

// pager vmo_set_size | the pager's VMO is not resizable | UNAVAILABLE
TEST(PagerSetSize, FixedVmoIsUnavailable) {
  UserPager pager;
  const PagedVmo vmo = pager.Create(1);
  EXPECT_STATUS(vmo.vmo().set_size(0), ZX_ERR_UNAVAILABLE);
  EXPECT_STATUS(vmo.vmo().set_size(2 * kPageSize), ZX_ERR_UNAVAILABLE);
  EXPECT_EQ(InfoOf(vmo.vmo()).size_bytes, kPageSize);
}

// pager vmo_set_size | a thread is about to pin a page, which is absent, and the page goes | the size changes, the pin
// is OUT_OF_RANGE
TEST(PagerSetSize, PinThatWaitsDoesNotHoldPages) {
  UserPager pager;
  PagedVmo vmo = pager.Create(2, ZX_VMO_RESIZABLE);
  const zx::bti bti = MakeBti();
  TestThread thread([&] {
    zx_paddr_t address = 0;
    zx::pmt pin;
    return bti.pin(ZX_BTI_PERM_READ, vmo.vmo(), kPageSize, kPageSize, &address, 1, &pin);
  });
  EXPECT_TRUE(pager.WaitForRead(vmo, 1, 1));
  EXPECT_TRUE(thread.WaitForBlocked());
  EXPECT_TRUE(vmo.Resize(0));
  EXPECT_STATUS(thread.Wait(), ZX_ERR_OUT_OF_RANGE);
  EXPECT_TRUE(pager.IsQuiet(vmo));
}

// pager vmo_set_size | the VMO grows | the new pages are zeros of the kernel: nobody is asked
TEST(PagerSetSize, GrowthIsZeros) {
  UserPager pager;
  PagedVmo vmo = pager.Create(1, ZX_VMO_RESIZABLE);
  EXPECT_TRUE(vmo.Resize(3));
  EXPECT_OK(CheckWords(Access::kByMapping, vmo, 1, 2, 0));
  EXPECT_OK(CheckWords(Access::kByCall, vmo, 1, 2, 0));
  EXPECT_EQ(CommittedPages(vmo), 0u);
  EXPECT_TRUE(pager.IsQuiet(vmo));
}

}  // namespace
}  // namespace conformance
