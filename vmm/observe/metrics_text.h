// What a run does, in Prometheus' text format 0.0.4.
//
// Every metric begins with `pagoda_`; README.md lists them.
#pragma once

#include <string>

#include "vmm/observe/run_report.h"

namespace vmm {

inline constexpr const char* kMetricsContentType = "text/plain; version=0.0.4; charset=utf-8";

[[nodiscard]] std::string MetricsText(const RunReport& report);

}  // namespace vmm
