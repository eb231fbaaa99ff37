// The options of `pagoda run` that let a person watch it, as text and understood.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "vmm/base/error.h"
#include "vmm/observe/run_observer.h"

namespace vmm {

// As the parser fills it in.
struct ObserveOptions {
  std::string stats;  // empty: not given
  std::string stats_file;
  bool progress = false;
  std::string trace;
  std::string record_working_set;
  std::string replay_working_set;
  std::string metrics;
};

// `options` outlives the parsing.
void AddObserveOptions(CLI::App& command, ObserveOptions& options);

// Looks at the text only.
Result<ObserveSettings> UnderstandObserve(const ObserveOptions& options);

}  // namespace vmm
