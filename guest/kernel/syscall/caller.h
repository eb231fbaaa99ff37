// On whose behalf a system call runs.
#pragma once

#include "guest/kernel/lib/status.h"
#include "guest/kernel/object/policy.h"
#include "guest/kernel/object/process_dispatcher.h"
#include "guest/kernel/object/thread_dispatcher.h"

namespace gk::syscall {

struct Caller {
  ProcessDispatcher& process;
  ThreadDispatcher& thread;

  [[nodiscard]] AddressSpace& address_space() const { return process.address_space(); }
  [[nodiscard]] HandleTable& handles() const { return process.handles(); }
};

// Asks the policy of the caller's job: ZX_ERR_ACCESS_DENIED when the caller may not do what `condition` (ZX_POL_*)
// says.
inline Result<> CheckPolicy(Caller& caller, uint32_t condition) {
  const Status status = EnforcePolicy(caller.process, caller.thread, condition);
  return status.ok() ? Result<>() : Error(status);
}

}  // namespace gk::syscall
