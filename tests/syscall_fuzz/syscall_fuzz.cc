// Random system calls from several threads; at the end the kernel must still be healthy.
//
//   syscall-fuzz [--seed=N] [--count=N] [--seconds=N] [--threads=N]    (and zxtest's options)
//
// `count` calls by each thread, or as many as fit into `seconds`. What one thread does follows from the seed; how the
// threads meet does not.
#include <pagoda/thread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zircon/syscalls.h>
#include <zxtest/zxtest.h>

#include <atomic>
#include <vector>

#include "tests/syscall_fuzz/arena.h"
#include "tests/syscall_fuzz/calls.h"

namespace fuzz {
namespace {

uint64_t seed = 20261120;
uint64_t count = 20'000;
uint64_t seconds = 0;
uint64_t threads = 4;

class Worker {
 public:
  Worker(Arena& arena, uint64_t number) : arena_(arena), random_(seed * 1000 + number), number_(number) {}

  void Run(zx_time_t end) {
    for (calls_ = 0; seconds != 0 ? zx_clock_get_monotonic() < end : calls_ < count; ++calls_) {
      if (random_.OneIn(16)) {
        arena_.MakeSomething(random_);
      }
      if (number_ == 0 && random_.OneIn(500) && !arena_.alive()) {
        arena_.Renew(random_);
      }
      OneCall();
    }
  }
  [[nodiscard]] uint64_t calls() const { return calls_; }
  [[nodiscard]] uint64_t successes() const { return successes_; }

 private:
  static constexpr size_t kNewHandles = 128;  // more than a message can hold behind the first few

  void OneCall();
  uint64_t Value(char kind);
  uint64_t AnyNumber();
  uint64_t AnyAmount();
  void TakeNewHandles();

