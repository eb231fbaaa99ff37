// `pagoda pager`: a pager in a process of its own, as a person runs it.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "tests/integration/process.h"

namespace integration {

[[nodiscard]] std::vector<std::string> PagerCommand(const std::string& spec, const std::filesystem::path& socket);

// One that listens; a failure of the test otherwise.
[[nodiscard]] std::unique_ptr<Process> StartPager(const std::string& spec, const std::filesystem::path& socket);

}  // namespace integration
