// Greets, shows what it was given, and lets every CPU of the machine say a line.
#include <pagoda/thread.h>
#include <stdio.h>
#include <zircon/syscalls.h>

#include <atomic>
#include <string>
#include <vector>

namespace {

// A bit for each CPU that has spoken.
std::atomic<uint32_t> g_spoken = 0;

// Keeps its CPU busy until all have spoken, so that the other threads have to run on the others.
void SpeakForThisCpu(uint32_t everybody, zx_time_t deadline) {
  while (g_spoken != everybody && zx_clock_get_monotonic() < deadline) {
    const uint32_t cpu = zx_pagoda_cpu_index();
    const uint32_t bit = uint32_t{1} << cpu;
    if ((g_spoken.fetch_or(bit) & bit) == 0) {
      printf("Hello from CPU %u\n", cpu);
    }
    for (int i = 0; i < 10'000 && g_spoken != everybody; ++i) {
      __builtin_ia32_pause();
    }
  }
}

}  // namespace

int main(int argument_count, char** arguments) {
  const uint32_t cpus = zx_system_get_num_cpus();
  printf("Hello! This is %s on a machine with %u CPU%s.\n", arguments[0], cpus, cpus == 1 ? "" : "s");
  for (int i = 1; i < argument_count; ++i) {
    printf("argument %d: %s\n", i, arguments[i]);
  }
  const uint32_t everybody = cpus < 32 ? (uint32_t{1} << cpus) - 1 : UINT32_MAX;
  const zx_time_t deadline = zx_deadline_after(ZX_SEC(30));
  std::vector<pagoda::Thread> threads(cpus);
  for (uint32_t i = 0; i < cpus; ++i) {
    const std::string name = "hello-" + std::to_string(i);
    if (threads[i].Start(name.c_str(), [=] { SpeakForThisCpu(everybody, deadline); }) != ZX_OK) {
      fprintf(stderr, "hello: thread %u could not be started\n", i);
      return 1;
    }
  }
  for (pagoda::Thread& thread : threads) {
    thread.Join();
  }
  if (g_spoken != everybody) {
    fprintf(stderr, "hello: after 30 seconds only the CPUs in the set %#x have run a thread\n", g_spoken.load());
    return 1;
  }
  return 0;
}
