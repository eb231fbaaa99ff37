// Where the time of one page fault goes that a pager on the host answers: each step of the guest's kernel and of the
// monitor on the way, and whether their sum is what the program measures. The same steps say what the way through the
// ring costs while both sides poll, and what a doorbell and an interrupt take where they sleep.
#include <algorithm>
#include <array>
#include <memory>
#include <optional>

#include "tests/benchmarks/bare_guest.h"
#include "tests/benchmarks/fault_steps.h"
#include "tests/benchmarks/host_file.h"
#include "tests/benchmarks/observed_guest.h"
#include "tests/benchmarks/statistics.h"
#include "tests/benchmarks/suites.h"

namespace bench {
namespace {

constexpr size_t kFileSize = 96 << 20;
constexpr size_t kTouches = 300;     // their steps, and those of printing, fit into the kernel's ring
constexpr size_t kLateTouches = 60;  // of those that take milliseconds

constexpr const char* kGuest = "fault, file pager";
constexpr const char* kEmpty = "fault, pager that does nothing";
constexpr const char* kLate = "fault, pager that takes 2 ms, after a pause";
constexpr const char* kUnobserved = "file pager, no steps recorded";
constexpr const char* kBare = "bare guest";

constexpr const char* kSum = "sum of the steps";
constexpr const char* kWhole = "the touch, measured whole";
constexpr const char* kSlept = "touches that slept";
constexpr const char* kThroughRing = "request to answer through the ring";
constexpr const char* kDoorbell = "doorbell: request until the monitor has it";
constexpr const char* kInterrupt = "interrupt: answer until the kernel has it";
constexpr const char* kTrap = "trap into ring 0 and back, two CR3 loads";

constexpr std::array<const char*, kFaultPhases - 1> kSteps = {
    "1 trap in, nucleus",  "2 kernel: lock", "3 kernel: lookup, RAM", "4 request into the queue",
    "5 wake of the pager", "6 pager",        "7 wake back",           "8 kernel: install",
    "9 kernel: leave"};
constexpr const char* kResume = "10 nucleus, resume";
constexpr const char* kShadow = "11 the access again, shadow fill";

// One run of the probe, understood.
struct Measured {
  std::vector<TouchSteps> touches;
  std::vector<double> ways_back;  // ns
  double cycles_per_ns;

