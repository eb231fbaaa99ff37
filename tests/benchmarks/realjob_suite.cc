// A whole job on a file that is many times as large as the guest's memory: read it from its start to its end, as a
// mapping and in blocks, and hash it. Beside it, what a process of the host takes for the same with the same code, and
// what userfaultfd takes for bringing the pages.
//
// And the same again with the working set of a run before, where what it asks for fits into the guest's memory and
// where not: how many of its requests are left, and how long it takes.
//
// All read the same file, which is in the host's page cache. Everything is per MiB, so that sizes can be compared.
#include <sys/mman.h>
#include <unistd.h>

#include <charconv>
#include <chrono>
#include <fstream>
#include <functional>
#include <iterator>
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

// Of a guest that keeps a whole file of `size`.
uint64_t MemoryFor(size_t size) { return size + size / 8 + kSmallMemory; }

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

// --- working sets ---

constexpr const char* kElapsed = "time, with start and end";
// Unlike the time, this is the same whoever else has the machine.
constexpr const char* kProcessors = "processor time, guest and monitor";
constexpr const char* kLeft = "requests that are left";

struct ReplayJob {
  const char* name;
  std::vector<std::string> program;
  uint64_t memory;  // of the guest, bytes
};

// A guest that is short of memory has as much as in the other cases; pages at random places are so few that it takes
// less for them not to fit.
std::vector<ReplayJob> ReplayJobs(size_t size) {
  constexpr uint64_t kScarce = uint64_t{16} << 20;
  const std::vector<std::string> hash = {"stream-probe", "f", "sha256"};
  const std::vector<std::string> touch = {"stream-probe", "f", "touch"};
  const std::vector<std::string> random = {"pager-probe", "f", "random", "4096"};
  return {{"pages in order, do not fit", touch, kSmallMemory},
          {"SHA-256, fits", hash, MemoryFor(size)},
          {"SHA-256, does not fit", hash, kSmallMemory},
          {"pages at random, fit", random, kGuestMemory},
          {"pages at random, do not fit", random, kScarce}};
}

vmm::Result<double> NumberIn(const std::string& json, std::string_view name) {
  const std::string key = fmt::format("\"{}\":", name);
  const size_t at = json.find(key);
  double value = 0;
  if (at == std::string::npos ||
      std::from_chars(json.data() + at + key.size(), json.data() + json.size(), value).ec != std::errc()) {
    return vmm::HostFailure(EPROTO, "--stats=json");
  }
  return value;
}

// One object, whose working set the first run records: in files that have no names.
class WorkingSet {
 public:
  static vmm::Result<std::shared_ptr<WorkingSet>> Create(const Installation& installation, const std::string& path,
                                                         const ReplayJob& job) {
    auto set = std::make_shared<WorkingSet>();
    PAGODA_TRY_ASSIGN(set->set_, MakeHostFile(base::kPageSize));
    PAGODA_TRY_ASSIGN(set->statistics_, MakeHostFile(base::kPageSize));
    set->command_ = [=, &to = set->statistics_](const std::vector<std::string>& more) {
      std::vector<std::string> options = {"--pager", fmt::format("f=file:{},ro", path), "--stats=json", "--stats-file",
                                          PathOfHostFile(to)};
      options.insert(options.end(), more.begin(), more.end());
      return RunCommand(installation, options, job.program, job.memory);
    };
    return set;
  }

  vmm::Result<Values> Record() {
    PAGODA_TRY(Run({"--record-working-set", PathOfHostFile(set_)}));
    recorded_ = true;
    return Times();
  }

  vmm::Result<Values> Replay() {
    if (!recorded_) {
      PAGODA_TRY(Record());
    }
    PAGODA_TRY(Run({"--replay-working-set", PathOfHostFile(set_)}));
    PAGODA_TRY_ASSIGN(Values values, Times());
    PAGODA_TRY_ASSIGN(const double removed, NumberIn(said_, "removed_share"));
    values[kLeft] = (1 - removed) * 100;
    return values;
  }

