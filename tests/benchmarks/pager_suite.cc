// What the first touch of a page costs when its content comes from a host file, and what it costs with userfaultfd, in
// a process and below a virtual machine: how today's microVM monitors bring back the memory of a snapshot.
//
// All read the same file, which is in the host's page cache.
#include <algorithm>
#include <memory>
#include <numeric>
#include <optional>
#include <random>
#include <utility>

#include "tests/benchmarks/bare_guest.h"
#include "tests/benchmarks/cycles.h"
#include "tests/benchmarks/host_file.h"
#include "tests/benchmarks/statistics.h"
#include "tests/benchmarks/suites.h"
#include "tests/benchmarks/user_fault.h"

namespace bench {
namespace {

constexpr size_t kFileSize = 32 << 20;
// Single touches are as far apart as pager-probe's.
constexpr size_t kStride = 64;
constexpr size_t kSinglePages = kFileSize / base::kPageSize / kStride;
constexpr size_t kSequentialPages = 8192;

constexpr const char* kSingle = "one touch, random places";
constexpr const char* kSequential = "each page, in sequence";
constexpr const char* kGuest = "guest program, file pager";

std::vector<uint32_t> SinglePages() {
  std::vector<uint32_t> pages(kSinglePages);
  for (size_t i = 0; i < pages.size(); ++i) {
    pages[i] = static_cast<uint32_t>(i * kStride);
  }
  std::shuffle(pages.begin(), pages.end(), std::minstd_rand(1));
  return pages;
}

std::vector<uint32_t> SequentialPages() {
  std::vector<uint32_t> pages(kSequentialPages);
  std::iota(pages.begin(), pages.end(), 0);
  return pages;
}

vmm::Result<Values> MeasureGuest(const Installation& installation, const std::string& path) {
  const std::vector<std::string> options = {"--pager", fmt::format("f=file:{},ro", path)};
  auto run = [&](const char* order, size_t pages) {
    return RunProbe(RunCommand(installation, options, {"pager-probe", "f", order, std::to_string(pages)}));
  };
  PAGODA_TRY_ASSIGN(Values single, run("random", kSinglePages));
  PAGODA_TRY_ASSIGN(Values sequential, run("sequential", kSequentialPages));
  return Values{{kSingle, single["touch_cycles"]}, {kSequential, sequential["page_cycles"]}};
}

// Touches pages and returns the cycles of each touch.
using Toucher = vmm::Result<std::vector<double>> (*)(const MappedMemory& memory, const std::vector<uint32_t>& pages);

vmm::Result<std::vector<double>> TouchHere(const MappedMemory& memory, const std::vector<uint32_t>& pages) {
  std::vector<double> samples;
  samples.reserve(pages.size());
  for (const uint32_t page : pages) {
    const uint64_t start = ReadTsc();
    memory.TouchForReading(page);
    samples.push_back(static_cast<double>(ReadTsc() - start));
  }
  return samples;
}

vmm::Result<std::vector<double>> TouchInBareGuest(const MappedMemory& memory, const std::vector<uint32_t>& pages) {
  PAGODA_TRY_ASSIGN(BareGuest guest,
                    BareGuest::Create(PageToucherCode(), Ring::kThree, {memory.data(), memory.size()}));
  return guest.MeasureTouches(pages);
}

vmm::Result<std::vector<double>> TouchWithUserFaults(const MappedMemory& content, const UserFaultOptions& options,
                                                     Toucher toucher, const std::vector<uint32_t>& pages) {
  PAGODA_TRY_ASSIGN(const auto memory, UserFaultMemory::Create({content.data(), content.size()}, options));
  PAGODA_TRY_ASSIGN(std::vector<double> samples, toucher(memory->memory(), pages));
  if (memory->failed()) {
    return vmm::HostFailure(EIO, "UFFDIO_COPY");
  }
  return samples;
}

vmm::Result<Values> MeasureRival(const MappedMemory& content, const UserFaultOptions& options, Toucher toucher) {
  PAGODA_TRY_ASSIGN(const auto sequential, TouchWithUserFaults(content, options, toucher, SequentialPages()));
  PAGODA_TRY_ASSIGN(auto single, TouchWithUserFaults(content, options, toucher, SinglePages()));
  return Values{{kSingle, Summarize(std::move(single)).median}, {kSequential, CostInSequence(sequential)}};
}

struct Rival {
  const char* name;
  UserFaultOptions options;
  Toucher toucher;
};

constexpr Rival kRivals[] = {
    {"uffd, VM, poll", {FaultWait::kPoll, 1}, TouchInBareGuest},
    {"uffd, VM, spin", {FaultWait::kSpin, 1}, TouchInBareGuest},
    {"uffd, VM, spin, 32 pages", {FaultWait::kSpin, 32}, TouchInBareGuest},
    {"uffd, process, poll", {FaultWait::kPoll, 1}, TouchHere},
    {"uffd, process, spin", {FaultWait::kSpin, 1}, TouchHere},
    {"uffd, process, spin, 32 pages", {FaultWait::kSpin, 32}, TouchHere},
};

}  // namespace

vmm::Result<Suite> MakePagerSuite(const Installation& installation) {
  Suite suite = {.name = "pager", .cases = {}, .figures = {}, .notes = {}};
  PAGODA_TRY_ASSIGN(vmm::UniqueFd made, MakeHostFile(kFileSize));
  PAGODA_TRY_ASSIGN(MappedMemory mapped, MappedMemory::CreateFromFile(made.get(), kFileSize));
  const auto file = std::make_shared<vmm::UniqueFd>(std::move(made));
  const auto content = std::make_shared<MappedMemory>(std::move(mapped));
  suite.cases.push_back({kGuest, [=] { return MeasureGuest(installation, PathOfHostFile(*file)); }});
  if (const vmm::Result<> check = CheckUserFaults(); check.ok()) {
    for (const Rival& rival : kRivals) {
      suite.cases.push_back({rival.name, [=] { return MeasureRival(*content, rival.options, rival.toucher); }});
    }
  } else {
    suite.notes.push_back(fmt::format("pager: no rival was measured: {}", check.error().message()));
  }
  for (const auto& [metric, most] : {std::pair{kSingle, 1.4}, std::pair{kSequential, 0.08}}) {
    suite.figures.push_back({{kGuest, metric}, "cycles", std::nullopt, FigureName{"uffd, VM, poll", metric}, most});
    for (const Rival& rival : kRivals) {
      suite.figures.push_back({{rival.name, metric}, "cycles", std::nullopt, std::nullopt});
    }
  }
  suite.notes.emplace_back(
      "pager: the file pager is asked for one page at a miss that stands alone and for up to 512 in a stream of "
      "misses; "
      "the rivals bring one page, or 32 where it says so. Touches at random places are so far apart that none "
      "continues another.");
  return suite;
}

}  // namespace bench
