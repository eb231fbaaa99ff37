// The kernel as a program meets it: time, threads, futexes, memory, handles, and what it refuses.
#include <lib/zx/thread.h>
#include <lib/zx/vmar.h>
#include <lib/zx/vmo.h>
#include <pagoda/mutex.h>
#include <pagoda/object.h>
#include <pagoda/thread.h>
#include <string.h>
#include <zircon/syscalls.h>
#include <zxtest/zxtest.h>

#include <atomic>
#include <string>
#include <vector>

namespace {

constexpr size_t kPageSize = 4096;
constexpr zx_vm_option_t kRead = ZX_VM_PERM_READ;
constexpr zx_vm_option_t kReadWrite = ZX_VM_PERM_READ | ZX_VM_PERM_WRITE;

// A handle value of the right form that no process has.
constexpr zx_handle_t kNoSuchHandle = 0xffff'fff3;

zx_futex_t* FutexOf(std::atomic<int>& word) { return reinterpret_cast<zx_futex_t*>(&word); }

// ---- Time
// ----------------------------------------------------------------------------------------------------------------

TEST(Clock, NeverGoesBack) {
  zx_time_t last = 0;
  for (int i = 0; i < 10'000; ++i) {
    const zx_time_t now = zx_clock_get_monotonic();
    ASSERT_GE(now, last);
    last = now;
  }
  EXPECT_GT(last, 0);
}

TEST(Clock, AgreesWithTheTicks) {
  const auto ticks_start = static_cast<double>(zx_ticks_get());
  const zx_time_t start = zx_clock_get_monotonic();
  ASSERT_OK(zx_nanosleep(zx_deadline_after(ZX_MSEC(20))));
  const double by_ticks =
      (static_cast<double>(zx_ticks_get()) - ticks_start) / static_cast<double>(zx_ticks_per_second());
  const double by_clock = static_cast<double>(zx_clock_get_monotonic() - start) / 1e9;
  EXPECT_GT(by_ticks, by_clock * 0.9);
  EXPECT_LT(by_ticks, by_clock * 1.1);
}

TEST(Sleep, LastsUntilTheDeadline) {
  const zx_time_t deadline = zx_deadline_after(ZX_MSEC(5));
  ASSERT_OK(zx_nanosleep(deadline));
  EXPECT_GE(zx_clock_get_monotonic(), deadline);
}

TEST(Sleep, ReturnsAtOnceWhenTheDeadlineHasPassed) {
  EXPECT_OK(zx_nanosleep(0));
  EXPECT_OK(zx_nanosleep(ZX_TIME_INFINITE_PAST));
}

// ---- Threads
// -------------------------------------------------------------------------------------------------------------

TEST(Thread, RunsAndIsJoined) {
  std::atomic<bool> ran = false;
  pagoda::Thread thread;
  ASSERT_OK(thread.Start("runs", [&] { ran = true; }));
  thread.Join();
  EXPECT_TRUE(ran);
  EXPECT_FALSE(thread.joinable());
}

TEST(Thread, ManyRunAtOnceAndKeepTheirRegisters) {
  std::vector<pagoda::Thread> threads(16);
  std::atomic<int> wrong = 0;
  for (size_t i = 0; i < threads.size(); ++i) {
    ASSERT_OK(threads[i].Start("registers", [&, i] {
      // Lives in vector registers across preemption: each thread must see its own.
      double value = static_cast<double>(i);
      for (int round = 0; round < 200'000; ++round) {
        value += 1.0;
        asm volatile("" : "+x"(value));
      }
      wrong += value == static_cast<double>(i) + 200'000.0 ? 0 : 1;
    }));
  }
  for (pagoda::Thread& thread : threads) {
    thread.Join();
  }
  EXPECT_EQ(wrong, 0);
}

TEST(Thread, IsPreemptedWhenItDoesNotYield) {
  // With one spinning thread more than there are CPUs, this thread gets to run only by preemption.
  std::atomic<bool> stop = false;
  std::vector<pagoda::Thread> threads(zx_system_get_num_cpus() + 1);
  for (pagoda::Thread& thread : threads) {
    ASSERT_OK(thread.Start("spin", [&] {
      while (!stop) {
        __builtin_ia32_pause();
      }
    }));
  }
  EXPECT_OK(zx_nanosleep(zx_deadline_after(ZX_MSEC(10))));
  stop = true;
}

TEST(Thread, YieldReturns) {
  for (int i = 0; i < 100; ++i) {
    zx_thread_legacy_yield(0);
  }
}

TEST(Thread, CpuIndexIsWithinTheMachine) { EXPECT_LT(zx_pagoda_cpu_index(), zx_system_get_num_cpus()); }

TEST(Thread, CannotBeStartedTwice) {
  pagoda::Thread thread;
  std::atomic<int> gate = 0;
  ASSERT_OK(thread.Start("once", [&] { zx_futex_wait(FutexOf(gate), 0, ZX_HANDLE_INVALID, ZX_TIME_INFINITE); }));
  EXPECT_STATUS(thread.handle()->start(0x1000, 0x1000, 0, 0), ZX_ERR_BAD_STATE);
  gate = 1;
  zx_futex_wake(FutexOf(gate), 1);
}

TEST(WaitOne, TimesOutOnARunningThread) {
  std::atomic<int> gate = 0;
  pagoda::Thread thread;
  ASSERT_OK(thread.Start("waits", [&] {
    while (gate == 0) {
      zx_futex_wait(FutexOf(gate), 0, ZX_HANDLE_INVALID, ZX_TIME_INFINITE);
    }
  }));
  zx_signals_t observed = 0;
  EXPECT_STATUS(thread.handle()->wait_one(ZX_THREAD_TERMINATED, zx::deadline_after(zx::msec(2)), &observed),
                ZX_ERR_TIMED_OUT);
  EXPECT_EQ(observed & ZX_THREAD_TERMINATED, 0U);
  gate = 1;
  zx_futex_wake(FutexOf(gate), 1);
  EXPECT_OK(thread.handle()->wait_one(ZX_THREAD_TERMINATED, zx::time::infinite(), &observed));
  EXPECT_NE(observed & ZX_THREAD_TERMINATED, 0U);
}

// ---- Futexes
// -------------------------------------------------------------------------------------------------------------

TEST(Futex, DoesNotWaitWhenTheValueIsAnother) {
  std::atomic<int> word = 1;
  EXPECT_STATUS(zx_futex_wait(FutexOf(word), 2, ZX_HANDLE_INVALID, ZX_TIME_INFINITE), ZX_ERR_BAD_STATE);
}

TEST(Futex, TimesOut) {
  std::atomic<int> word = 0;
  const zx_time_t deadline = zx_deadline_after(ZX_MSEC(3));
  EXPECT_STATUS(zx_futex_wait(FutexOf(word), 0, ZX_HANDLE_INVALID, deadline), ZX_ERR_TIMED_OUT);
  EXPECT_GE(zx_clock_get_monotonic(), deadline);
}

TEST(Futex, WakesAWaiter) {
  std::atomic<int> word = 0;
  std::atomic<int> woken = 0;
  pagoda::Thread thread;
  ASSERT_OK(thread.Start("waiter", [&] {
    while (word == 0) {
      zx_futex_wait(FutexOf(word), 0, ZX_HANDLE_INVALID, ZX_TIME_INFINITE);
    }
    ++woken;
  }));
  word = 1;
  EXPECT_OK(zx_futex_wake(FutexOf(word), 1));
  thread.Join();
  EXPECT_EQ(woken, 1);
}

TEST(Futex, MutexLosesNoUpdate) {
  pagoda::Mutex mutex;
  int counter = 0;
  std::vector<pagoda::Thread> threads(4);
  for (pagoda::Thread& thread : threads) {
    ASSERT_OK(thread.Start("count", [&] {
      for (int i = 0; i < 500; ++i) {
        mutex.lock();
        ++counter;
        mutex.unlock();
      }
    }));
  }
  for (pagoda::Thread& thread : threads) {
    thread.Join();
  }
  EXPECT_EQ(counter, 2000);
}

// ---- VMOs
// ----------------------------------------------------------------------------------------------------------------

TEST(Vmo, SizeIsRoundedUpToPages) {
  for (const uint64_t size : {uint64_t{0}, uint64_t{1}, uint64_t{4096}, uint64_t{4097}}) {
    zx::vmo vmo;
    ASSERT_OK(zx::vmo::create(size, 0, &vmo));
    uint64_t found = 0;
    ASSERT_OK(vmo.get_size(&found));
    EXPECT_EQ(found, (size + kPageSize - 1) / kPageSize * kPageSize);
    ASSERT_OK(vmo.get_prop_content_size(&found));
    EXPECT_EQ(found, size);
  }
}

TEST(Vmo, StartsAsZeros) {
  zx::vmo vmo;
  ASSERT_OK(zx::vmo::create(4 * kPageSize, 0, &vmo));
  std::vector<char> bytes(4 * kPageSize, 'x');
  ASSERT_OK(vmo.read(bytes.data(), 0, bytes.size()));
  EXPECT_TRUE(bytes == std::vector<char>(4 * kPageSize, 0));
}

TEST(Vmo, ReadGivesWhatWasWrittenAcrossPages) {
  zx::vmo vmo;
  ASSERT_OK(zx::vmo::create(3 * kPageSize, 0, &vmo));
  const std::string text(5000, 'p');
  ASSERT_OK(vmo.write(text.data(), 1000, text.size()));
  std::string back(5000, '\0');
  ASSERT_OK(vmo.read(back.data(), 1000, back.size()));
  EXPECT_STREQ(back, text);
  char before = 'x';
  ASSERT_OK(vmo.read(&before, 999, 1));
  EXPECT_EQ(before, 0);
}

TEST(Vmo, RangesBeyondTheEndAreRefused) {
  zx::vmo vmo;
  ASSERT_OK(zx::vmo::create(kPageSize, 0, &vmo));
  char byte = 0;
  EXPECT_OK(vmo.read(&byte, kPageSize, 0));
  EXPECT_STATUS(vmo.read(&byte, kPageSize, 1), ZX_ERR_OUT_OF_RANGE);
  EXPECT_STATUS(vmo.write(&byte, kPageSize + 1, 0), ZX_ERR_OUT_OF_RANGE);
  EXPECT_STATUS(vmo.read(&byte, UINT64_MAX, 2), ZX_ERR_OUT_OF_RANGE);
}

TEST(Vmo, UnknownOptionsAreRefused) {
  zx::vmo vmo;
  EXPECT_STATUS(zx::vmo::create(kPageSize, 0x8000'0000, &vmo), ZX_ERR_INVALID_ARGS);
  EXPECT_FALSE(vmo.is_valid());
}

// ---- Mappings
// --------------------------------------------------------------------------------------------------------------

class Mapping : public zxtest::Test {
 public:
  void SetUp() override { ASSERT_OK(zx::vmo::create(8 * kPageSize, 0, &vmo_)); }
  void TearDown() override {
    if (address_ != 0) {
      zx::vmar::root_self()->unmap(address_, length_);
    }
  }

 protected:
  zx_status_t Map(zx_vm_option_t options, uint64_t vmo_offset = 0, size_t length = 8 * kPageSize) {
    length_ = length;
    return zx::vmar::root_self()->map(options, 0, vmo_, vmo_offset, length, &address_);
  }
  char* memory() const { return reinterpret_cast<char*>(address_); }

  zx::vmo vmo_;
  zx_vaddr_t address_ = 0;
  size_t length_ = 0;
};

TEST_F(Mapping, SharesItsBytesWithTheVmo) {
  ASSERT_OK(Map(kReadWrite));
  memory()[kPageSize + 5] = 'm';
  char byte = 0;
  ASSERT_OK(vmo_.read(&byte, kPageSize + 5, 1));
  EXPECT_EQ(byte, 'm');
  ASSERT_OK(vmo_.write("v", 3 * kPageSize, 1));
  EXPECT_EQ(memory()[3 * kPageSize], 'v');
  EXPECT_EQ(memory()[7 * kPageSize], 0);
}

TEST_F(Mapping, StartsAtTheGivenOffset) {
  ASSERT_OK(vmo_.write("x", 2 * kPageSize, 1));
  ASSERT_OK(Map(kRead, 2 * kPageSize, kPageSize));
  EXPECT_EQ(memory()[0], 'x');
}

TEST_F(Mapping, OutlivesTheHandle) {
  ASSERT_OK(vmo_.write("k", 0, 1));
  ASSERT_OK(Map(kReadWrite));
  vmo_.reset();
  EXPECT_EQ(memory()[0], 'k');
}

TEST_F(Mapping, TwoOfOneVmoShowTheSame) {
  ASSERT_OK(Map(kReadWrite));
  zx_vaddr_t second = 0;
  ASSERT_OK(zx::vmar::root_self()->map(kReadWrite, 0, vmo_, 0, 8 * kPageSize, &second));
  EXPECT_NE(second, address_);
  memory()[100] = 's';
  EXPECT_EQ(reinterpret_cast<char*>(second)[100], 's');
  EXPECT_OK(zx::vmar::root_self()->unmap(second, 8 * kPageSize));
}

TEST_F(Mapping, CanBeProtectedInPart) {
  ASSERT_OK(Map(kReadWrite));
  memory()[0] = 'a';
  EXPECT_OK(zx::vmar::root_self()->protect(kRead, address_, kPageSize));
  EXPECT_EQ(memory()[0], 'a');
  memory()[kPageSize] = 'b';
  EXPECT_OK(zx::vmar::root_self()->protect(kReadWrite, address_, kPageSize));
  memory()[0] = 'c';
  EXPECT_EQ(memory()[0], 'c');
}

TEST_F(Mapping, CanBeUnmappedInTheMiddle) {
  ASSERT_OK(Map(kReadWrite));
  memory()[0] = 'a';
  memory()[7 * kPageSize] = 'z';
  ASSERT_OK(zx::vmar::root_self()->unmap(address_ + 3 * kPageSize, 2 * kPageSize));
  EXPECT_EQ(memory()[0], 'a');
  EXPECT_EQ(memory()[7 * kPageSize], 'z');
}

TEST_F(Mapping, WriteWithoutReadIsRefused) { EXPECT_STATUS(Map(ZX_VM_PERM_WRITE), ZX_ERR_INVALID_ARGS); }

TEST_F(Mapping, ExecutionNeedsTheRight) {
  EXPECT_STATUS(Map(kRead | ZX_VM_PERM_EXECUTE), ZX_ERR_ACCESS_DENIED);
  EXPECT_STATUS(Map(kReadWrite | ZX_VM_PERM_EXECUTE), ZX_ERR_ACCESS_DENIED);
}

TEST_F(Mapping, DoesNotBecomeExecutableByProtection) {
  ASSERT_OK(Map(kReadWrite));
  EXPECT_STATUS(zx::vmar::root_self()->protect(kRead | ZX_VM_PERM_EXECUTE, address_, kPageSize), ZX_ERR_ACCESS_DENIED);
}

TEST_F(Mapping, UnalignedOffsetIsRefused) { EXPECT_STATUS(Map(kRead, 1), ZX_ERR_INVALID_ARGS); }

TEST_F(Mapping, LargeMemoryIsCommittedOnFirstTouch) {
  constexpr size_t kSize = size_t{64} << 20;
  zx::vmo vmo;
  ASSERT_OK(zx::vmo::create(kSize, 0, &vmo));
  zx_vaddr_t address = 0;
  ASSERT_OK(zx::vmar::root_self()->map(kReadWrite, 0, vmo, 0, kSize, &address));
  auto* bytes = reinterpret_cast<volatile char*>(address);
  for (size_t offset = 0; offset < kSize; offset += kSize / 64) {
    EXPECT_EQ(bytes[offset], 0);
    bytes[offset] = 1;
  }
  EXPECT_OK(zx::vmar::root_self()->unmap(address, kSize));
}

// ---- Handles
// ---------------------------------------------------------------------------------------------------------------

TEST(Handle, ClosedAndUnknownOnesAreRefused) {
  EXPECT_STATUS(zx_handle_close(kNoSuchHandle), ZX_ERR_BAD_HANDLE);
  EXPECT_OK(zx_handle_close(ZX_HANDLE_INVALID));
  zx_handle_t vmo = ZX_HANDLE_INVALID;
  ASSERT_OK(zx_vmo_create(kPageSize, 0, &vmo));
  EXPECT_EQ(vmo & ZX_HANDLE_FIXED_BITS_MASK, ZX_HANDLE_FIXED_BITS_MASK);
  ASSERT_OK(zx_handle_close(vmo));
  uint64_t size = 0;
  EXPECT_STATUS(zx_vmo_get_size(vmo, &size), ZX_ERR_BAD_HANDLE);
  EXPECT_STATUS(zx_handle_close(vmo), ZX_ERR_BAD_HANDLE);
}

TEST(Handle, WrongTypeIsRefused) {
  uint64_t size = 0;
  EXPECT_STATUS(zx_vmo_get_size(zx_process_self(), &size), ZX_ERR_WRONG_TYPE);
}

TEST(Handle, DuplicateHasTheRightsAskedFor) {
  zx::vmo vmo;
  ASSERT_OK(zx::vmo::create(kPageSize, 0, &vmo));
  zx::vmo read_only;
  ASSERT_OK(vmo.duplicate(ZX_RIGHT_READ | ZX_RIGHT_MAP, &read_only));
  char byte = 0;
  EXPECT_OK(read_only.read(&byte, 0, 1));
  EXPECT_STATUS(read_only.write(&byte, 0, 1), ZX_ERR_ACCESS_DENIED);
  zx::vmo third;
  EXPECT_STATUS(read_only.duplicate(ZX_RIGHT_SAME_RIGHTS, &third), ZX_ERR_ACCESS_DENIED);
  zx_vaddr_t address = 0;
  EXPECT_STATUS(zx::vmar::root_self()->map(kReadWrite, 0, read_only, 0, kPageSize, &address), ZX_ERR_ACCESS_DENIED);
}

TEST(Handle, DuplicateCannotAddRights) {
  zx::vmo vmo;
  zx::vmo weak;
  zx::vmo strong;
  ASSERT_OK(zx::vmo::create(kPageSize, 0, &vmo));
  ASSERT_OK(vmo.duplicate(ZX_RIGHT_READ | ZX_RIGHT_DUPLICATE, &weak));
  EXPECT_STATUS(weak.duplicate(ZX_RIGHT_READ | ZX_RIGHT_WRITE, &strong), ZX_ERR_INVALID_ARGS);
}

TEST(Object, UnknownNamesAreNotFound) {
  zx::vmo vmo;
  EXPECT_STATUS(pagoda::OpenObject("there is no object of this name", &vmo), ZX_ERR_NOT_FOUND);
}

}  // namespace
