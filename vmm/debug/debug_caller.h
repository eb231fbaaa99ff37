// Debug calls (shared/abi/debug_call.h): the monitor's side. A stopped vCPU runs a function of the kernel's and is put
// back as it was.
//
// Threads: the client's, with the world at rest.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "shared/abi/debug_call.h"
#include "vmm/debug/world.h"

namespace vmm {

class DebugCaller {
 public:
  // `world` outlives this object.
  explicit DebugCaller(World& world) : world_(world) {}

  // The whole answer, as many calls as that takes; its end is missing when it gets too long. kNotStopped;
  // kNotSupported: the kernel has not come so far yet; kNotFound, kHost, with words.
  gdb::Outcome<std::string> Ask(abi::DebugCommand command, uint64_t argument);

  // Whether this host's KVM stops code in ring 3 by the CPU's breakpoint registers. Tried once, on a call that does
  // nothing; false as long as the kernel takes no calls.
  bool CpuStopsInRing3();

 private:
  struct Reply {
    abi::DebugCallError error;
    uint64_t cursor;
    std::string text;
  };
  gdb::Outcome<abi::DebugCallArea> Area();
  struct Question {
    abi::DebugCommand command;
    uint64_t argument;
    uint64_t cursor;
  };
  struct Ended {
    World::CallEnd how;
    CpuContext where;
  };
  gdb::Outcome<Reply> CallOnce(const abi::DebugCallArea& area, const Question& question);
  // `stop_at`: an address at which KVM is to stop the vCPU.
  gdb::Outcome<Ended> Run(const abi::DebugCallArea& area, const Question& question, std::optional<uint64_t> stop_at);
  gdb::Outcome<uint32_t> ChooseCpu();

  World& world_;
  std::optional<bool> cpu_stops_;  // what CpuStopsInRing3 has found
};

}  // namespace vmm
