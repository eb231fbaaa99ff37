#include "tests/integration/pager_process.h"

#include "tests/integration/fixture.h"

namespace integration {

std::vector<std::string> PagerCommand(const std::string& spec, const std::filesystem::path& socket) {
  return {PagodaPath(), "pager", spec, "--socket", socket.string()};
}

std::unique_ptr<Process> StartPager(const std::string& spec, const std::filesystem::path& socket) {
  auto pager = std::make_unique<Process>(PagerCommand(spec, socket));
  EXPECT_TRUE(pager->WaitForOutput("serving"));
  return pager;
}

}  // namespace integration
