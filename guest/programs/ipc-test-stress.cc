// Races of ports that only real threads on several CPUs show. All counts are bounded.
#include <pagoda/thread.h>
#include <zxtest/zxtest.h>

#include <array>
#include <atomic>

#include "guest/programs/ipc-test.h"

namespace ipc_test {
namespace {

TEST(PortStress, WaitSignalCancel) {
  PortAndEvent t;
  std::atomic<bool> stop = false;
  pagoda::Thread signaller;
  ASSERT_OK(signaller.Start("signaller", [&] {
    while (!stop) {
      EXPECT_OK(t.event.signal(0, kSignal));
      EXPECT_OK(t.event.signal(kSignal, 0));
    }
  }));
  for (int i = 0; i < 5000; ++i) {
    ASSERT_OK(t.Wait(1));
    zx_signals_t pending = 0;
    ASSERT_OK(t.event.wait_one(kSignal, zx::time::infinite(), &pending));
    ASSERT_OK(t.port.cancel(t.event, 1), "the packet was not received, so there is something to cancel");
  }
  stop = true;
  signaller.Join();
}

TEST(PortStress, SignalCloseWait) {
  constexpr int kRounds = 1000;
  zx::port port;
  ASSERT_OK(zx::port::create(0, &port));
  std::array<pagoda::Thread, 4> signallers;
  std::array<pagoda::Thread, 4> drainers;
  for (pagoda::Thread& drainer : drainers) {
    ASSERT_OK(drainer.Start("drainer", [&] {
      zx_port_packet_t packet{};
      do {
        ASSERT_OK(port.wait(zx::time::infinite(), &packet));
      } while (packet.type != ZX_PKT_TYPE_USER || packet.key != 0);
    }));
  }
  for (pagoda::Thread& signaller : signallers) {
    ASSERT_OK(signaller.Start("signaller", [&] {
      for (int i = 0; i < kRounds; ++i) {
        zx::event event;
        ASSERT_OK(zx::event::create(0, &event));
        ASSERT_OK(event.wait_async(port, 1, kSignal, ZX_WAIT_ASYNC_ONCE));
        ASSERT_OK(event.wait_async(port, 1, ZX_USER_SIGNAL_1, ZX_WAIT_ASYNC_ONCE));
        ASSERT_OK(event.signal(0, kSignal));
        zx_port_packet_t packet{};
        packet.key = 1;
        const zx_status_t status = port.queue(&packet);
        EXPECT_TRUE(status == ZX_OK || status == ZX_ERR_SHOULD_WAIT);
      }
    }));
  }
  for (pagoda::Thread& signaller : signallers) {
    signaller.Join();
  }
  for (size_t i = 0; i < drainers.size(); ++i) {
    const zx_port_packet_t last{};
    while (port.queue(&last) == ZX_ERR_SHOULD_WAIT) {
      zx_thread_legacy_yield(0);
    }
  }
  for (pagoda::Thread& drainer : drainers) {
    drainer.Join();
  }
}

TEST(PortStress, CloseWaitRace) {
  zx::event event;
  ASSERT_OK(zx::event::create(0, &event));
  std::atomic<zx_handle_t> current = ZX_HANDLE_INVALID;
  std::atomic<bool> stop = false;
  pagoda::Thread waiter;
  ASSERT_OK(waiter.Start("waiter", [&] {
    while (!stop) {
      const zx_handle_t port = current.load();
      if (port != ZX_HANDLE_INVALID) {
        const zx_status_t status = zx_object_wait_async(event.get(), port, 1, kSignal, ZX_WAIT_ASYNC_ONCE);
        EXPECT_TRUE(status == ZX_OK || status == ZX_ERR_BAD_HANDLE);
      }
    }
  }));
  for (int i = 0; i < 2000; ++i) {
    zx_handle_t port = ZX_HANDLE_INVALID;
    ASSERT_OK(zx_port_create(0, &port));
    current = port;
    zx_thread_legacy_yield(0);
    EXPECT_OK(zx_handle_close(port));
  }
  stop = true;
  waiter.Join();
}

}  // namespace
}  // namespace ipc_test