  // Of `part` of each touch; as `part` has it.
  template <typename Part>
  [[nodiscard]] double Median(Part part) const {
    std::vector<double> parts;
    for (const TouchSteps& touch : touches) {
      parts.push_back(part(touch));
    }
    return Summarize(std::move(parts)).median;
  }
  [[nodiscard]] double MedianOf(FaultPhase phase) const {
    return Median([phase](const TouchSteps& touch) { return touch.phases[static_cast<size_t>(phase)]; });
  }
};

vmm::Result<Measured> Run(const Installation& installation, pager::Registry pagers,
                          const std::vector<std::string>& probe) {
  PAGODA_TRY_ASSIGN(const ObservedRun run, RunObserved(installation, std::move(pagers), probe));
  PAGODA_TRY_ASSIGN(const ProbedTouches probed, ParseProbedTouches(run.output));
  PAGODA_TRY_ASSIGN(std::vector<TouchSteps> touches, StepsOf(probed, run));
  const auto& [first, last] = probed.clock;
  return Measured{.touches = std::move(touches),
                  .ways_back = WaysBack(probed, run.events),
                  .cycles_per_ns = (last.ticks - first.ticks) / (last.ns - first.ns)};
}

// Keeps those touches that did not sleep, if there are any; returns the share of the others, %.
double DropSleepers(std::vector<TouchSteps>& touches) {
  const auto slept =
      std::stable_partition(touches.begin(), touches.end(), [](const TouchSteps& touch) { return !touch.slept; });
  const auto share = 100.0 * static_cast<double>(touches.end() - slept) / static_cast<double>(touches.size());
  if (slept != touches.begin()) {
    touches.erase(slept, touches.end());
  }
  return share;
}

vmm::Result<Values> MeasureSteps(const Installation& installation, const std::string& pager) {
  PAGODA_TRY_ASSIGN(pager::Registry pagers, MakePagers(pager));
  PAGODA_TRY_ASSIGN(Measured run,
                    Run(installation, std::move(pagers), {"pager-probe", "f", "each", std::to_string(kTouches)}));
  Values values = {{kSlept, DropSleepers(run.touches)}};
  double sum = 0;
  for (size_t phase = 0; phase < kSteps.size(); ++phase) {
    values[kSteps[phase]] = run.MedianOf(static_cast<FaultPhase>(phase)) * run.cycles_per_ns;
    sum += values[kSteps[phase]];
  }
  // What a null system call has too is the way back; the rest is the fault's own.
  const double back = run.MedianOf(FaultPhase::kBackInRing3) * run.cycles_per_ns;
  values[kResume] = run.ways_back.empty() ? back : Summarize(run.ways_back).median * run.cycles_per_ns;
  values[kShadow] = back - values[kResume];
  values[kSum] = sum + back;
  values[kWhole] = run.Median([](const TouchSteps& touch) { return touch.whole; }) * run.cycles_per_ns;
  return values;
}

vmm::Result<Values> MeasureEmptyPager(const Installation& installation) {
  PAGODA_TRY_ASSIGN(pager::Registry pagers, MakeEmptyPager(kFileSize, std::chrono::milliseconds(0)));
  PAGODA_TRY_ASSIGN(Measured run,
                    Run(installation, std::move(pagers), {"pager-probe", "f", "each", std::to_string(kTouches)}));
  DropSleepers(run.touches);
  return Values{{kThroughRing, run.Median([](const TouchSteps& touch) {
                   return touch.phases[static_cast<size_t>(FaultPhase::kWake)] +
                          touch.phases[static_cast<size_t>(FaultPhase::kPager)] +
                          touch.phases[static_cast<size_t>(FaultPhase::kWakeBack)];
                 })}};
}

vmm::Result<Values> MeasureLatePager(const Installation& installation) {
  PAGODA_TRY_ASSIGN(pager::Registry pagers, MakeEmptyPager(kFileSize, std::chrono::milliseconds(2)));
  constexpr const char* kPause = "5000";  // us: by then the device sleeps
  PAGODA_TRY_ASSIGN(const Measured run, Run(installation, std::move(pagers),
                                            {"pager-probe", "f", "each", std::to_string(kLateTouches), kPause}));
  return Values{{kDoorbell, run.MedianOf(FaultPhase::kWake) * run.cycles_per_ns},
                {kInterrupt, run.MedianOf(FaultPhase::kWakeBack) * run.cycles_per_ns}};
}

vmm::Result<Values> MeasureUnobserved(const Installation& installation, const std::string& pager) {
  PAGODA_TRY_ASSIGN(Values values, RunProbe(RunCommand(installation, {"--pager", pager},
                                                       {"pager-probe", "f", "random", std::to_string(kTouches)})));
  return Values{{kWhole, values["touch_cycles"]}};
}

vmm::Result<Values> MeasureTrap() {
  PAGODA_TRY_ASSIGN(BareGuest guest, BareGuest::CreateTrapper(TrapHandler::kChangeRoots));
  PAGODA_TRY_ASSIGN(auto samples, guest.MeasureTraps(1000));
  return Values{{kTrap, Summarize(std::move(samples)).median}};
}

void AddFigures(Suite& suite) {
  auto add = [&suite](const char* name, const char* metric, const char* unit, std::optional<double> target = {},
                      std::optional<FigureName> rival = {}) {
    suite.figures.push_back({{name, metric}, unit, target, std::move(rival)});
  };
  for (const char* step : kSteps) {
    add(kGuest, step, "cycles");
  }
  for (const char* step : {kResume, kShadow, kSum}) {
    add(kGuest, step, "cycles");
  }
  add(kGuest, kWhole, "cycles", std::nullopt, FigureName{kUnobserved, kWhole});
  add(kGuest, kSlept, "%");
  add(kUnobserved, kWhole, "cycles", std::nullopt, FigureName{kBare, kTrap});
  add(kEmpty, kThroughRing, "ns", 200);
  add(kLate, kDoorbell, "cycles", std::nullopt, FigureName{kBare, kTrap});
  add(kLate, kInterrupt, "cycles", std::nullopt, FigureName{kBare, kTrap});
  add(kBare, kTrap, "cycles");
}

}  // namespace

vmm::Result<Suite> MakeBreakdownSuite(const Installation& installation) {
  Suite suite = {.name = "breakdown", .cases = {}, .figures = {}, .notes = {}};
  PAGODA_TRY_ASSIGN(vmm::UniqueFd made, MakeHostFile(kFileSize));
  const auto file = std::make_shared<vmm::UniqueFd>(std::move(made));
  auto pager = [file] { return fmt::format("f=file:{},ro", PathOfHostFile(*file)); };
  suite.cases.push_back({kGuest, [=] { return MeasureSteps(installation, pager()); }});
  suite.cases.push_back({kEmpty, [=] { return MeasureEmptyPager(installation); }});
  suite.cases.push_back({kLate, [=] { return MeasureLatePager(installation); }});
  suite.cases.push_back({kUnobserved, [=] { return MeasureUnobserved(installation, pager()); }});
  suite.cases.push_back({kBare, MeasureTrap});
  AddFigures(suite);
  suite.notes.emplace_back(
      "breakdown: medians, each step for itself, of touches of single pages by one vCPU whose waits did not outlast "
      "the "
      "kernel's polling; the kernel records its steps on its own clock, the monitor by the time stamp counter. Step 10 "
      "is "
      "what a null system call takes from the kernel's last instruction to the program's next; step 11 is what a fault "
      "takes more than that: the access again, and where KVM shadows page tables, its fill. Step 5 contains a "
      "doorbell's "
      "exit where the device sleeps. A trap and back in a bare guest is the floor of a step into the kernel and one "
      "out "
      "of it.");
  return suite;
}

}  // namespace bench
