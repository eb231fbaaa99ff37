// What the ports' tests share: a port with an event to watch, and a way to see that a thread waits.
#pragma once

#include <lib/zx/clock.h>
#include <lib/zx/event.h>
#include <lib/zx/port.h>
#include <lib/zx/thread.h>
#include <zxtest/zxtest.h>

namespace ipc_test {

inline constexpr zx_signals_t kSignal = ZX_USER_SIGNAL_0;
inline constexpr zx::time kNow = zx::time::infinite_past();

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

// `state`: one of ZX_THREAD_STATE_BLOCKED_.
inline void WaitUntilBlocked(const zx::thread& thread, zx_thread_state_t state) {
  zx_info_thread_t info{};
  do {
    ASSERT_OK(thread.get_info(ZX_INFO_THREAD, &info, sizeof(info), nullptr, nullptr));
    zx::nanosleep(zx::deadline_after(zx::usec(100)));
  } while (info.state != state);
}

}  // namespace ipc_test
