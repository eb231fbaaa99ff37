// Runs `pagoda run` with a probe: a guest program that measures itself and prints one "name value" line for each
// result.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tests/benchmarks/suite.h"
#include "tests/integration/process.h"

namespace bench {

// What is measured. An empty path leaves pagoda's own default.
struct Installation {
  std::string pagoda;
  std::string kernel;
  std::string bootfs;
};

// RAM of a guest, bytes.
inline constexpr uint64_t kGuestMemory = uint64_t{256} << 20;

// {pagoda, "run", ..., `options`..., "--", `program`...}, with `memory` bytes of RAM. The run is bounded in time, so
// that nothing stays behind if we are killed.
[[nodiscard]] std::vector<std::string> RunCommand(const Installation& installation,
                                                  const std::vector<std::string>& options,
                                                  const std::vector<std::string>& program,
                                                  uint64_t memory = kGuestMemory);

// Fails unless the run ended with code 0; `what` names it, and its standard error is in the message.
vmm::Result<> CheckEnding(const integration::Ending& ending, std::string_view what);

// What a probe printed. Fails on a line of another form.
vmm::Result<Values> ParseProbeOutput(const std::string& text);

// Runs a probe to its end.
vmm::Result<Values> RunProbe(const std::vector<std::string>& command);

}  // namespace bench
