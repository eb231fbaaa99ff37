#include "vmm/debug/debugger.h"

#include <fmt/format.h>

#include <cstdio>

namespace vmm {
namespace {

void Say(const std::string& line) { fmt::print(stderr, "pagoda: {}\n", line); }

}  // namespace

Result<std::unique_ptr<Debugger>> Debugger::Start(Machine& machine, DebuggerConfig config) {
  if (const auto warning = net::WarningAbout(config.address, "read and change the guest")) {
    Say(*warning);
  }
  std::unique_ptr<Debugger> debugger(new Debugger);
  Debugger* self = debugger.get();
  // The vCPUs run only after the server has started, so the callback never sees half of this.
  const auto on_crash_wait = [self] {
    Say(fmt::format("the guest has crashed and waits for a debugger: gdb -ex 'target remote {}'",
                    self->server_->connect_text()));
  };
  debugger->target_ = std::make_unique<MachineTarget>(
      machine,
      MachineTarget::Config{
          .options = {.at_start = config.at_start, .at_crash = config.at_crash, .on_crash_wait = on_crash_wait},
          .entry = config.entry,
          .files = std::move(config.files)});
  PAGODA_TRY_ASSIGN(debugger->server_, gdb::Server::Start(config.address, *debugger->target_, Say));
  machine.SetDebugAgent(debugger->target_->agent());
  Say(fmt::format("debug with: gdb -ex 'target remote {}'{}", debugger->server_->connect_text(),
                  config.at_start == World::Waiting::kForClient ? " (the guest waits for it)" : ""));
  return debugger;
}

}  // namespace vmm
