#include "vmm/base/log.h"

#include <spdlog/sinks/stdout_sinks.h>

namespace vmm {

std::vector<std::string> LogLevelNames() { return {"trace", "debug", "info", "warn", "error", "critical", "off"}; }

void SetLogLevel(std::string_view level) {
  const auto value = spdlog::level::from_str(std::string(level == "warn" ? "warning" : level));
  if (value == spdlog::level::off) {
    // Without a sink: setting one up costs more than a boot can spare.
    spdlog::set_level(spdlog::level::off);
    return;
  }
  auto logger = std::make_shared<spdlog::logger>("pagoda", std::make_shared<spdlog::sinks::stderr_sink_mt>());
  logger->set_pattern("pagoda: %L +%O us %v");
  logger->set_level(value);
  spdlog::set_default_logger(std::move(logger));
}

}  // namespace vmm
