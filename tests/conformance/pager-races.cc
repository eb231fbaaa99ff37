// Calls on pagers that run against each other: whatever comes of them, nothing breaks and nothing is left.
#include <pagoda/thread.h>

#include <atomic>
#include <optional>

#include "tests/conformance/user_pager.h"

namespace conformance {
namespace {

// Runs `left` in a second thread and `right` in this one, as much at the same time as can be.
template <typename Left, typename Right>
void RunTogether(Left left, Right right) {
  std::atomic<int> ready = 0;
  const auto meet = [&ready] {
    ++ready;
    while (ready.load() < 2) {
    }
  };
  pagoda::Thread thread;
  ASSERT_OK(thread.Start("left", [&] {
    meet();
    left();
  }));
  meet();
  right();
  thread.Join();
}

// pager create_vmo | the pager's handle is closed at the same time | any status; a VMO that was made has no pager
TEST(PagerRaces, CreateVmoAgainstClosingThePager) {
  zx::port port;
  ASSERT_OK(zx::port::create(0, &port));
  for (int round = 0; round < 300; ++round) {
    zx::pager pager;
    ASSERT_OK(zx::pager::create(0, &pager));
    const zx_handle_t handle = pager.get();
    zx::vmo vmo;
    zx_status_t status = ZX_OK;
    RunTogether([&] { status = zx_pager_create_vmo(handle, 0, port.get(), 1, kPageSize, vmo.reset_and_get_address()); },
                [&] { pager.reset(); });
    if (status == ZX_OK) {
      uint64_t word = 0;
      EXPECT_STATUS(vmo.read(&word, 0, sizeof(word)), ZX_ERR_BAD_STATE);
    } else {
      EXPECT_STATUS(status, ZX_ERR_BAD_HANDLE);
    }
  }
  zx_port_packet_t packet = {};
  EXPECT_STATUS(port.wait(zx::time::infinite_past(), &packet), ZX_ERR_TIMED_OUT);
}

// pager create_vmo | the pager is closed while its COMPLETE is being taken from the port | the packet comes or not
TEST(PagerRaces, ClosingThePagerAgainstTakingComplete) {
  for (int round = 0; round < 300; ++round) {
    UserPager pager;
    { const PagedVmo vmo = pager.Create(1); }
    zx_status_t status = ZX_OK;
    zx_port_packet_t packet = {};
    RunTogether([&] { status = zx_port_wait(pager.port().get(), ZX_TIME_INFINITE_PAST, &packet); },
                [&] { pager.ClosePager(); });
    EXPECT_TRUE(status == ZX_OK || status == ZX_ERR_TIMED_OUT, "%d", status);
    EXPECT_STATUS(pager.port().wait(zx::time::infinite_past(), &packet), ZX_ERR_TIMED_OUT);
  }
}

// pager detach_vmo | pages are supplied at the same time, and a thread waits for them | the thread gets them or
// BAD_STATE
TEST(PagerRaces, DetachingAgainstSupplying) {
  for (int round = 0; round < 300; ++round) {
    UserPager pager;
    const PagedVmo vmo = pager.Create(1);
    TestThread thread = CheckInThread(Access::kByCall, vmo, 0, 1);
    ASSERT_TRUE(thread.WaitForBlocked());
    RunTogether([&] { pager.Supply(vmo, 0, 1); }, [&] { EXPECT_OK(pager.pager().detach_vmo(vmo.vmo())); });
    const zx_status_t status = thread.Wait();
    EXPECT_TRUE(status == ZX_OK || status == ZX_ERR_BAD_STATE, "%d", status);
    EXPECT_TRUE(pager.WaitForComplete(vmo.key()));
    EXPECT_TRUE(pager.IsQuiet(vmo));
  }
}

// pager vmo_set_size | the root shrinks while a snapshot is made of its clone | the snapshot shows the clone's page
TEST(PagerRaces, ShrinkingTheRootAgainstASnapshotOfItsClone) {
  constexpr uint64_t kPages = 17;
  for (int round = 0; round < 100; ++round) {
    UserPager pager;
    PagedVmo root = pager.Create(kPages, ZX_VMO_RESIZABLE);
    ASSERT_OK(pager.Supply(root, 0, kPages));
    const PagedVmo sibling = root.Clone();
    const PagedVmo clone = root.Clone(ZX_VMO_CHILD_SNAPSHOT_MODIFIED);
    clone.word(16) = 5;
    std::optional<zx::vmo> snapshot;
    RunTogether([&] { snapshot = MakeChild(clone.vmo(), ZX_VMO_CHILD_SNAPSHOT_MODIFIED, 0, kPages); },
                [&] { EXPECT_TRUE(root.Resize(16)); });
    uint64_t word = 0;
    EXPECT_OK(snapshot->read(&word, 16 * kPageSize, sizeof(word)));
    EXPECT_EQ(word, 5u);
    EXPECT_OK(snapshot->read(&word, 15 * kPageSize, sizeof(word)));
    EXPECT_EQ(word, root.tag(15));
    EXPECT_EQ(sibling.word(16), 0u);
    EXPECT_TRUE(pager.IsQuiet(root));
  }
}

}  // namespace
}  // namespace conformance
