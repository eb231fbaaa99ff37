// `pagoda-bench`: numbers for the README, from the program that a user runs. Nothing here passes or fails by a time.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <optional>

#include "tests/benchmarks/boot_benchmark.h"
#include "tests/benchmarks/guest_benchmark.h"
#include "tests/benchmarks/report.h"

namespace {

int Finish(const std::optional<bench::Report>& report, bool json) {
  if (!report) {
    return 1;
  }
  std::fputs((json ? bench::FormatJson(*report) : bench::FormatTable(*report)).c_str(), stdout);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Benchmarks of Pagoda on this machine's KVM", "pagoda-bench");
  app.require_subcommand(1);
  bool json = false;
  app.add_flag("--json", json, "Print all samples, for programs");

  bench::BootOptions boot_options;
  CLI::App* boot = app.add_subcommand("boot", "Process start to the guest program's main; memory of the monitor");
  boot->add_option("--runs", boot_options.runs, "How many boots")->check(CLI::Range(1, 10000))->capture_default_str();
  boot->add_option("--cpus", boot_options.cpus, "Virtual CPUs")->check(CLI::Range(1, 8))->capture_default_str();
  boot->fallthrough();

  bench::GuestOptions guest_options;
  CLI::App* guest = app.add_subcommand("guest", "System calls and page faults, in TSC cycles");
  guest->add_option("--runs", guest_options.runs, "How many boots")->check(CLI::Range(1, 1000))->capture_default_str();
  guest->add_option("--cpus", guest_options.cpus, "Virtual CPUs")->check(CLI::Range(1, 8))->capture_default_str();
  guest->fallthrough();

  CLI11_PARSE(app, argc, argv);
  return boot->parsed() ? Finish(bench::MeasureBoot(boot_options), json)
                        : Finish(bench::MeasureGuest(guest_options), json);
}
