// Stress for the scheduler and the futex: `threads [THREADS [ROUNDS]]`. Threads fight for one mutex around a plain
// counter, then are started and joined in generations; any lost update, wake-up or thread shows in the exit code or as
// a hang.
#include <pagoda/mutex.h>
#include <pagoda/thread.h>
#include <stdio.h>
#include <stdlib.h>
#include <zircon/syscalls.h>

#include <atomic>
#include <mutex>
#include <vector>

namespace {

// Runs `body` in `count` threads at once and waits for all. False: a thread could not be started.
template <typename Body>
bool RunThreads(size_t count, Body body) {
  std::vector<pagoda::Thread> threads(count);
  bool all_started = true;
  for (pagoda::Thread& thread : threads) {
    all_started &= thread.Start("stress", body) == ZX_OK;
  }
  for (pagoda::Thread& thread : threads) {
    thread.Join();
  }
  return all_started;
}

bool CountUnderMutex(size_t threads, long rounds) {
  pagoda::Mutex mutex;
  long counter = 0;
  const bool started = RunThreads(threads, [&] {
    for (long i = 0; i < rounds; ++i) {
      std::lock_guard guard(mutex);
      const long seen = counter;
      if (i % 64 == 0) {
        // A switch inside the critical section makes others wait in the kernel.
        zx_thread_legacy_yield(0);
      }
      counter = seen + 1;
    }
  });
  const long expected = static_cast<long>(threads) * rounds;
  printf("threads: counted %ld of %ld under one mutex\n", counter, expected);
  return started && counter == expected;
}

bool StartGenerations(size_t threads, int generations) {
  std::atomic<size_t> ran = 0;
  bool started = true;
  for (int i = 0; i < generations; ++i) {
    started &= RunThreads(threads, [&] { ++ran; });
  }
  const size_t expected = threads * static_cast<size_t>(generations);
  printf("threads: %zu of %zu short threads ran\n", ran.load(), expected);
  return started && ran == expected;
}

}  // namespace

int main(int argument_count, char** arguments) {
  const size_t threads = argument_count > 1 ? strtoul(arguments[1], nullptr, 10) : 2 * zx_system_get_num_cpus() + 2;
  const long rounds = argument_count > 2 ? atol(arguments[2]) : 1000;
  return CountUnderMutex(threads, rounds) && StartGenerations(threads, 4) ? 0 : 1;
}
