#include "vmm/machine/stop_reason.h"

#include <csignal>

#include "vmm/cli/exit_codes.h"

namespace vmm {
namespace {

struct ExitCode {
  int operator()(const GuestExit& exit) const { return static_cast<int>(exit.code & 0xff); }
  int operator()(const GuestPanic&) const { return kExitGuestPanic; }
  int operator()(const VcpuFailure& failure) const {
    switch (failure.fault) {
      case VcpuFault::kTripleFault:
        return kExitTripleFault;
      case VcpuFault::kUnrunnable:
        return kExitGuestUnrunnable;
      case VcpuFault::kHostError:
        return kExitHostFailure;
    }
    return kExitHostFailure;
  }
  int operator()(const TimedOut&) const { return kExitTimeout; }
  int operator()(const Signalled& signalled) const {
    return signalled.signal == SIGINT ? kExitInterrupted : kExitTerminated;
  }
};

}  // namespace

int ExitCodeOf(const StopReason& reason) { return std::visit(ExitCode{}, reason); }

}  // namespace vmm
