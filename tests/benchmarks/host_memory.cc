#include "tests/benchmarks/host_memory.h"

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <functional>
#include <vector>

#include "tests/benchmarks/cycles.h"
#include "tests/benchmarks/mapped_memory.h"
#include "tests/benchmarks/statistics.h"
#include "vmm/base/unique_fd.h"

namespace bench {
namespace {

constexpr size_t kMiB = size_t{1} << 20;
constexpr int kRuns = 101;
constexpr int kFewRuns = 7;

const std::function<void()> kNothing = [] {};

double Median(int runs, const std::function<void()>& prepare, const std::function<void()>& action,
              const std::function<void()>& undo) {
  std::vector<double> samples;
  for (int i = 0; i < runs; ++i) {
    prepare();
    const uint64_t start = ReadTsc();
    action();
    samples.push_back(static_cast<double>(ReadTsc() - start));
    undo();
  }
  return Summarize(std::move(samples)).median;
}

// A file in memory of `size` bytes, all there.
vmm::Result<vmm::UniqueFd> MakeMemoryFile(size_t size) {
  vmm::UniqueFd fd(memfd_create("pagoda-bench", MFD_CLOEXEC));
  const std::vector<char> content(size, 'x');
  if (!fd.valid() || pwrite(fd.get(), content.data(), size, 0) != static_cast<ssize_t>(size)) {
    return vmm::HostFailure(errno, "making a memfd");
  }
  return fd;
}

vmm::Result<double> ForkCycles(size_t size) {
  PAGODA_TRY_ASSIGN(MappedMemory memory, MappedMemory::CreateAnonymous(size));
  madvise(memory.data(), memory.size(), MADV_NOHUGEPAGE);
  for (size_t page = 0; page < size / base::kPageSize; page += 16) {
    memory.TouchForWriting(page);
  }
  pid_t child = -1;
  bool failed = false;
  const double cycles = Median(
      kFewRuns, kNothing,
      [&] {
        child = fork();
        if (child == 0) {
          _exit(0);
        }
      },
      [&] { failed |= child < 0 || waitpid(child, nullptr, 0) != child; });
  return failed ? vmm::Result<double>(vmm::HostFailure(errno, "fork")) : vmm::Result<double>(cycles);
}

}  // namespace

double HostCyclesPerSecond() {
  using Clock = std::chrono::steady_clock;
  const auto start_time = Clock::now();
  const uint64_t start = ReadTsc();
  while (Clock::now() - start_time < std::chrono::milliseconds(10)) {
  }
  const std::chrono::duration<double> elapsed = Clock::now() - start_time;
  return static_cast<double>(ReadTsc() - start) / elapsed.count();
}

vmm::Result<double> HostMapUnmapCycles() {
  PAGODA_TRY_ASSIGN(const vmm::UniqueFd fd, MakeMemoryFile(base::kPageSize));
  return Median(
      kRuns, kNothing,
      [&] {
        void* data = mmap(nullptr, base::kPageSize, PROT_READ | PROT_WRITE, MAP_SHARED, fd.get(), 0);
        munmap(data, base::kPageSize);
      },
      kNothing);
}

vmm::Result<double> HostProtectCycles() {
  PAGODA_TRY_ASSIGN(MappedMemory memory, MappedMemory::CreateAnonymous(base::kPageSize));
  return Median(
      kRuns, [&] { memory.TouchForWriting(0); }, [&] { mprotect(memory.data(), base::kPageSize, PROT_READ); },
      [&] { mprotect(memory.data(), base::kPageSize, PROT_READ | PROT_WRITE); });
}

vmm::Result<double> HostForkOfMiBCycles() { return ForkCycles(kMiB); }
vmm::Result<double> HostForkOfGiBCycles() { return ForkCycles(1024 * kMiB); }

vmm::Result<double> HostCopyFaultCycles() {
  PAGODA_TRY_ASSIGN(const vmm::UniqueFd fd, MakeMemoryFile(kMiB));
  void* data = MAP_FAILED;
  return Median(
      kRuns, [&] { data = mmap(nullptr, kMiB, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd.get(), 0); },
      [&] { *(static_cast<volatile char*>(data) + 77 * base::kPageSize) = 1; }, [&] { munmap(data, kMiB); });
}

vmm::Result<double> HostCommitCycles() {
  void* data = MAP_FAILED;
  return Median(
      kFewRuns,
      [&] {
        data = mmap(nullptr, 64 * kMiB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        madvise(data, 64 * kMiB, MADV_NOHUGEPAGE);
      },
      [&] { madvise(data, 64 * kMiB, MADV_POPULATE_WRITE); }, [&] { munmap(data, 64 * kMiB); });
}

vmm::Result<double> HostReadCycles() {
  PAGODA_TRY_ASSIGN(const vmm::UniqueFd fd, MakeMemoryFile(kMiB));
  std::vector<char> buffer(kMiB, 'x');
  bool failed = false;
  const double cycles = Median(
      kRuns, kNothing, [&] { failed |= pread(fd.get(), buffer.data(), kMiB, 0) != static_cast<ssize_t>(kMiB); },
      kNothing);
  return failed ? vmm::Result<double>(vmm::HostFailure(errno, "pread")) : vmm::Result<double>(cycles);
}

vmm::Result<double> HostWriteCycles() {
  PAGODA_TRY_ASSIGN(const vmm::UniqueFd fd, MakeMemoryFile(kMiB));
  const std::vector<char> buffer(kMiB, 'x');
  bool failed = false;
  const double cycles = Median(
      kRuns, kNothing, [&] { failed |= pwrite(fd.get(), buffer.data(), kMiB, 0) != static_cast<ssize_t>(kMiB); },
      kNothing);
  return failed ? vmm::Result<double>(vmm::HostFailure(errno, "pwrite")) : vmm::Result<double>(cycles);
}

}  // namespace bench
