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

// Fresh memory without huge pages: bench-probe's faults are of 4 KiB, too.
vmm::Result<MappedMemory> MapPages(size_t pages) {
  PAGODA_TRY_ASSIGN(MappedMemory memory, MappedMemory::CreateAnonymous(pages * base::kPageSize));
  madvise(memory.data(), memory.size(), MADV_NOHUGEPAGE);
  return memory;
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
  constexpr size_t kPages = 2048;
  std::vector<double> samples(256);
  PAGODA_TRY_ASSIGN(MappedMemory separate, MapPages(samples.size() * kStride));
  PAGODA_TRY_ASSIGN(MappedMemory sequential, MapPages(kPages));
  for (size_t i = 0; i < samples.size(); ++i) {
    const uint64_t start = ReadTsc();
    separate.TouchForWriting(i * kStride);
    samples[i] = static_cast<double>(ReadTsc() - start);
  }
  const uint64_t start = ReadTsc();
  for (size_t i = 0; i < kPages; ++i) {
    sequential.TouchForWriting(i);
  }
  return HostFaultCycles{.separate = Summarize(std::move(samples)).median,
                         .sequential = static_cast<double>(ReadTsc() - start) / kPages};
}

}  // namespace bench
