// Ports, asynchronous waits, channels, events and timers as a program meets them, on several CPUs: each expectation of
// the real system's port tests, and races that only real threads show.
#include <lib/zx/channel.h>
#include <lib/zx/clock.h>
#include <lib/zx/event.h>
#include <lib/zx/eventpair.h>
#include <lib/zx/port.h>
#include <lib/zx/timer.h>
#include <pagoda/thread.h>
#include <string.h>
#include <zircon/process.h>
#include <zxtest/zxtest.h>

#include <array>
#include <atomic>
#include <memory>
#include <vector>

namespace {

constexpr zx_signals_t kSignal = ZX_USER_SIGNAL_0;
constexpr zx::time kNow = zx::time::infinite_past();

struct PortAndEvent {
  PortAndEvent() {
    EXPECT_OK(zx::port::create(0, &port));
    EXPECT_OK(zx::event::create(0, &event));
  }
  zx_status_t Wait(uint64_t key, uint32_t options = ZX_WAIT_ASYNC_ONCE) {
    return event.wait_async(port, key, kSignal, options);
  }
  zx_status_t Receive(zx_port_packet_t* packet, zx::time deadline = kNow) { return port.wait(deadline, packet); }
  zx::port port;
  zx::event event;
};

void WaitUntilBlockedInPort(const zx::thread& thread) {
  zx_info_thread_t info{};
  do {
    ASSERT_OK(thread.get_info(ZX_INFO_THREAD, &info, sizeof(info), nullptr, nullptr));
    zx::nanosleep(zx::deadline_after(zx::usec(100)));
  } while (info.state != ZX_THREAD_STATE_BLOCKED_PORT);
}

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
  WaitUntilBlockedInPort(*receiver.handle());
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

// ---- Waiting for many objects ---------------------------------------------------------------------------------------

TEST(WaitMany, OneOfThemEndsIt) {
  PortAndEvent a;
  PortAndEvent b;
  zx_wait_item_t items[] = {{a.event.get(), kSignal, 0}, {b.event.get(), kSignal, 0}};
  EXPECT_STATUS(zx::event::wait_many(items, 2, kNow), ZX_ERR_TIMED_OUT);
  pagoda::Thread signaller;
  ASSERT_OK(signaller.Start("signaller", [&] { EXPECT_OK(b.event.signal(0, kSignal)); }));
  EXPECT_OK(zx::event::wait_many(items, 2, zx::time::infinite()));
  EXPECT_EQ(items[0].pending, 0u);
  EXPECT_EQ(items[1].pending, kSignal);
}

TEST(WaitMany, AHandleThatIsClosedCancels) {
  PortAndEvent a;
  zx_wait_item_t item = {a.event.get(), kSignal, 0};
  pagoda::Thread closer;
  ASSERT_OK(closer.Start("closer", [&] {
    zx::nanosleep(zx::deadline_after(zx::msec(2)));
    a.event.reset();
  }));
  EXPECT_STATUS(zx::event::wait_many(&item, 1, zx::time::infinite()), ZX_ERR_CANCELED);
  EXPECT_EQ(item.pending, ZX_SIGNAL_HANDLE_CLOSED);
}

TEST(WaitMany, TakesAtMost64) {
  std::array<zx_wait_item_t, 65> items{};
  EXPECT_STATUS(zx_object_wait_many(items.data(), 65, 0), ZX_ERR_OUT_OF_RANGE);
  EXPECT_STATUS(zx_object_wait_many(items.data(), 64, 0), ZX_ERR_BAD_HANDLE);
  EXPECT_STATUS(zx_object_wait_many(nullptr, 0, zx_deadline_after(ZX_MSEC(1))), ZX_ERR_TIMED_OUT);
}

// ---- Channels -------------------------------------------------------------------------------------------------------

TEST(Channel, ACallIsAnsweredByAnotherThread) {
  zx::channel client;
  zx::channel server;
  ASSERT_OK(zx::channel::create(0, &client, &server));
  pagoda::Thread echo;
  constexpr int kCalls = 200;
  ASSERT_OK(echo.Start("echo", [&] {
    for (int i = 0; i < 2 * kCalls; ++i) {
      ASSERT_OK(server.wait_one(ZX_CHANNEL_READABLE, zx::time::infinite(), nullptr));
      uint32_t message[2];
      ASSERT_OK(server.read(0, message, nullptr, sizeof(message), 0, nullptr, nullptr));
      message[1] += 1;
      ASSERT_OK(server.write(0, message, sizeof(message), nullptr, 0));
    }
  }));
  const auto call = [&](uint32_t first) {
    for (uint32_t i = first; i < first + kCalls; ++i) {
      uint32_t request[2] = {0, i};
      uint32_t reply[2] = {0, 0};
      zx_channel_call_args_t args{};
      args.wr_bytes = request;
      args.wr_num_bytes = sizeof(request);
      args.rd_bytes = reply;
      args.rd_num_bytes = sizeof(reply);
      uint32_t bytes = 0;
      uint32_t handles = 0;
      ASSERT_OK(client.call(0, zx::time::infinite(), &args, &bytes, &handles));
      ASSERT_EQ(reply[1], i + 1);
    }
  };
  pagoda::Thread other;
  ASSERT_OK(other.Start("caller", [&] { call(100'000); }));
  call(0);
  other.Join();
  echo.Join();
}

TEST(Channel, HandlesMoveAndWorkAtTheOtherEnd) {
  zx::channel a;
  zx::channel b;
  ASSERT_OK(zx::channel::create(0, &a, &b));
  zx::eventpair mine;
  zx::eventpair sent;
  ASSERT_OK(zx::eventpair::create(0, &mine, &sent));
  const zx_handle_t handle = sent.release();
  ASSERT_OK(a.write(0, nullptr, 0, &handle, 1));
  EXPECT_STATUS(zx_object_signal(handle, 0, kSignal), ZX_ERR_BAD_HANDLE);
  zx_handle_info_t info{};
  uint32_t count = 0;
  ASSERT_OK(b.read_etc(0, nullptr, &info, 0, 1, nullptr, &count));
  EXPECT_EQ(count, 1u);
  EXPECT_EQ(info.type, ZX_OBJ_TYPE_EVENTPAIR);
  EXPECT_EQ(info.rights, ZX_DEFAULT_EVENTPAIR_RIGHTS);
  const zx::eventpair received(info.handle);
  EXPECT_OK(received.signal_peer(0, ZX_EVENTPAIR_SIGNALED));
  EXPECT_OK(mine.wait_one(ZX_EVENTPAIR_SIGNALED, kNow, nullptr));
}

TEST(Channel, AMessageOf64KiBArrivesWhole) {
  zx::channel a;
  zx::channel b;
  ASSERT_OK(zx::channel::create(0, &a, &b));
  std::vector<uint8_t> sent(ZX_CHANNEL_MAX_MSG_BYTES);
  for (size_t i = 0; i < sent.size(); ++i) {
    sent[i] = static_cast<uint8_t>(i * 7 + i / 4096);
  }
  ASSERT_OK(a.write(0, sent.data(), ZX_CHANNEL_MAX_MSG_BYTES, nullptr, 0));
  std::vector<uint8_t> got(ZX_CHANNEL_MAX_MSG_BYTES);
  ASSERT_OK(b.read(0, got.data(), nullptr, ZX_CHANNEL_MAX_MSG_BYTES, 0, nullptr, nullptr));
  EXPECT_TRUE(sent == got);
}

// ---- Timers ---------------------------------------------------------------------------------------------------------

TEST(Timer, SignalsAtItsDeadlineAndNotBefore) {
  zx::timer timer;
  ASSERT_OK(zx::timer::create(0, ZX_CLOCK_MONOTONIC, &timer));
  const zx::time deadline = zx::deadline_after(zx::msec(5));
  ASSERT_OK(timer.set(deadline, zx::duration(0)));
  EXPECT_STATUS(timer.wait_one(ZX_TIMER_SIGNALED, kNow, nullptr), ZX_ERR_TIMED_OUT);
  ASSERT_OK(timer.wait_one(ZX_TIMER_SIGNALED, zx::time::infinite(), nullptr));
  EXPECT_GE(zx_clock_get_monotonic(), deadline.get());
  ASSERT_OK(timer.set(zx::deadline_after(zx::hour(1)), zx::duration(0)));
  EXPECT_STATUS(timer.wait_one(ZX_TIMER_SIGNALED, kNow, nullptr), ZX_ERR_TIMED_OUT);
  EXPECT_OK(timer.cancel());
}

TEST(Timer, FiresIntoAPort) {
  PortAndEvent t;
  zx::timer timer;
  ASSERT_OK(zx::timer::create(0, ZX_CLOCK_MONOTONIC, &timer));
  ASSERT_OK(timer.wait_async(t.port, 9, ZX_TIMER_SIGNALED, ZX_WAIT_ASYNC_ONCE));
  ASSERT_OK(timer.set(zx::deadline_after(zx::msec(2)), zx::duration(0)));
  zx_port_packet_t packet{};
  ASSERT_OK(t.Receive(&packet, zx::time::infinite()));
  EXPECT_EQ(packet.key, 9u);
  EXPECT_EQ(packet.signal.observed, ZX_TIMER_SIGNALED);
}

// ---- Clocks and futexes ---------------------------------------------------------------------------------------------

TEST(Clock, OneThatStartsByItselfKeepsUpWithTheMonotonicClock) {
  zx::clock clock;
  ASSERT_OK(zx::clock::create(ZX_CLOCK_OPT_AUTO_START, nullptr, &clock));
  const zx_time_t before = zx_clock_get_monotonic();
  zx_time_t now = 0;
  ASSERT_OK(clock.read(&now));
  EXPECT_GE(now, before);
  EXPECT_LE(now, zx_clock_get_monotonic());
  zx_clock_update_args_v2_t args{};
  args.synthetic_value = 5'000'000'000'000;
  ASSERT_OK(clock.update(ZX_CLOCK_UPDATE_OPTION_SYNTHETIC_VALUE_VALID, args));
  ASSERT_OK(clock.read(&now));
  EXPECT_GE(now, args.synthetic_value);
}

TEST(System, TellsItsFacts) {
  EXPECT_GE(zx_system_get_physmem(), uint64_t{16} << 20);
  EXPECT_GT(zx_system_get_version_string().length, 0u);
  uint32_t features = 1;
  EXPECT_OK(zx_system_get_features(ZX_FEATURE_KIND_VM, &features));
  EXPECT_EQ(features, 0u);
  EXPECT_OK(zx_system_get_features(ZX_FEATURE_KIND_CPU, &features));
  EXPECT_NE(features, 0u);
}

TEST(Futex, RequeuedThreadsAreWokenAtTheOtherFutex) {
  zx_futex_t from = 1;
  zx_futex_t to = 2;
  std::atomic<int> woken = 0;
  std::array<pagoda::Thread, 3> threads;
  for (pagoda::Thread& thread : threads) {
    ASSERT_OK(thread.Start("waiter", [&] {
      EXPECT_OK(zx_futex_wait(&from, 1, ZX_HANDLE_INVALID, ZX_TIME_INFINITE));
      ++woken;
    }));
    zx_info_thread_t info{};
    do {
      ASSERT_OK(thread.handle()->get_info(ZX_INFO_THREAD, &info, sizeof(info), nullptr, nullptr));
    } while (info.state != ZX_THREAD_STATE_BLOCKED_FUTEX);
  }
  EXPECT_STATUS(zx_futex_requeue(&from, 0, 7, &to, 3, ZX_HANDLE_INVALID), ZX_ERR_BAD_STATE);
  ASSERT_OK(zx_futex_requeue(&from, 0, 1, &to, 3, pagoda_main_thread()));
  zx_koid_t owner = ZX_KOID_INVALID;
  ASSERT_OK(zx_futex_get_owner(&to, &owner));
  EXPECT_NE(owner, ZX_KOID_INVALID);
  EXPECT_OK(zx_futex_wake(&from, 9));
  EXPECT_EQ(woken.load(), 0);
  EXPECT_OK(zx_futex_wake_single_owner(&to));
  EXPECT_OK(zx_futex_wake(&to, 9));
  for (pagoda::Thread& thread : threads) {
    thread.Join();
  }
  EXPECT_EQ(woken.load(), 3);
}

}  // namespace
