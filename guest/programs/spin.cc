// Keeps every CPU busy for ever, with nothing but user code. For tests of stopping a guest that does not cooperate.
#include <pagoda/thread.h>
#include <stdio.h>
#include <zircon/syscalls.h>

#include <atomic>
#include <vector>

int main() {
  std::atomic<uint32_t> running = 0;
  auto spin = [&] {
    ++running;
    for (;;) {
      __builtin_ia32_pause();
    }
  };
  // This thread is the last one to spin.
  std::vector<pagoda::Thread> threads(zx_system_get_num_cpus() - 1);
  for (pagoda::Thread& thread : threads) {
    if (thread.Start("spin", spin) != ZX_OK) {
      fprintf(stderr, "spin: a thread could not be started\n");
      return 1;
    }
  }
  while (running != threads.size()) {
    zx_nanosleep(zx_deadline_after(ZX_MSEC(1)));
  }
  printf("spinning\n");
  spin();
}
