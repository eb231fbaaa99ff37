// What pagers cost beyond the single fault: several vCPUs that fault at once, strides, throughput, writes and their way
// back, faults in a guest that has no memory left, and a guest that does nothing. With what a host does for the same.
#include <algorithm>
#include <chrono>
#include <csignal>
#include <ctime>
#include <functional>
#include <memory>
#include <optional>
#include <thread>

#include "tests/benchmarks/host_file.h"
#include "tests/benchmarks/host_paging.h"
#include "tests/benchmarks/suites.h"
#include "tests/benchmarks/user_fault.h"

namespace bench {
namespace {

constexpr size_t kFileSize = 96 << 20;
constexpr size_t kFarPages = kFileSize / base::kPageSize / 64;  // pager-probe's random places, all of them
constexpr size_t kWrittenPages = 1024;
constexpr uint64_t kSmallMemory = uint64_t{48} << 20;  // half of the file

constexpr const char* kPerPage = "each page";
constexpr const char* kTouch = "one touch";
constexpr const char* kRate = "throughput";
constexpr const char* kTurn = "wake and be woken";
constexpr const char* kIdle = "of a processor";
constexpr const char* kWrite = "first write to a clean page";
constexpr const char* kSync = "written back, each page";

class PagingSuite {
 public:
  PagingSuite(const Installation& installation, vmm::UniqueFd file, MappedMemory content)
      : installation_(installation),
        file_(std::make_shared<vmm::UniqueFd>(std::move(file))),
        content_(std::make_shared<MappedMemory>(std::move(content))) {}

  Suite Make() && {
    AddThreads();
    AddTouches();
    AddSupply();
    AddWrites();
    AddTurns();
    AddIdle("1");
    AddIdle("8");
    suite_.notes.emplace_back(
        "paging: random places as in the suite pager; with several vCPUs each page costs what the whole takes, divided "
        "by "
        "all pages. The rival of N vCPUs is N machines of one vCPU over the same memory, one thread that answers. "
        "Throughput is a prefetch of 96 MiB that are in the host's page cache, and a pread of them into fresh memory. "
        "The "
        "refault is in a guest of 48 MiB that has read all 96 before, so a page goes for each that comes. Idle: "
        "processor "
        "time of the whole monitor in 1.5 s while the guest's program sleeps.");
    return std::move(suite_);
  }

 private:
  void Add(const std::string& name, const char* metric, const char* unit, std::function<vmm::Result<double>()> run,
           std::optional<FigureName> rival = {}, std::optional<double> target = {},
           std::optional<double> most_ratio = {}) {
    suite_.cases.push_back({name, [=]() -> vmm::Result<Values> {
                              PAGODA_TRY_ASSIGN(const double value, run());
                              return Values{{metric, value}};
                            }});
    suite_.figures.push_back({{name, metric}, unit, target, std::move(rival), most_ratio});
  }

  // pager-probe's `value` over our file, times `factor`.
  std::function<vmm::Result<double>()> Probe(std::vector<std::string> arguments, const char* value,
                                             std::vector<std::string> options = {},
                                             uint64_t memory = kGuestMemory) const {
    options.insert(options.end(), {"--pager", fmt::format("f=file:{},ro", PathOfHostFile(*file_))});
    arguments.insert(arguments.begin(), {"pager-probe", "f"});
    return [command = RunCommand(installation_, options, arguments, memory), value]() -> vmm::Result<double> {
      PAGODA_TRY_ASSIGN(Values values, RunProbe(command));
      return values[value];
    };
  }

  void AddThreads() {
    const bool rivals = CheckUserFaults().ok();
    for (const size_t count : {size_t{2}, size_t{8}}) {
      const std::string machines = fmt::format("uffd, VM, poll, {} vCPUs", count);
      const std::string threads = fmt::format("uffd, process, poll, {} threads", count);
      const auto rate = Probe({"random", std::to_string(kFarPages), std::to_string(count)}, "pages_per_second",
                              {"--cpus", std::to_string(count)});
      Add(
          fmt::format("guest, file pager, {} vCPUs", count), kPerPage, "us",
          [rate]() -> vmm::Result<double> {
            PAGODA_TRY_ASSIGN(const double pages_per_second, rate());
            return 1e6 / pages_per_second;
          },
          FigureName{machines, kPerPage}, std::nullopt, count == 8 ? std::optional(0.5) : std::nullopt);
      if (rivals) {
        Add(machines, kPerPage, "us", [content = content_, count] { return UserFaultsBelowMachines(*content, count); });
        Add(threads, kPerPage, "us", [content = content_, count] { return UserFaultsInProcess(*content, count); });
      }
    }
  }

  void AddTouches() {
    constexpr const char* kRandom = "guest, random places";
    const std::string count = std::to_string(kFarPages / 4);
    Add(kRandom, kTouch, "cycles", Probe({"random", count}, "touch_cycles"));
    Add("guest, random places, evicted before", kTouch, "cycles",
        Probe({"refault", count}, "touch_cycles", {}, kSmallMemory), FigureName{kRandom, kTouch});
    Add("guest, one page in 8", kTouch, "cycles", Probe({"strided", "3072"}, "page_cycles"),
        FigureName{kRandom, kTouch});
  }

