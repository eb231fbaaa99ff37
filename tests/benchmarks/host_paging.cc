#include "tests/benchmarks/host_paging.h"

#include <linux/futex.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <barrier>
#include <chrono>
#include <climits>
#include <memory>
#include <optional>
#include <random>
#include <thread>
#include <vector>

#include "tests/benchmarks/bare_guest.h"
#include "tests/benchmarks/cycles.h"
#include "tests/benchmarks/statistics.h"
#include "tests/benchmarks/user_fault.h"

namespace bench {
namespace {

using Clock = std::chrono::steady_clock;

// As far apart as pager-probe's touches.
constexpr size_t kStride = 64;

double SecondsSince(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

// Thread `index`'s share of `size` bytes' pages.
std::vector<uint32_t> Share(size_t size, size_t index, size_t count) {
  std::vector<uint32_t> pages(size / base::kPageSize / kStride);
  for (size_t i = 0; i < pages.size(); ++i) {
    pages[i] = static_cast<uint32_t>(i * kStride);
  }
  std::shuffle(pages.begin(), pages.end(), std::minstd_rand(1));
  std::vector<uint32_t> share;
  for (size_t i = index; i < pages.size(); i += count) {
    share.push_back(pages[i]);
  }
  return share;
}

// Calls `touch(index)` in `count` threads from the same moment on; microseconds for each page until all are done.
template <typename Touch>
double MicrosecondsPerPage(const UserFaultMemory& memory, size_t count, Touch touch) {
  std::barrier start(static_cast<std::ptrdiff_t>(count + 1));
  std::vector<std::thread> threads;
  for (size_t i = 0; i < count; ++i) {
    threads.emplace_back([&, i] {
      start.arrive_and_wait();
      touch(i);
    });
  }
  start.arrive_and_wait();
  const Clock::time_point begin = Clock::now();
  for (std::thread& thread : threads) {
    thread.join();
  }
  return SecondsSince(begin) * 1e6 / static_cast<double>(memory.memory().size() / base::kPageSize / kStride);
}

}  // namespace

vmm::Result<double> UserFaultsBelowMachines(const MappedMemory& content, size_t count) {
  PAGODA_TRY_ASSIGN(const auto memory,
                    UserFaultMemory::Create({content.data(), content.size()}, {FaultWait::kPoll, 1}));
  std::vector<BareGuest> guests;
  for (size_t i = 0; i < count; ++i) {
    PAGODA_TRY_ASSIGN(BareGuest guest, BareGuest::Create(PageToucherCode(), Ring::kThree,
                                                         {memory->memory().data(), memory->memory().size()}));
    guests.push_back(std::move(guest));
  }
  std::atomic<bool> failed = false;
  const double cost = MicrosecondsPerPage(*memory, count, [&](size_t index) {
    failed = failed || !guests[index].MeasureTouches(Share(content.size(), index, count)).ok();
  });
  if (failed || memory->failed()) {
    return vmm::HostFailure(EIO, "userfaultfd below a machine");
  }
  return cost;
}

vmm::Result<double> UserFaultsInProcess(const MappedMemory& content, size_t count) {
  PAGODA_TRY_ASSIGN(const auto memory,
                    UserFaultMemory::Create({content.data(), content.size()}, {FaultWait::kPoll, 1}));
  const double cost = MicrosecondsPerPage(*memory, count, [&](size_t index) {
    for (const uint32_t page : Share(content.size(), index, count)) {
      memory->memory().TouchForReading(page);
    }
  });
  if (memory->failed()) {
    return vmm::HostFailure(EIO, "UFFDIO_COPY");
  }
  return cost;
}

vmm::Result<double> HostReadIntoFreshMemory(const vmm::UniqueFd& file, size_t size) {
  constexpr size_t kPiece = 2 << 20;
  PAGODA_TRY_ASSIGN(const MappedMemory memory, MappedMemory::CreateAnonymous(size));
  const Clock::time_point start = Clock::now();
  for (size_t done = 0; done < size; done += kPiece) {
    const size_t length = std::min(kPiece, size - done);
    if (pread(file.get(), memory.data() + done, length, static_cast<off_t>(done)) != static_cast<ssize_t>(length)) {
      return vmm::HostFailure(errno, "reading a file");
    }
  }
  return static_cast<double>(size) / SecondsSince(start) / 1e9;
}

vmm::Result<WriteCosts> HostMappedWrites(const vmm::UniqueFd& file, size_t pages) {
  const size_t size = pages * base::kPageSize;
  void* data = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, file.get(), 0);
  if (data == MAP_FAILED) {
    return vmm::HostFailure(errno, "mapping a file");
  }
  // What was written before must not be dirty still.
  msync(data, size, MS_SYNC);
  std::vector<double> samples(pages);
  for (size_t i = 0; i < pages; ++i) {
    // SAFETY: volatile because the access itself is what is measured.
    volatile char* byte = static_cast<char*>(data) + i * base::kPageSize;
    const uint64_t start = ReadTsc();
    *byte = 1;
    samples[i] = static_cast<double>(ReadTsc() - start);
  }
  const Clock::time_point start = Clock::now();
  const bool synced = msync(data, size, MS_SYNC) == 0;
  const double sync = SecondsSince(start) * 1e6 / static_cast<double>(pages);
  munmap(data, size);
  if (!synced) {
    return vmm::HostFailure(errno, "msync");
  }
  return WriteCosts{.write_cycles = Summarize(std::move(samples)).median, .sync_us = sync};
}

vmm::Result<double> HostThreadTurnCycles() {
  constexpr int kTurns = 1000;
  std::atomic<int32_t> turn = 0;  // odd: the other thread's
  auto await = [&turn](int32_t value) {
    for (int32_t now = turn; now != value; now = turn) {
      syscall(SYS_futex, &turn, FUTEX_WAIT_PRIVATE, now, nullptr, nullptr, 0);
    }
  };
  auto pass = [&turn](int32_t value) {
    turn = value;
    syscall(SYS_futex, &turn, FUTEX_WAKE_PRIVATE, INT_MAX, nullptr, nullptr, 0);
  };
  // Where we are now, and the thread too, which inherits it.
  cpu_set_t before;
  cpu_set_t here;
  CPU_ZERO(&here);
  CPU_SET(static_cast<size_t>(sched_getcpu()), &here);
  if (sched_getaffinity(0, sizeof(before), &before) != 0 || sched_setaffinity(0, sizeof(here), &here) != 0) {
    return vmm::HostFailure(errno, "sched_setaffinity");
  }
  std::thread other([&] {
    for (int32_t i = 0; i < kTurns; ++i) {
      await(2 * i + 1);
      pass(2 * i + 2);
    }
  });
  std::vector<double> samples(kTurns);
  for (int32_t i = 0; i < kTurns; ++i) {
    const uint64_t start = ReadTsc();
    pass(2 * i + 1);
    await(2 * i + 2);
    samples[static_cast<size_t>(i)] = static_cast<double>(ReadTsc() - start);
  }
  other.join();
  sched_setaffinity(0, sizeof(before), &before);
  return Summarize(std::move(samples)).median;
}

}  // namespace bench
