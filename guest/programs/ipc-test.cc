// Ports and asynchronous waits as a program meets them: each expectation of the real system's port tests.
// ipc-test-stress.cc has their races, ipc-test-objects.cc the other objects that programs signal and wait for.
#include <lib/zx/channel.h>
#include <pagoda/thread.h>
#include <string.h>
#include <zxtest/zxtest.h>

#include <array>
#include <atomic>
#include <vector>

#include "guest/programs/ipc-test.h"

namespace ipc_test {
namespace {

// ---- Packets of programs --------------------------------------------------------------------------------------------

TEST(Port, QueueNullPtrReturnsInvalidArgs) {
  PortAndEvent t;
  EXPECT_STATUS(t.port.queue(nullptr), ZX_ERR_INVALID_ARGS);
}

TEST(Port, QueueWaitVerifyUserPacket) {
  PortAndEvent t;
  zx_port_packet_t sent{};
  sent.key = 42;
  sent.type = ZX_PKT_TYPE_SIGNAL_ONE;
  sent.status = -3;
  for (uint8_t i = 0; i < 32; ++i) {
    sent.user.c8[i] = static_cast<uint8_t>(i + 1);
  }
  ASSERT_OK(t.port.queue(&sent));
  zx_port_packet_t got{};
  ASSERT_OK(t.Receive(&got));
  EXPECT_EQ(got.key, 42u);
  EXPECT_EQ(got.type, ZX_PKT_TYPE_USER);
  EXPECT_EQ(got.status, -3);
  EXPECT_EQ(memcmp(&got.user, &sent.user, sizeof(got.user)), 0);
  EXPECT_STATUS(t.Receive(&got), ZX_ERR_TIMED_OUT);
}

TEST(Port, QueueAndClose) {
  PortAndEvent t;
  const zx_port_packet_t packet{};
  EXPECT_OK(t.port.queue(&packet));
  t.port.reset();
}

TEST(Port, AFullPortLetsQueueWait) {
  PortAndEvent t;
  zx_port_packet_t packet{};
  zx_status_t status = ZX_OK;
  for (int i = 0; i < 100'000 && status == ZX_OK; ++i) {
    status = t.port.queue(&packet);
  }
  EXPECT_STATUS(status, ZX_ERR_SHOULD_WAIT);
  EXPECT_OK(t.Receive(&packet));
  EXPECT_OK(t.port.queue(&packet));
}

// ---- Asynchronous waits ---------------------------------------------------------------------------------------------

TEST(Port, AsyncWaitChannelTimedOut) {
  zx::port port;
  ASSERT_OK(zx::port::create(0, &port));
  zx::channel channel[2];
  ASSERT_OK(zx::channel::create(0, &channel[0], &channel[1]));
  ASSERT_OK(channel[0].wait_async(port, 1, ZX_CHANNEL_READABLE, ZX_WAIT_ASYNC_ONCE));
  zx_port_packet_t packet{};
  EXPECT_STATUS(port.wait(zx::deadline_after(zx::msec(1)), &packet), ZX_ERR_TIMED_OUT);
}

TEST(Port, AsyncWaitChannel) {
  zx::port port;
  ASSERT_OK(zx::port::create(0, &port));
  zx::channel channel[2];
  ASSERT_OK(zx::channel::create(0, &channel[0], &channel[1]));
  for (uint64_t key = 10; key < 12; ++key) {
    ASSERT_OK(channel[0].wait_async(port, key, ZX_CHANNEL_READABLE, ZX_WAIT_ASYNC_ONCE));
    ASSERT_OK(channel[1].write(0, "hello", 5, nullptr, 0));
    zx_port_packet_t packet{};
    ASSERT_OK(port.wait(zx::time::infinite(), &packet));
    EXPECT_EQ(packet.key, key);
    EXPECT_EQ(packet.type, ZX_PKT_TYPE_SIGNAL_ONE);
    EXPECT_EQ(packet.signal.trigger, ZX_CHANNEL_READABLE);
    EXPECT_EQ(packet.signal.observed, ZX_CHANNEL_WRITABLE | ZX_CHANNEL_READABLE);
    EXPECT_EQ(packet.signal.count, 1u);
    EXPECT_STATUS(port.wait(kNow, &packet), ZX_ERR_TIMED_OUT);
    char bytes[8];
    ASSERT_OK(channel[0].read(0, bytes, nullptr, sizeof(bytes), 0, nullptr, nullptr));
  }
}

TEST(Port, AsyncWaitCloseOrder) {
  constexpr int kOrders[6][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
  for (const auto& order : kOrders) {
    zx::port port;
    ASSERT_OK(zx::port::create(0, &port));
    zx::channel channel[2];
    ASSERT_OK(zx::channel::create(0, &channel[0], &channel[1]));
    ASSERT_OK(channel[0].wait_async(port, 1, ZX_CHANNEL_PEER_CLOSED, ZX_WAIT_ASYNC_ONCE));
    for (const int which : order) {
      if (which == 0) {
        port.reset();
      } else {
        channel[which - 1].reset();
      }
    }
  }
}

TEST(Port, EventAsyncSignalWaitSingle) {
  PortAndEvent t;
  for (uint64_t key = 0; key < 7; ++key) {
    ASSERT_OK(t.Wait(key));
  }
  ASSERT_OK(t.event.signal(0, kSignal));
  uint64_t first_five = 0;
  for (int i = 0; i < 7; ++i) {
    zx_port_packet_t packet{};
    ASSERT_OK(t.Receive(&packet));
    EXPECT_EQ(packet.signal.count, 1u);
    first_five += i < 5 ? packet.key : 0;
  }
  EXPECT_EQ(first_five, 20u);
}

TEST(Port, AsyncWaitEventRepeat) {
  PortAndEvent t;
  for (int i = 0; i < 24; ++i) {
    ASSERT_OK(t.Wait(1));
    ASSERT_OK(t.event.signal(0, kSignal | ZX_USER_SIGNAL_3));
    ASSERT_OK(t.event.signal(kSignal | ZX_USER_SIGNAL_3, 0));
    zx_port_packet_t packet{};
    ASSERT_OK(t.Receive(&packet));
    EXPECT_EQ(packet.signal.observed, kSignal | ZX_USER_SIGNAL_3);
  }
}

TEST(Port, AsyncWaitEventManyAllProcessed) {
  constexpr size_t kEvents = 16385;
  PortAndEvent t;
  std::vector<zx::event> events(kEvents);
  for (size_t i = 0; i < kEvents; ++i) {
    ASSERT_OK(zx::event::create(0, &events[i]));
    ASSERT_OK(events[i].wait_async(t.port, i, kSignal, ZX_WAIT_ASYNC_ONCE));
    ASSERT_OK(events[i].signal(0, kSignal));
  }
  zx_port_packet_t packet{};
  for (size_t i = 0; i < kEvents; ++i) {
    ASSERT_OK(t.Receive(&packet));
    ASSERT_EQ(packet.key, i);
  }
  EXPECT_STATUS(t.Receive(&packet), ZX_ERR_TIMED_OUT);
}

TEST(Port, AsyncWaitInvalidOption) {
  PortAndEvent t;
  EXPECT_STATUS(t.Wait(1, 20), ZX_ERR_INVALID_ARGS);
}

TEST(Port, ChannelAsyncWaitOnExistingStateIsNotified) {
  zx::port port;
  ASSERT_OK(zx::port::create(0, &port));
  zx::channel channel[2];
  ASSERT_OK(zx::channel::create(0, &channel[0], &channel[1]));
  for (int i = 0; i < 5; ++i) {
    ASSERT_OK(channel[1].write(0, "x", 1, nullptr, 0));
  }
  ASSERT_OK(channel[0].wait_async(port, 7, ZX_CHANNEL_READABLE, ZX_WAIT_ASYNC_ONCE));
  zx_port_packet_t packet{};
  ASSERT_OK(port.wait(kNow, &packet));
  EXPECT_EQ(packet.signal.count, 1u);
  EXPECT_EQ(packet.signal.observed, ZX_CHANNEL_WRITABLE | ZX_CHANNEL_READABLE);
  EXPECT_STATUS(port.wait(kNow, &packet), ZX_ERR_TIMED_OUT);
}

TEST(Port, CancelEventKey) {
  PortAndEvent t;
  ASSERT_OK(t.Wait(1));
  ASSERT_OK(t.Wait(2));
  ASSERT_OK(t.Wait(1));
  ASSERT_OK(t.Wait(3));
  EXPECT_OK(t.port.cancel(t.event, 1));
  ASSERT_OK(t.event.signal(0, kSignal));
  zx_port_packet_t packet{};
  uint64_t keys = 0;
  for (int i = 0; i < 2; ++i) {
    ASSERT_OK(t.Receive(&packet));
    keys += packet.key;
  }
  EXPECT_EQ(keys, 5u);
  EXPECT_STATUS(t.Receive(&packet), ZX_ERR_TIMED_OUT);
  EXPECT_STATUS(t.port.cancel(t.event, 2), ZX_ERR_NOT_FOUND);
}

TEST(Port, CancelTakesOutAQueuedPacket) {
  PortAndEvent t;
  ASSERT_OK(t.Wait(1));
  ASSERT_OK(t.event.signal(0, kSignal));
  EXPECT_OK(t.port.cancel(t.event, 1));
  zx_port_packet_t packet{};
  EXPECT_STATUS(t.Receive(&packet), ZX_ERR_TIMED_OUT);
}

TEST(Port, ThreadEvents) {
  PortAndEvent t;
  std::array<pagoda::Thread, 3> threads;
  std::atomic<uint64_t> keys = 0;
  for (pagoda::Thread& thread : threads) {
    ASSERT_OK(thread.Start("receiver", [&] {
      zx_port_packet_t packet{};
      EXPECT_OK(t.port.wait(zx::time::infinite(), &packet));
      keys += packet.key;
    }));
  }
  for (uint64_t key = 1; key <= 100; key *= 10) {
    zx_port_packet_t packet{};
    packet.key = key;
    ASSERT_OK(t.port.queue(&packet));
  }
  for (pagoda::Thread& thread : threads) {
    thread.Join();
  }
  EXPECT_EQ(keys.load(), 111u);
}

TEST(Port, Timestamp) {
  PortAndEvent t;
  ASSERT_OK(t.Wait(1, ZX_WAIT_ASYNC_TIMESTAMP));
  ASSERT_OK(t.Wait(2));
  const zx_time_t before = zx_clock_get_monotonic();
  ASSERT_OK(t.event.signal(0, kSignal));
  const zx_time_t after = zx_clock_get_monotonic();
  zx_port_packet_t packet{};
  ASSERT_OK(t.Receive(&packet));
  EXPECT_EQ(packet.key, 2u);
  EXPECT_EQ(packet.signal.timestamp, 0);
  ASSERT_OK(t.Receive(&packet));
  EXPECT_GE(packet.signal.timestamp, before);
  EXPECT_LE(packet.signal.timestamp, after);
}

TEST(Port, EdgeTriggerDetected) {
  PortAndEvent t;
  ASSERT_OK(t.Wait(1, ZX_WAIT_ASYNC_EDGE));
  pagoda::Thread receiver;
  zx_port_packet_t packet{};
  ASSERT_OK(receiver.Start("receiver", [&] { EXPECT_OK(t.port.wait(zx::time::infinite(), &packet)); }));
  WaitUntilBlocked(*receiver.handle(), ZX_THREAD_STATE_BLOCKED_PORT);
  ASSERT_OK(t.event.signal(0, kSignal));
  receiver.Join();
  EXPECT_EQ(packet.key, 1u);
  EXPECT_EQ(packet.status, ZX_OK);
}

TEST(Port, EdgeTriggerCancel) {
  PortAndEvent t;
  for (uint64_t key = 1; key <= 3; ++key) {
    ASSERT_OK(t.Wait(key, ZX_WAIT_ASYNC_EDGE));
  }
  EXPECT_OK(t.port.cancel(t.event, 1));
  ASSERT_OK(t.event.signal(0, kSignal));
  EXPECT_OK(t.port.cancel(t.event, 3));
  zx_port_packet_t packet{};
  ASSERT_OK(t.Receive(&packet));
  EXPECT_EQ(packet.key, 2u);
  EXPECT_STATUS(t.Receive(&packet), ZX_ERR_TIMED_OUT);
}

TEST(Port, EdgeTriggerTimeout) {
  PortAndEvent t;
  ASSERT_OK(t.event.signal(0, kSignal));
  ASSERT_OK(t.Wait(1, ZX_WAIT_ASYNC_EDGE));
  zx_port_packet_t packet{};
  EXPECT_STATUS(t.Receive(&packet, zx::deadline_after(zx::msec(1))), ZX_ERR_TIMED_OUT);
}

// ---- Races ----------------------------------------------------------------------------------------------------------

TEST(Port, CloseQueueRace) {
  for (int round = 0; round < 200; ++round) {
    zx_handle_t port = ZX_HANDLE_INVALID;
    ASSERT_OK(zx_port_create(0, &port));
    std::array<pagoda::Thread, 2> threads;
    ASSERT_OK(threads[0].Start("queue", [port] {
      zx_status_t status;
      do {
        const zx_port_packet_t packet{};
        status = zx_port_queue(port, &packet);
      } while (status == ZX_OK || status == ZX_ERR_SHOULD_WAIT);
      EXPECT_STATUS(status, ZX_ERR_BAD_HANDLE);
    }));
    ASSERT_OK(threads[1].Start("wait", [port] {
      zx_status_t status;
      do {
        zx_port_packet_t packet;
        status = zx_port_wait(port, 0, &packet);
      } while (status == ZX_OK || status == ZX_ERR_TIMED_OUT);
      EXPECT_STATUS(status, ZX_ERR_BAD_HANDLE);
    }));
    zx::nanosleep(zx::deadline_after(zx::usec(100)));
    EXPECT_OK(zx_handle_close(port));
    threads[0].Join();
    threads[1].Join();
  }
}

}  // namespace
}  // namespace ipc_test
