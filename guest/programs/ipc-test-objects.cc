// Waiting for several objects, channels, timers, clocks and futexes as a program meets them.
#include <lib/zx/channel.h>
#include <lib/zx/eventpair.h>
#include <lib/zx/timer.h>
#include <pagoda/thread.h>
#include <zxtest/zxtest.h>

#include <array>
#include <atomic>
#include <vector>

#include "guest/programs/ipc-test.h"

namespace ipc_test {
namespace {

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
    WaitUntilBlocked(*zx::unowned_thread(pagoda_main_thread()), ZX_THREAD_STATE_BLOCKED_WAIT_MANY);
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
    WaitUntilBlocked(*thread.handle(), ZX_THREAD_STATE_BLOCKED_FUTEX);
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
}  // namespace ipc_test
