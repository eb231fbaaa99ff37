#include "tests/benchmarks/harness.h"

#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <optional>

namespace bench {
namespace {

// What the runs have in common.
struct Session {
  Samples samples;
  std::optional<vmm::Error> failure;
  size_t done = 0;
  size_t planned = 0;
};

void ShowProgress(const Session& session, const std::string& next) {
  if (isatty(STDERR_FILENO) != 0) {
    constexpr const char* kClearLine = "\r\033[K";
    const std::string line = next.empty() ? "" : fmt::format("[{}/{}] {}", session.done, session.planned, next);
    fmt::print(stderr, "{}{}", kClearLine, line);
    std::fflush(stderr);
  }
}

void RunOnce(Session& session, const Suite& suite, const Case& one) {
  const std::string name = fmt::format("{}: {}", suite.name, one.name);
  ShowProgress(session, name);
  const vmm::Result<Values> values = vmm::WithContext(name, one.run());
  ++session.done;
  if (!values.ok()) {
    session.failure = values.error();
    return;
  }
  for (const auto& [metric, value] : values.value()) {
    session.samples[suite.name][one.name][metric].push_back(value);
  }
}

void Register(Session& session, const Suite& suite, const Case& one, int runs) {
  auto run = [&session, &suite, &one](benchmark::State& state) {
    for (auto _ : state) {
      if (session.failure) {
        state.SkipWithError("an earlier run failed");
        break;
      }
      RunOnce(session, suite, one);
    }
  };
  // One iteration is one sample: a case measures itself, because what it measures is mostly not what it takes.
  benchmark::RegisterBenchmark((suite.name + "/" + one.name).c_str(), run)->Iterations(1)->Repetitions(runs);
  session.planned += static_cast<size_t>(runs);
}

// The library's own report knows nothing of several metrics in one case.
class NoReport : public benchmark::BenchmarkReporter {
 public:
  bool ReportContext(const Context& /*context*/) override { return true; }
  void ReportRuns(const std::vector<Run>& /*report*/) override {}
};

// The library takes its settings from a command line only.
void InterleaveRandomly() {
  std::string program = "pagoda-bench";
  std::string interleave = "--benchmark_enable_random_interleaving=true";
  std::array<char*, 3> arguments = {program.data(), interleave.data(), nullptr};
  int count = 2;
  benchmark::Initialize(&count, arguments.data());
}

}  // namespace

vmm::Result<Samples> Measure(const std::vector<Suite>& suites, int runs) {
  Session session;
  for (const Suite& suite : suites) {
    for (const Case& one : suite.cases) {
      Register(session, suite, one, std::min(runs, suite.most_runs));
    }
  }
  InterleaveRandomly();
  NoReport nothing;
  benchmark::RunSpecifiedBenchmarks(&nothing);
  ShowProgress(session, "");
  if (session.failure) {
    return base::Failure{std::move(*session.failure)};
  }
  return std::move(session.samples);
}

}  // namespace bench
