// Shows the clock, and checks that it never goes back: within a thread, and from one thread to another.
#include <pagoda/thread.h>
#include <stdio.h>
#include <zircon/syscalls.h>

#include <atomic>
#include <vector>

int main() {
  std::atomic<zx_time_t> latest = zx_clock_get_monotonic();
  std::atomic<uint32_t> steps_back = 0;
  auto watch = [&] {
    for (int i = 0; i < 100'000; ++i) {
      const zx_time_t before = latest.load();
      const zx_time_t now = zx_clock_get_monotonic();
      if (now < before) {
        ++steps_back;
      }
      // The latest time that any thread has seen; a thread that lost the race does not put it back.
      for (zx_time_t seen = before; seen < now && !latest.compare_exchange_weak(seen, now);) {
      }
    }
  };
  std::vector<pagoda::Thread> threads(zx_system_get_num_cpus());
  for (pagoda::Thread& thread : threads) {
    if (thread.Start("clock", watch) != ZX_OK) {
      fprintf(stderr, "clock: a thread could not be started\n");
      return 1;
    }
  }
  for (pagoda::Thread& thread : threads) {
    thread.Join();
  }
  printf("%.6f s since the machine's start, %lu ticks a second, %u steps back\n",
         static_cast<double>(zx_clock_get_monotonic()) / 1e9, zx_ticks_per_second(), steps_back.load());
  return steps_back == 0 ? 0 : 1;
}