  void AddSupply() {
    constexpr const char* kHost = "host, read into fresh memory";
    const auto probe = Probe({"supply"}, "bytes_per_second");
    Add(
        "guest, supply", kRate, "GB/s",
        [probe]() -> vmm::Result<double> {
          PAGODA_TRY_ASSIGN(const double bytes, probe());
          return bytes / 1e9;
        },
        FigureName{kHost, kRate});
    Add(kHost, kRate, "GB/s", [file = file_] { return HostReadIntoFreshMemory(*file, kFileSize); });
  }

  void AddWrites() {
    constexpr const char* kHost = "host, mapped file";
    auto guest = [this](const char* options) {
      const std::vector<std::string> pager = {"--pager", fmt::format("f=file:{}{}", PathOfHostFile(*file_), options)};
      return [command =
                  RunCommand(installation_, pager,
                             {"pager-probe", "f", "dirty", std::to_string(kWrittenPages)})]() -> vmm::Result<Values> {
        PAGODA_TRY_ASSIGN(Values values, RunProbe(command));
        return Values{{kWrite, values["touch_cycles"]}, {kSync, values["sync_ns_per_page"] / 1e3}};
      };
    };
    suite_.cases.push_back({"guest, file", guest(",writeback=0")});
    suite_.cases.push_back({"guest, file, writes are trapped", guest(",writeback=0,dirty-limit=64M")});
    suite_.cases.push_back({kHost, [file = file_]() -> vmm::Result<Values> {
                              PAGODA_TRY_ASSIGN(const WriteCosts costs, HostMappedWrites(*file, kWrittenPages));
                              return Values{{kWrite, costs.write_cycles}, {kSync, costs.sync_us}};
                            }});
    for (const char* name : {"guest, file", "guest, file, writes are trapped"}) {
      suite_.figures.push_back({{name, kWrite}, "cycles", std::nullopt, FigureName{kHost, kWrite}});
      suite_.figures.push_back({{name, kSync}, "us", std::nullopt, FigureName{kHost, kSync}});
    }
    suite_.figures.push_back({{kHost, kWrite}, "cycles", std::nullopt, std::nullopt});
    suite_.figures.push_back({{kHost, kSync}, "us", std::nullopt, std::nullopt});
  }

  // Two switches from one thread to another, by futexes.
  void AddTurns() {
    constexpr const char* kHost = "threads on one processor of the host";
    const std::vector<std::string> command = RunCommand(installation_, {}, {"growth-probe", "threads", "1"});
    Add(
        "threads of a guest program, one vCPU", kTurn, "cycles",
        [command]() -> vmm::Result<double> {
          PAGODA_TRY_ASSIGN(Values values, RunProbe(command));
          return values["1"];
        },
        FigureName{kHost, kTurn});
    Add(kHost, kTurn, "cycles", HostThreadTurnCycles);
  }

  void AddIdle(const char* cpus) {
    const std::vector<std::string> command = RunCommand(installation_, {"--cpus", cpus}, {"sleep", "5000"});
    Add(
        fmt::format("guest that sleeps, vCPUs: {}", cpus), kIdle, "%", [command] { return IdleShare(command); }, {}, 1);
  }

  static double ProcessorSeconds(clockid_t clock) {
    timespec time = {};
    clock_gettime(clock, &time);
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
  }

  static vmm::Result<double> IdleShare(const std::vector<std::string>& command) {
    constexpr std::chrono::milliseconds kBoot(500);
    constexpr std::chrono::milliseconds kWatched(1500);
    integration::Process pagoda(command);
    clockid_t clock = {};
    if (const int error = clock_getcpuclockid(pagoda.pid(), &clock); error != 0) {
      return vmm::HostFailure(error, "clock_getcpuclockid");
    }
    std::this_thread::sleep_for(kBoot);
    const double before = ProcessorSeconds(clock);
    std::this_thread::sleep_for(kWatched);
    const double used = ProcessorSeconds(clock) - before;
    pagoda.Signal(SIGTERM);
    static_cast<void>(pagoda.Wait());
    return used / std::chrono::duration<double>(kWatched).count() * 100;
  }

  const Installation& installation_;
  std::shared_ptr<vmm::UniqueFd> file_;
  std::shared_ptr<MappedMemory> content_;
  Suite suite_ = {.name = "paging", .cases = {}, .figures = {}, .most_runs = 5, .notes = {}};
};

}  // namespace

vmm::Result<Suite> MakePagingSuite(const Installation& installation) {
  PAGODA_TRY_ASSIGN(vmm::UniqueFd file, MakeHostFile(kFileSize));
  PAGODA_TRY_ASSIGN(MappedMemory content, MappedMemory::CreateFromFile(file.get(), kFileSize));
  return PagingSuite(installation, std::move(file), std::move(content)).Make();
}

}  // namespace bench
