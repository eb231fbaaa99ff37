// `pagoda`: one command line, one exit code. What the commands do is in vmm/cli/.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "vmm/cli/blob_command.h"
#include "vmm/cli/check_command.h"
#include "vmm/cli/exit_codes.h"
#include "vmm/cli/image_command.h"
#include "vmm/cli/pager_command.h"
#include "vmm/cli/run_command.h"
#include "vmm/cli/terminal_guard.h"

namespace {

constexpr const char* kExitCodes =
    "Exit codes of `pagoda run`: the program's own (low 8 bits; 139 if a fault killed it, 137 otherwise killed), or\n"
    "    2  bad input, nothing was started     123  the host failed\n"
    "  120  guest kernel panic                 124  --timeout ran out\n"
    "  121  triple fault                       125  this host cannot run guests\n"
    "  122  KVM could not run the guest's code 130, 143  SIGINT, SIGTERM";

std::string OneLine(const CLI::App* app, const CLI::Error& error) {
  return fmt::format("pagoda: {}; `{} --help` shows what there is\n", error.what(), app->get_display_name());
}

// What is the guest program's own: takes "--" and all behind it out of the arguments of `pagoda run`.
std::vector<std::string> TakeBehindDashes(int& argc, char** argv) {
  const std::span<char*> arguments(argv, static_cast<size_t>(argc));
  if (argc < 2 || std::string_view(arguments[1]) != "run") {
    return {};
  }
  const auto dashes =
      std::find_if(arguments.begin(), arguments.end(), [](std::string_view argument) { return argument == "--"; });
  if (dashes == arguments.end()) {
    return {};
  }
  argc = static_cast<int>(dashes - arguments.begin());
  return {dashes + 1, arguments.end()};
}

}  // namespace

int main(int argc, char** argv) {
  vmm::OccupyStandardDescriptors();
  CLI::App app("Pagoda: a small KVM monitor with a demand-paging guest kernel", "pagoda");
  int exit_code = vmm::kExitSuccess;
  app.require_subcommand(1);
  app.set_version_flag("--version", std::string("pagoda " PAGODA_VERSION));
  app.footer(kExitCodes);
  app.failure_message(OneLine);
  vmm::AddRunCommand(app, exit_code, TakeBehindDashes(argc, argv));
  vmm::AddCheckCommand(app, exit_code);
  vmm::AddImageCommand(app, exit_code);
  vmm::AddPagerCommand(app, exit_code);
  vmm::AddBlobCommand(app, exit_code);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? vmm::kExitSuccess : vmm::kExitBadInput;
  }
  return exit_code;
}
