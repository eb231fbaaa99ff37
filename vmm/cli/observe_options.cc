#include "vmm/cli/observe_options.h"

namespace vmm {
namespace {

constexpr std::string_view kTable = "table";
constexpr std::string_view kJson = "json";

Result<StatsForm> ParseStats(const std::string& text) {
  if (text == kTable) {
    return StatsForm::kTable;
  }
  if (text == kJson) {
    return StatsForm::kJson;
  }
  return BadInput("'{}' is neither '{}' nor '{}'", text, kTable, kJson);
}

}  // namespace

void AddObserveOptions(CLI::App& command, ObserveOptions& options) {
  // A flag, so that --stats without a value does not take the next argument.
  command.add_flag("--stats{table}", options.stats,
                   "When the run is over, what it did, on standard error: --stats for a table, --stats=json for one "
                   "line of JSON");
  command.add_option("--stats-file", options.stats_file, "Where --stats goes instead")->type_name("FILE");
  command.add_flag("--progress", options.progress,
                   "What the pagers do, live, on standard error: a line on a terminal, else one every 5 s");
  command
      .add_option("--trace", options.trace,
                  "A timeline of page requests, faults, evictions, write-backs and vCPU exits, for ui.perfetto.dev "
                  "(Chrome's JSON format)")
      ->type_name("FILE");
  command
      .add_option("--record-working-set", options.record_working_set,
                  "Note which pages of which objects the run asks for, for --replay-working-set")
      ->type_name("FILE");
  command
      .add_option("--replay-working-set", options.replay_working_set,
                  "Bring the pages of a recorded run before they are asked for. An object that has changed since then "
                  "is left alone")
      ->type_name("FILE");
  command
      .add_option(
          "--metrics", options.metrics,
          "Serve the numbers of --stats, as they grow, at /metrics for Prometheus: tcp:PORT (to this host only), "
          "tcp:HOST:PORT, or unix:PATH")
      ->type_name("ADDRESS");
}

Result<ObserveSettings> UnderstandObserve(const ObserveOptions& options) {
  ObserveSettings settings;
  if (!options.stats.empty()) {
    PAGODA_TRY_ASSIGN(settings.stats, WithContext("--stats", ParseStats(options.stats)));
  } else if (!options.stats_file.empty()) {
    return BadInput("--stats-file: there is no --stats to go there");
  }
  if (!options.record_working_set.empty() && !options.replay_working_set.empty()) {
    return BadInput("--record-working-set: what a replay asks for is no working set: run without --replay-working-set");
  }
  if (!options.metrics.empty()) {
    PAGODA_TRY_ASSIGN(settings.metrics, WithContext("--metrics", net::ParseAddress(options.metrics)));
  }
  settings.record_file = options.record_working_set;
  settings.replay_file = options.replay_working_set;
  settings.stats_file = options.stats_file;
  settings.progress = options.progress;
  settings.trace_file = options.trace;
  return settings;
}

}  // namespace vmm
