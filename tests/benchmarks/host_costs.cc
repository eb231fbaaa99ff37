#include "tests/benchmarks/host_costs.h"

#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <vector>

#include "shared/base/range.h"
#include "tests/benchmarks/cycles.h"
#include "tests/benchmarks/mapped_memory.h"
#include "tests/benchmarks/statistics.h"

namespace bench {
namespace {

// Cycles of the first write to each of `count` pages, one of every `stride`. Without huge pages: bench-probe's faults
// are of 4 KiB, too.
vmm::Result<std::vector<double>> TouchPages(size_t count, size_t stride) {
  PAGODA_TRY_ASSIGN(MappedMemory memory, MappedMemory::CreateAnonymous(count * stride * base::kPageSize));
  madvise(memory.data(), memory.size(), MADV_NOHUGEPAGE);
  std::vector<double> samples(count);
  for (size_t i = 0; i < count; ++i) {
    const uint64_t start = ReadTsc();
    memory.TouchForWriting(i * stride);
    samples[i] = static_cast<double>(ReadTsc() - start);
  }
  return samples;
}

}  // namespace

double HostSystemCallCycles() {
  std::vector<double> samples(1000);
  for (double& sample : samples) {
    const uint64_t start = ReadTsc();
    syscall(SYS_getppid);
    sample = static_cast<double>(ReadTsc() - start);
  }
  return Summarize(std::move(samples)).median;
}

vmm::Result<HostFaultCycles> MeasureHostFaults() {
  constexpr size_t kStride = 64;
  constexpr size_t kPages = 256;
  PAGODA_TRY_ASSIGN(std::vector<double> separate, TouchPages(kPages, kStride));
  PAGODA_TRY_ASSIGN(const std::vector<double> sequential, TouchPages(2048, 1));
  return HostFaultCycles{.separate = Summarize(std::move(separate)).median, .sequential = CostInSequence(sequential)};
}

}  // namespace bench
