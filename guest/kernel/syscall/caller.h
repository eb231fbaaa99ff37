// On whose behalf a system call runs.
#pragma once

#include "guest/kernel/object/process_dispatcher.h"
#include "guest/kernel/object/thread_dispatcher.h"

namespace gk::syscall {

struct Caller {
  ProcessDispatcher& process;
  ThreadDispatcher& thread;

  [[nodiscard]] AddressSpace& address_space() const { return process.address_space(); }
  [[nodiscard]] HandleTable& handles() const { return process.handles(); }
};

}  // namespace gk::syscall
