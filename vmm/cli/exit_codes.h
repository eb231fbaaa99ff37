// The exit codes of `pagoda`: one number for each way in which a run can end, so that scripts need not read text.
//
// A guest program that exits gives its own code (its low 8 bits). The codes below are the monitor's; the kernel in the
// guest uses 139 for a program that was killed by a fault, which reaches the monitor as an ordinary exit code.
#pragma once

namespace vmm {

inline constexpr int kExitSuccess = 0;
inline constexpr int kExitBadInput = 2;           // wrong arguments or files; nothing was started
inline constexpr int kExitGuestPanic = 120;       // the guest kernel gave up and said why
inline constexpr int kExitTripleFault = 121;      // the guest's CPU shut down
inline constexpr int kExitGuestUnrunnable = 122;  // KVM could not execute or emulate what the guest did
inline constexpr int kExitHostFailure = 123;      // a system call of the monitor failed
inline constexpr int kExitTimeout = 124;          // --timeout ran out
inline constexpr int kExitHostCannotRun = 125;    // no usable KVM on this host; `pagoda check` says what to do
inline constexpr int kExitInterrupted = 130;      // SIGINT
inline constexpr int kExitTerminated = 143;       // SIGTERM

}  // namespace vmm