 private:
  vmm::Result<> Run(const std::vector<std::string>& options) {
    const integration::Ending ending = integration::Execute(command_(options));
    PAGODA_TRY(CheckEnding(ending, options.front()));
    processor_time_ = ending.processor_time;
    std::ifstream said(PathOfHostFile(statistics_));
    said_.assign(std::istreambuf_iterator<char>(said), {});
    return {};
  }

  vmm::Result<Values> Times() const {
    PAGODA_TRY_ASSIGN(const double seconds, NumberIn(said_, "elapsed_seconds"));
    return Values{{kElapsed, seconds * 1e3}, {kProcessors, static_cast<double>(processor_time_.count()) * 1e-3}};
  }

  vmm::UniqueFd set_;
  vmm::UniqueFd statistics_;
  std::function<std::vector<std::string>(const std::vector<std::string>&)> command_;
  std::string said_;
  std::chrono::microseconds processor_time_{};
  bool recorded_ = false;
};

vmm::Result<> AddReplay(Suite& suite, const Installation& installation, const std::string& path, const ReplayJob& job) {
  constexpr double kTargetLeft = 5;  // percent
  PAGODA_TRY_ASSIGN(const auto set, WorkingSet::Create(installation, path, job));
  const std::string first = fmt::format("guest, {}, recorded", job.name);
  const std::string again = fmt::format("guest, {}, replayed", job.name);
  suite.cases.push_back({first, [set] { return set->Record(); }});
  suite.cases.push_back({again, [set] { return set->Replay(); }});
  for (const char* time : {kElapsed, kProcessors}) {
    suite.figures.push_back({{first, time}, "ms", std::nullopt, std::nullopt});
    suite.figures.push_back({{again, time}, "ms", std::nullopt, FigureName{first, time}});
  }
  suite.figures.push_back({{again, kLeft}, "%", kTargetLeft, std::nullopt});
  return {};
}

// --- what there is ---

struct GuestJob {
  const char* name;
  const char* job;  // as stream-probe calls it
  const char* rival;
  bool fits;  // its memory takes the file, else kSmallMemory
  bool counts_faults;
  std::optional<double> target;
};

constexpr const char* kMapTouch = "host, mmap, touches each page";
constexpr const char* kReadBlocks = "host, read in blocks";
constexpr const char* kGuestHash = "guest, mapping, SHA-256";
constexpr const char* kMapHash = "host, mmap, SHA-256";
constexpr const char* kBlocksHash = "host, read in blocks, SHA-256";
constexpr const char* kUserFaultPages = "uffd, VM, poll, 4 KiB";
constexpr const char* kUserFaultRuns = "uffd, VM, poll, 2 MiB";

constexpr GuestJob kGuestJobs[] = {
    {"guest, mapping, touches each page", "touch", kUserFaultPages, false, true, kTargetMicroseconds},
    {"guest, vmo_read in blocks", "read", kReadBlocks, false, false, kTargetMicroseconds},
    {kGuestHash, "sha256", kMapHash, false, false, std::nullopt},
    {"guest, mapping, SHA-256, all pages there", "sha256-there", kGuestHash, true, false, std::nullopt},
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

void AddGuest(Suite& suite, const Installation& installation, const std::string& path, size_t size,
              const GuestJob& job) {
  const uint64_t memory = job.fits ? MemoryFor(size) : kSmallMemory;
  const std::vector<std::string> command =
      RunCommand(installation, {"--pager", fmt::format("f=file:{},ro", path)}, {"stream-probe", "f", job.job}, memory);
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
    AddGuest(suite, installation, path, size, job);
  }
  for (const HostJob& job : kHostJobs) {
    suite.cases.push_back({job.name, [=] { return job.measure(*file, job.work); }});
    suite.figures.push_back({{job.name, kTime}, "us/MiB", std::nullopt, std::nullopt});
  }
  for (const ReplayJob& job : ReplayJobs(size)) {
    PAGODA_TRY(AddReplay(suite, installation, path, job));
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
