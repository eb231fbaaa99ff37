// The build's own `pagoda image`: the same command, without the monitor around it.
#include <CLI/CLI.hpp>

#include "vmm/cli/exit_codes.h"
#include "vmm/cli/image_command.h"

int main(int argc, char** argv) {
  CLI::App app("Boot images of Pagoda");
  int exit_code = vmm::kExitSuccess;
  app.require_subcommand(1);
  vmm::AddImageCommand(app, exit_code);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? vmm::kExitSuccess : vmm::kExitBadInput;
  }
  return exit_code;
}
