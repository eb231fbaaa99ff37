// A machine's debugger: the target and the server that a client connects to.
#pragma once

#include <memory>
#include <string>

#include "vmm/debug/machine_target.h"
#include "vmm/gdb/server.h"
#include "vmm/machine/machine.h"
#include "vmm/net/address.h"

namespace vmm {

struct DebuggerConfig {
  net::Address address;
  World::Waiting at_start = World::Waiting::kForNobody;
  World::Waiting at_crash = World::Waiting::kForNobody;
  uint64_t entry;  // of the guest's kernel
  SymbolFiles files;
};

class Debugger {
 public:
  // Listens from here on. `machine` was made with DebuggerPresence::kPresent, does not run yet, and outlives this
  // object. Says on standard error how to connect, and who comes and goes.
  static Result<std::unique_ptr<Debugger>> Start(Machine& machine, DebuggerConfig config);

  // A client that is there hears how the machine ended. Any thread but the server's.
  void Stop() { server_->Stop(); }

 private:
  Debugger() = default;

  std::unique_ptr<MachineTarget> target_;
  std::unique_ptr<gdb::Server> server_;
};

}  // namespace vmm
