// A whole job on a file that is many times as large as the guest's memory: read it from its start to its end, as a
// mapping and in blocks, and hash it. Beside it, what a process of the host takes for the same with the same code, and
// what userfaultfd takes for bringing the pages.
//
// All read the same file, which is in the host's page cache. Everything is per MiB, so that sizes can be compared.
#include <sys/mman.h>
#include <unistd.h>

#include <chrono>
#include <memory>
#include <numeric>

#include "guest/programs/sha256.h"
#include "tests/benchmarks/bare_guest.h"
#include "tests/benchmarks/cycles.h"
#include "tests/benchmarks/host_file.h"
#include "tests/benchmarks/mapped_memory.h"
#include "tests/benchmarks/suites.h"
#include "tests/benchmarks/thread_times.h"
#include "tests/benchmarks/user_fault.h"

namespace bench {
namespace {

constexpr uint64_t kSmallMemory = uint64_t{64} << 20;
constexpr double kMiB = 1 << 20;
constexpr size_t kBlockSize = 128 * 1024;            // of those who read in blocks, as stream-probe does
constexpr size_t kUserFaultSize = size_t{32} << 20;  // userfaultfd is as fast on a part of the file

// 500 MB/s, and 30 % of a processor at that rate.
constexpr double kTargetMicroseconds = kMiB / 500e6 * 1e6;
constexpr double kTargetMonitor = 0.3 * kTargetMicroseconds;

constexpr const char* kTime = "time";
constexpr const char* kMonitor = "processor time of the monitor beside its vCPUs";
constexpr const char* kFaults = "faults";
constexpr const char* kReads = "reads by the monitor";

struct HostFile {
  vmm::UniqueFd fd;
  size_t size;
};

// --- the guest ---

vmm::Result<Values> MeasureGuest(const std::vector<std::string>& command) {
  integration::Process monitor(command);
  if (!monitor.WaitForOutput("ready 1\n")) {
    return CheckEnding(monitor.Wait(), "stream-probe").ok() ? vmm::HostFailure(EPROTO, "stream-probe")
                                                            : vmm::HostFailure(EIO, "stream-probe");
  }
  PAGODA_TRY_ASSIGN(const ThreadTimes before, TimesBesideCpus(monitor.pid()));
  const bool done = monitor.WaitForOutput("done 1\n");
  const vmm::Result<ThreadTimes> after = TimesBesideCpus(monitor.pid());
  const integration::Ending ending = monitor.Wait();
  PAGODA_TRY(CheckEnding(ending, "stream-probe"));
  if (!done || !after.ok()) {
    return vmm::HostFailure(EPROTO, "stream-probe");
  }
  PAGODA_TRY_ASSIGN(Values printed, ParseProbeOutput(ending.out));
  const double size = printed["bytes"] / kMiB;
  Values values = {{kTime, printed["cycles"] / printed["ticks_per_second"] * 1e6 / size},
                   {kMonitor, (after.value().seconds - before.seconds) * 1e6 / size},
                   {kReads, static_cast<double>(after.value().reads - before.reads) / size}};
  if (printed.contains("faults")) {
    values[kFaults] = printed["faults"] / size;
  }
  return values;
}

// --- the host ---

using Work = void (*)(programs::Sha256& hash, std::span<const std::byte> bytes);

void Touch(programs::Sha256& /*hash*/, std::span<const std::byte> bytes) {
  for (size_t offset = 0; offset < bytes.size(); offset += base::kPageSize) {
    static_cast<void>(*static_cast<const volatile std::byte*>(&bytes[offset]));
  }
}

void Hash(programs::Sha256& hash, std::span<const std::byte> bytes) { hash.Update(bytes); }

void Nothing(programs::Sha256& /*hash*/, std::span<const std::byte> /*bytes*/) {}

using Clock = std::chrono::steady_clock;

Values TimeSince(Clock::time_point start, size_t size) {
  const std::chrono::duration<double, std::micro> taken = Clock::now() - start;
  return {{kTime, taken.count() / (static_cast<double>(size) / kMiB)}};
}

// As a program does that knows nothing of its file.
vmm::Result<Values> MeasureMapping(const HostFile& file, Work work) {
  programs::Sha256 hash;
  const auto start = Clock::now();
  void* data = mmap(nullptr, file.size, PROT_READ, MAP_PRIVATE, file.fd.get(), 0);
  if (data == MAP_FAILED) {
    return vmm::HostFailure(errno, "mapping a file");
  }
  work(hash, {static_cast<const std::byte*>(data), file.size});
  const Values values = TimeSince(start, file.size);
  munmap(data, file.size);
  static_cast<void>(hash.Finish());
  return values;
}

vmm::Result<Values> MeasureBlocks(const HostFile& file, Work work) {
  programs::Sha256 hash;
  std::vector<std::byte> block(kBlockSize);
  const auto start = Clock::now();
  for (size_t done = 0; done < file.size; done += kBlockSize) {
    const ssize_t length = pread(file.fd.get(), block.data(), kBlockSize, static_cast<off_t>(done));
    if (length <= 0) {
      return vmm::HostFailure(errno, "reading a file");
    }
    work(hash, std::span(block).first(static_cast<size_t>(length)));
  }
  const Values values = TimeSince(start, file.size);
  static_cast<void>(hash.Finish());
  return values;
}

// --- userfaultfd ---

vmm::Result<Values> MeasureUserFaults(const HostFile& file, const UserFaultOptions& options) {
  PAGODA_TRY_ASSIGN(const MappedMemory content, MappedMemory::CreateFromFile(file.fd.get(), kUserFaultSize));
  PAGODA_TRY_ASSIGN(const auto memory, UserFaultMemory::Create({content.data(), content.size()}, options));
  PAGODA_TRY_ASSIGN(BareGuest guest, BareGuest::Create(PageToucherCode(), Ring::kThree,
                                                       {memory->memory().data(), memory->memory().size()}));
  std::vector<uint32_t> pages(kUserFaultSize / base::kPageSize);
  std::iota(pages.begin(), pages.end(), 0);
  const auto start = Clock::now();
  PAGODA_TRY(guest.MeasureTouches(pages));
  const Values values = TimeSince(start, kUserFaultSize);
  if (memory->failed()) {
    return vmm::HostFailure(EIO, "UFFDIO_COPY");
  }
  return values;
}

// --- what there is ---

struct GuestJob {
  const char* name;
  const char* job;  // as stream-probe calls it
  const char* rival;
  bool counts_faults;
  std::optional<double> target;
};

constexpr const char* kMapTouch = "host, mmap, touches each page";
constexpr const char* kReadBlocks = "host, read in blocks";
constexpr const char* kMapHash = "host, mmap, SHA-256";
constexpr const char* kBlocksHash = "host, read in blocks, SHA-256";
constexpr const char* kUserFaultPages = "uffd, VM, poll, 4 KiB";
constexpr const char* kUserFaultRuns = "uffd, VM, poll, 2 MiB";

constexpr GuestJob kGuestJobs[] = {
    {"guest, mapping, touches each page", "touch", kUserFaultPages, true, kTargetMicroseconds},
    {"guest, vmo_read in blocks", "read", kReadBlocks, false, kTargetMicroseconds},
    {"guest, mapping, SHA-256", "sha256", kMapHash, false, std::nullopt},
};

struct HostJob {
  const char* name;
  vmm::Result<Values> (*measure)(const HostFile& file, Work work);
  Work work;
};

constexpr HostJob kHostJobs[] = {
    {kMapTouch, MeasureMapping, Touch},
    {kReadBlocks, MeasureBlocks, Nothing},
    {kMapHash, MeasureMapping, Hash},
    {kBlocksHash, MeasureBlocks, Hash},
};

struct UserFaultJob {
  const char* name;
  UserFaultOptions options;
};

constexpr UserFaultJob kUserFaultJobs[] = {
    {kUserFaultPages, {FaultWait::kPoll, 1}},
    {kUserFaultRuns, {FaultWait::kPoll, 512}},
};

void AddGuest(Suite& suite, const Installation& installation, const std::string& path, const GuestJob& job) {
  const std::vector<std::string> command = RunCommand(installation, {"--pager", fmt::format("f=file:{},ro", path)},
                                                      {"stream-probe", "f", job.job}, kSmallMemory);
  suite.cases.push_back({job.name, [=] { return MeasureGuest(command); }});
  suite.figures.push_back({{job.name, kTime}, "us/MiB", job.target, FigureName{job.rival, kTime}});
  suite.figures.push_back({{job.name, kMonitor}, "us/MiB", kTargetMonitor, std::nullopt});
  suite.figures.push_back({{job.name, kReads}, "per MiB", std::nullopt, std::nullopt});
  if (job.counts_faults) {
    suite.figures.push_back({{job.name, kFaults}, "per MiB", std::nullopt, std::nullopt});
  }
}

}  // namespace

vmm::Result<Suite> MakeRealJobSuite(const Installation& installation, size_t size) {
  Suite suite = {.name = "realjob", .cases = {}, .figures = {}, .notes = {}};
  PAGODA_TRY_ASSIGN(vmm::UniqueFd made, MakeHostFile(size));
  const auto file = std::make_shared<HostFile>(HostFile{.fd = std::move(made), .size = size});
  const std::string path = PathOfHostFile(file->fd);
  for (const GuestJob& job : kGuestJobs) {
    AddGuest(suite, installation, path, job);
  }
  for (const HostJob& job : kHostJobs) {
    suite.cases.push_back({job.name, [=] { return job.measure(*file, job.work); }});
    suite.figures.push_back({{job.name, kTime}, "us/MiB", std::nullopt, std::nullopt});
  }
  if (const vmm::Result<> check = CheckUserFaults(); check.ok()) {
    for (const UserFaultJob& job : kUserFaultJobs) {
      suite.cases.push_back({job.name, [=] { return MeasureUserFaults(*file, job.options); }});
      suite.figures.push_back({{job.name, kTime}, "us/MiB", std::nullopt, std::nullopt});
    }
  } else {
    suite.notes.push_back(fmt::format("realjob: userfaultfd was not measured: {}", check.error().message()));
  }
  suite.notes.push_back(fmt::format(
      "realjob: a file of {} MiB in the page cache, a guest with {} MiB of memory, the same SHA-256 with the "
      "same compiler flags on both sides. 2097 us/MiB are 500 MB/s; 629 us/MiB are 30 % of a processor at "
      "that rate. Reads by the monitor are its preadv and what it reads from event descriptors.",
      size >> 20, kSmallMemory >> 20));
  return suite;
}

}  // namespace bench