  Arena& arena_;
  Random random_;
  const uint64_t number_;
  uint64_t calls_ = 0;
  uint64_t successes_ = 0;
  // Where the kernel puts the handles that it makes for us, so that none gets lost.
  zx_handle_t new_handles_[kNewHandles] = {};
};

uint64_t Worker::AnyNumber() {
  switch (random_.Below(6)) {
    case 0:
      return random_.Next();
    case 1:
      return uint64_t{1} << random_.Below(33);
    case 2:
      return random_.Next() & random_.Next() & random_.Next() & 0xffff;
    case 3:
      return UINT64_MAX >> random_.Below(64);
    default:
      return random_.Below(16);
  }
}

uint64_t Worker::AnyAmount() {
  switch (random_.Below(6)) {
    case 0:
      return AnyNumber();
    case 1:
      return random_.Below(3 * kPageSize);
    case 2:
      return 0 - random_.Below(64) * kPageSize;
    default:
      return random_.Below(64) * kPageSize;
  }
}

uint64_t Worker::Value(char kind) {
  switch (kind) {
    case 'H':
      return arena_.AnyHandle(random_);
    case 'V':
      return arena_.AnyRegion(random_);
    case 'P':
    case 'A':
      return arena_.AnyAddress(random_);
    case 'Q':
      // Where handles go is never memory that others may read them from: they would be lost.
      return random_.OneIn(16) ? random_.Below(2) * 0xffff'ffff'8000'0000
                               : reinterpret_cast<uint64_t>(&new_handles_[random_.Below(8)]);
    case 'L':
      return random_.OneIn(4) ? AnyAmount() : random_.Below(256);
    case 'O':
      return AnyAmount();
    case 'T':
      return random_.OneIn(2)
                 ? random_.Below(2) * static_cast<uint64_t>(ZX_TIME_INFINITE_PAST)
                 : static_cast<uint64_t>(zx_deadline_after(ZX_USEC(1) * static_cast<int64_t>(random_.Below(200))));
    case 'N':
      return AnyNumber();
    default:
      return Value("HVPLON"[random_.Below(6)]);
  }
}

void Worker::TakeNewHandles() {
  for (zx_handle_t& handle : new_handles_) {
    // Calls also write other things to what they take for a pointer to a number.
    if ((handle & ZX_HANDLE_FIXED_BITS_MASK) == ZX_HANDLE_FIXED_BITS_MASK) {
      arena_.Add(random_, handle, random_.OneIn(4));
    }
    handle = ZX_HANDLE_INVALID;
  }
}

void Worker::OneCall() {
  uint64_t arguments[kMaxArguments];
  if (random_.OneIn(200)) {
    for (uint64_t& argument : arguments) {
      argument = Value('?');
    }
    const uint64_t number = kCallCount + random_.Below(1'000'000);
    RawCall(static_cast<uint32_t>(number), arguments);
    return;
  }
  const Call& call = kCalls[random_.Below(kCallCount)];
  if (call.arguments == nullptr) {
    return;
  }
  const size_t known = strlen(call.arguments);
  for (size_t i = 0; i < kMaxArguments; ++i) {
    // The high half of a narrow argument may hold anything.
    arguments[i] = i < known ? Value(call.arguments[i]) : random_.Next();
  }
  successes_ += static_cast<int32_t>(RawCall(call.number, arguments)) == ZX_OK ? 1U : 0U;
  TakeNewHandles();
}

// Memory can be made, mapped, written, read and given back.
void CheckHealth() {
  zx::vmo vmo;
  zx_vaddr_t address = 0;
  ASSERT_OK(zx::vmo::create(64 * kPageSize, 0, &vmo));
  ASSERT_OK(zx::vmar::root_self()->map(ZX_VM_PERM_READ | ZX_VM_PERM_WRITE, 0, vmo, 0, 64 * kPageSize, &address));
  for (uint64_t page = 0; page < 64; ++page) {
    auto* word = reinterpret_cast<volatile uint64_t*>(address + page * kPageSize);
    EXPECT_EQ(*word, 0U);
    *word = page;
    uint64_t found = 0;
    EXPECT_OK(vmo.read(&found, page * kPageSize, sizeof(found)));
    EXPECT_EQ(found, page);
  }
  EXPECT_OK(zx::vmar::root_self()->unmap(address, 64 * kPageSize));
}

TEST(SyscallFuzz, LeavesTheKernelHealthy) {
  printf("--seed=%lu --threads=%lu --count=%lu --seconds=%lu\n", seed, threads, count, seconds);
  Arena arena;
  Random random(seed);
  ASSERT_TRUE(arena.Renew(random));
  const zx_time_t end = zx_deadline_after(ZX_SEC(1) * static_cast<int64_t>(seconds));
  std::vector<Worker> workers;
  for (uint64_t i = 0; i < threads; ++i) {
    workers.emplace_back(arena, i);
  }
  std::vector<pagoda::Thread> running(threads);
  std::atomic<uint64_t> busy = threads;
  for (uint64_t i = 0; i < threads; ++i) {
    ASSERT_OK(running[i].Start("fuzz", [&workers, &busy, i, end] {
      workers[i].Run(end);
      --busy;
    }));
  }
  while (busy != 0) {
    zx_nanosleep(zx_deadline_after(ZX_MSEC(4)));
    arena.ClosePagers();
  }
  uint64_t calls = 0;
  uint64_t successes = 0;
  for (uint64_t i = 0; i < threads; ++i) {
    running[i].Join();
    calls += workers[i].calls();
    successes += workers[i].successes();
  }
  arena.CloseAll();
  CheckHealth();
  printf("%lu calls, %lu of them succeeded\n", calls, successes);
  EXPECT_GT(successes, calls / 50);
}

}  // namespace
}  // namespace fuzz

namespace {

bool ReadNumber(const char* argument, const char* option, uint64_t* value) {
  const size_t length = strlen(option);
  if (strncmp(argument, option, length) != 0) {
    return false;
  }
  *value = strtoull(argument + length, nullptr, 0);
  return true;
}

}  // namespace

int main(int argument_count, char** arguments) {
  for (int i = 1; i < argument_count; ++i) {
    static_cast<void>(ReadNumber(arguments[i], "--seed=", &fuzz::seed) ||
                      ReadNumber(arguments[i], "--count=", &fuzz::count) ||
                      ReadNumber(arguments[i], "--seconds=", &fuzz::seconds) ||
                      ReadNumber(arguments[i], "--threads=", &fuzz::threads));
  }
  return RUN_ALL_TESTS(argument_count, arguments);
}
