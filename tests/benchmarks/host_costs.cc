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

double HostSystemCallCycles() {
  std::vector<double> samples(1000);
  for (double& sample : samples) {
    const uint64_t start = ReadTsc();
    syscall(SYS_getppid);
    sample = static_cast<double>(ReadTsc() - start);
  }
  return Summarize(std::move(samples)).median;
}

vmm::Result<double> HostFaultCycles() {
  constexpr size_t kStride = 64;
  std::vector<double> samples(256);
  PAGODA_TRY_ASSIGN(MappedMemory memory, MappedMemory::CreateAnonymous(samples.size() * kStride * base::kPageSize));
  madvise(memory.data(), memory.size(), MADV_NOHUGEPAGE);
  for (size_t i = 0; i < samples.size(); ++i) {
    const uint64_t start = ReadTsc();
    memory.TouchForWriting(i * kStride);
    samples[i] = static_cast<double>(ReadTsc() - start);
  }
  return Summarize(std::move(samples)).median;
}

}  // namespace bench
