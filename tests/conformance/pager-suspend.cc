// Threads that are suspended while they wait for a pager.
#include "tests/conformance/user_pager.h"

namespace conformance {
namespace {

using PagerSuspend = BothAccesses;
INSTANTIATE_BOTH_ACCESSES(PagerSuspend);

// pager create_vmo | a thread that waits for a page is suspended and resumed | it asks again; one answer releases it
TEST_P(PagerSuspend, ThreadAsksAgainWhenResumed) {
  UserPager pager;
  const PagedVmo vmo = pager.Create(1);
  TestThread thread = CheckInThread(GetParam(), vmo, 0, 1);
  EXPECT_TRUE(pager.WaitForRead(vmo, 0, 1));
  EXPECT_TRUE(thread.WaitForBlocked());
  EXPECT_TRUE(thread.Suspend());
  thread.Resume();
  EXPECT_TRUE(thread.WaitForBlocked());
  EXPECT_TRUE(pager.WaitForRead(vmo, 0, 1));
  EXPECT_OK(pager.Supply(vmo, 0, 1));
  EXPECT_OK(thread.Wait());
  EXPECT_TRUE(pager.IsQuiet(vmo));
}

// pager vmo_op_range | a thread that waits in ZX_VMO_OP_COMMIT is suspended and resumed | it asks again
TEST(PagerSuspendCalls, CommitAsksAgainWhenResumed) {
  UserPager pager;
  const PagedVmo vmo = pager.Create(1);
  TestThread thread = CommitInThread(vmo, 0, 1);
  EXPECT_TRUE(pager.WaitForRead(vmo, 0, 1));
  EXPECT_TRUE(thread.WaitForBlocked());
  EXPECT_TRUE(thread.Suspend());
  thread.Resume();
  EXPECT_TRUE(pager.WaitForRead(vmo, 0, 1));
  EXPECT_TRUE(thread.WaitForBlocked());
  EXPECT_OK(pager.Supply(vmo, 0, 1));
  EXPECT_OK(thread.Wait());
  EXPECT_TRUE(pager.IsQuiet(vmo));
}

// pager create_vmo | the packet of the suspended thread was not taken | it is withdrawn, and another thread's wait
// stays
TEST(PagerSuspendCalls, RequestThatOthersShareStays) {
  UserPager pager;
  const PagedVmo vmo = pager.Create(1);
  TestThread first = CheckInThread(Access::kByMapping, vmo, 0, 1);
  TestThread second = CheckInThread(Access::kByMapping, vmo, 0, 1);
  EXPECT_TRUE(first.WaitForBlocked());
  EXPECT_TRUE(second.WaitForBlocked());
  EXPECT_TRUE(first.Suspend());
  EXPECT_TRUE(second.WaitForBlocked());
  EXPECT_TRUE(pager.WaitForRead(vmo, 0, 1));
  EXPECT_OK(pager.Supply(vmo, 0, 1));
  EXPECT_OK(second.Wait());
  first.Resume();
  EXPECT_OK(first.Wait());
  EXPECT_TRUE(pager.IsQuiet(vmo));
}

// pager object_get_info | the buffer lies in absent pages of a pager and the thread is suspended meanwhile | it stays
// blocked and asks no second time; once answered it is suspended behind the call
TEST(PagerSuspendCalls, CopyIntoAbsentPagesIsNotInterrupted) {
  UserPager pager;
  const PagedVmo vmo = pager.Create(1);
  TestThread thread([&] {
    return zx_object_get_info(zx_process_self(), ZX_INFO_HANDLE_BASIC, AtAddress<void>(vmo.address()),
                              sizeof(zx_info_handle_basic_t), nullptr, nullptr);
  });
  EXPECT_TRUE(pager.WaitForRead(vmo, 0, 1));
  EXPECT_TRUE(thread.WaitForBlocked());
  ASSERT_OK(thread.RequestSuspend());
  EXPECT_TRUE(thread.WaitForBlocked());
  EXPECT_TRUE(pager.IsQuiet(vmo));
  thread.Resume();
  ASSERT_OK(thread.RequestSuspend());
  EXPECT_TRUE(thread.WaitForBlocked());
  EXPECT_TRUE(pager.IsQuiet(vmo));
  EXPECT_OK(pager.Supply(vmo, 0, 1));
  EXPECT_TRUE(thread.WaitForSuspended());
  thread.Resume();
  EXPECT_OK(thread.Wait());
  EXPECT_EQ(AtAddress<zx_info_handle_basic_t>(vmo.address())->type, ZX_OBJ_TYPE_PROCESS);
  EXPECT_TRUE(pager.IsQuiet(vmo));
}

}  // namespace
}  // namespace conformance
