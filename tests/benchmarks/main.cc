// `pagoda-bench`: what Pagoda costs on this machine, beside what a user would pick instead. Nothing here passes or
// fails by a time.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>

#include "tests/benchmarks/growth_suite.h"
#include "tests/benchmarks/harness.h"
#include "tests/benchmarks/report.h"
#include "tests/benchmarks/suites.h"
#include "vmm/base/log.h"
#include "vmm/cli/exit_codes.h"
#include "vmm/machine/host_check.h"

namespace {

struct Options {
  int runs = 15;
  size_t file_mib = 1024;
  uint64_t largest = uint64_t{1} << 40;
  std::string plots;  // empty: none are written
  bool json = false;
  bool markdown = false;
  bench::Installation installation;
};

// The suites that belong to a subcommand.
vmm::Result<std::vector<bench::Suite>> MakeSuites(const std::string& command, const Options& options) {
  const bench::Installation& installation = options.installation;
  std::vector<bench::Suite> suites;
  const bool all = command == "all";
  if (all || command == "boot") {
    suites.push_back(bench::MakeBootSuite(installation));
  }
  if (all || command == "syscall") {
    suites.push_back(bench::MakeSyscallSuite(installation));
  }
  if (all || command == "memory") {
    suites.push_back(bench::MakeMemorySuite(installation));
  }
  if (all || command == "pager") {
    PAGODA_TRY_ASSIGN(bench::Suite pager, bench::MakePagerSuite(installation));
    suites.push_back(std::move(pager));
  }
  if (all || command == "paging") {
    PAGODA_TRY_ASSIGN(bench::Suite paging, bench::MakePagingSuite(installation));
    suites.push_back(std::move(paging));
  }
  if (all || command == "realjob") {
    PAGODA_TRY_ASSIGN(bench::Suite job, bench::MakeRealJobSuite(installation, options.file_mib << 20));
    suites.push_back(std::move(job));
  }
  if (all || command == "debug") {
    PAGODA_TRY_ASSIGN(bench::Suite debug, bench::MakeDebugSuite(installation));
    suites.push_back(std::move(debug));
  }
  if (all || command == "breakdown") {
    PAGODA_TRY_ASSIGN(bench::Suite breakdown, bench::MakeBreakdownSuite(installation));
    suites.push_back(std::move(breakdown));
  }
  if (all || command == "growth") {
    suites.push_back(bench::MakeGrowthSuite(installation, options.largest));
  }
  if (all || command == "exit") {
    PAGODA_TRY_ASSIGN(bench::Suite exit, bench::MakeExitSuite());
    suites.push_back(std::move(exit));
  }
  return suites;
}

vmm::Result<> Run(const std::string& command, const Options& options) {
  // Before anything is started: one line says what is missing.
  PAGODA_TRY(vmm::OpenUsableHost("/dev/kvm"));
  if (access(options.installation.pagoda.c_str(), X_OK) != 0) {
    return vmm::HostFailure(errno, options.installation.pagoda);
  }
  const bench::HostFacts host = bench::GatherHostFacts();
  PAGODA_TRY_ASSIGN(const std::vector<bench::Suite> suites, MakeSuites(command, options));
  PAGODA_TRY_ASSIGN(const bench::Samples samples, bench::Measure(suites, options.runs));
  if (!options.plots.empty()) {
    PAGODA_TRY(bench::WriteGrowthPlots(samples, options.plots));
  }
  const bench::Report report = bench::MakeReport(host, suites, samples);
  const std::string text = options.json       ? bench::FormatJson(report)
                           : options.markdown ? bench::FormatMarkdown(report)
                                              : bench::FormatTable(report);
  std::fputs(text.c_str(), stdout);
  return {};
}

void AddOptions(CLI::App& app, Options& options) {
  options.installation.pagoda = std::filesystem::read_symlink("/proc/self/exe").parent_path() / "pagoda";
  app.add_option("--runs", options.runs, "How often each case is measured")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  app.add_option("--file-mib", options.file_mib, "realjob: the file's size, a multiple of 32 MiB")
      ->check(CLI::Range(32, 65536))
      ->capture_default_str();
  app.add_option("--largest", options.largest, "growth: the largest size or number, at least 2")
      ->check(CLI::Range(uint64_t{2}, uint64_t{1} << 40));
  app.add_option("--plots", options.plots, "growth: write the curves into this folder, as SVG")
      ->type_name("FOLDER")
      ->check(CLI::ExistingDirectory);
  CLI::Option* json = app.add_flag("--json", options.json, "Print JSON, for programs");
  app.add_flag("--markdown", options.markdown, "Print a page of Markdown, to keep")->excludes(json);
  app.add_option("--pagoda", options.installation.pagoda, "The monitor to measure")
      ->type_name("FILE")
      ->default_str("the one beside pagoda-bench");
  app.add_option("--kernel", options.installation.kernel, "Its guest kernel")->type_name("FILE");
  app.add_option("--bootfs", options.installation.bootfs, "Its boot image")->type_name("FILE");
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("What Pagoda costs on this machine", "pagoda-bench");
  Options options;
  AddOptions(app, options);
  app.require_subcommand(1);
  app.fallthrough();
  app.add_subcommand("boot", "Start of `pagoda run` until main, until its end; memory of the monitor");
  app.add_subcommand("syscall", "System calls and anonymous faults in the guest and on the host");
  app.add_subcommand("memory", "Mappings, snapshots, commits, copies in the guest and on the host");
  app.add_subcommand("pager", "Pages of a host file: the file pager and userfaultfd");
  app.add_subcommand("paging", "Many vCPUs, throughput, writes, evictions; an idle guest");
  app.add_subcommand("realjob", "A large file read and hashed by a guest with little memory");
  app.add_subcommand("debug", "Stops and steps in gdb, and a debugger's port that nobody uses");
  app.add_subcommand("breakdown", "Where the cycles of one page fault go that a pager answers");
  app.add_subcommand("growth", "How costs grow with sizes and numbers");
  app.add_subcommand("exit", "One exit from the guest to the monitor");
  app.add_subcommand("all", "All of these, interleaved");
  CLI11_PARSE(app, argc, argv);
  vmm::SetLogLevel("off");
  const vmm::Result<> result = Run(app.get_subcommands().front()->get_name(), options);
  if (!result.ok()) {
    fmt::print(stderr, "pagoda-bench: {}\n", result.error().message());
    return result.error().exit_code();
  }
  return vmm::kExitSuccess;
}
