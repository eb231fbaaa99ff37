// What one exit from the guest to the monitor costs, and what it would cost without a guest.
#include <linux/kvm.h>

#include <memory>
#include <optional>

#include "tests/benchmarks/bare_guest.h"
#include "tests/benchmarks/cycles.h"
#include "tests/benchmarks/host_costs.h"
#include "tests/benchmarks/statistics.h"
#include "tests/benchmarks/suites.h"

namespace bench {
namespace {

constexpr const char* kRoundTrip = "round trip, median";
constexpr const char* kHost = "host: null system call";

// Calls `once` many times; the median of what it takes.
template <typename Once>
vmm::Result<Values> MedianOf(Once once) {
  std::vector<double> samples(1000);
  for (double& sample : samples) {
    const uint64_t start = ReadTsc();
    const vmm::Result<> done = once();
    sample = static_cast<double>(ReadTsc() - start);
    if (!done.ok()) {
      return base::Failure{done.error()};
    }
  }
  return Values{{kRoundTrip, Summarize(std::move(samples)).median}};
}

struct ExitCase {
  const char* name;
  std::span<const std::byte> code;
  Ring ring;
  std::optional<uint32_t> exit_reason;  // none: the guest is not even entered
};

vmm::Result<> AddExits(Suite& suite, const ExitCase& what) {
  PAGODA_TRY_ASSIGN(BareGuest created, BareGuest::Create(what.code, what.ring));
  auto guest = std::make_shared<BareGuest>(std::move(created));
  suite.cases.push_back({what.name, [guest, reason = what.exit_reason] {
                           return MedianOf(
                               [&] { return reason ? guest->RunUntil(*reason) : guest->RunWithoutEntry(); });
                         }});
  suite.figures.push_back({{what.name, kRoundTrip}, "cycles", std::nullopt, FigureName{kHost, kRoundTrip}});
  return {};
}

// Each run has a guest of its own, because a guest measures once.
void AddTraps(Suite& suite, const char* name, TrapHandler handler) {
  suite.cases.push_back({name, [handler]() -> vmm::Result<Values> {
                           PAGODA_TRY_ASSIGN(BareGuest guest, BareGuest::CreateTrapper(handler));
                           PAGODA_TRY_ASSIGN(auto samples, guest.MeasureTraps(1000));
                           return Values{{kRoundTrip, Summarize(std::move(samples)).median}};
                         }});
  suite.figures.push_back({{name, kRoundTrip}, "cycles", std::nullopt, FigureName{kHost, kRoundTrip}});
}

}  // namespace

vmm::Result<Suite> MakeExitSuite() {
  Suite suite = {.name = "exit", .cases = {}, .figures = {}, .notes = {}};
  PAGODA_TRY(AddExits(suite, {"KVM_RUN without entry", DeviceWriterCode(), Ring::kThree, std::nullopt}));
  PAGODA_TRY(AddExits(suite, {"port write in ring 0", PortWriterCode(), Ring::kZero, KVM_EXIT_IO}));
  PAGODA_TRY(AddExits(suite, {"device store in ring 3", DeviceWriterCode(), Ring::kThree, KVM_EXIT_MMIO}));
  AddTraps(suite, "trap from ring 3, iretq", TrapHandler::kReturn);
  AddTraps(suite, "the same, two CR3 loads", TrapHandler::kChangeRoots);
  suite.notes.push_back(
      "exit: every entry into the guest's kernel is two traps from ring 3, each with one change of CR3 "
      "(guest/nucleus): their cost is the floor of a system call and of a fault on this host");
  suite.cases.push_back({kHost, []() -> vmm::Result<Values> { return Values{{kRoundTrip, HostSystemCallCycles()}}; }});
  suite.figures.push_back({{kHost, kRoundTrip}, "cycles", std::nullopt, std::nullopt});
  return suite;
}

}  // namespace bench
