#include "tests/benchmarks/guest_run.h"

#include <sstream>

#include "vmm/cli/exit_codes.h"

namespace bench {

std::vector<std::string> RunCommand(const Installation& installation, const std::vector<std::string>& options,
                                    const std::vector<std::string>& program, uint64_t memory) {
  std::vector<std::string> command = {installation.pagoda,   "run", "--timeout", "60s", "--memory",
                                      std::to_string(memory)};
  if (!installation.kernel.empty()) {
    command.insert(command.end(), {"--kernel", installation.kernel});
  }
  if (!installation.bootfs.empty()) {
    command.insert(command.end(), {"--bootfs", installation.bootfs});
  }
  command.insert(command.end(), options.begin(), options.end());
  command.emplace_back("--");
  command.insert(command.end(), program.begin(), program.end());
  return command;
}

vmm::Result<> CheckEnding(const integration::Ending& ending, std::string_view what) {
  if (ending.hung || ending.code != 0) {
    const std::string reason = ending.hung ? "did not end" : fmt::format("ended with code {}", ending.code);
    return {base::Failure{vmm::Error(vmm::kExitHostFailure, fmt::format("{} {}: {}", what, reason, ending.err))}};
  }
  return {};
}

vmm::Result<Values> ParseProbeOutput(const std::string& text) {
  Values values;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string name;
    double value = 0;
    std::string rest;
    if (!(words >> name >> value) || words >> rest) {
      return base::Failure{vmm::Error(vmm::kExitHostFailure, fmt::format("a probe printed '{}'", line))};
    }
    values[name] = value;
  }
  return values;
}

vmm::Result<Values> RunProbe(const std::vector<std::string>& command) {
  const integration::Ending ending = integration::Execute(command);
  PAGODA_TRY(CheckEnding(ending, "the probe"));
  return ParseProbeOutput(ending.out);
}

}  // namespace bench
