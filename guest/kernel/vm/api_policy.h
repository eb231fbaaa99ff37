// Where the documents of the API and the system that they describe disagree, which of the two this kernel follows.
//
// Decided once at boot by the kernel option `compat=zircon`.
#pragma once

namespace gk {

enum class ApiPolicy {
  // The documents, to the letter: lengths are page multiples; a mapping that could fault needs ZX_VM_ALLOW_FAULTS;
  // unmapping where nothing is mapped is an error; a region that is full has no memory for another one.
  kDocumented,
  // The real system: lengths are rounded up, ZX_VM_ALLOW_FAULTS is not insisted on, unmapping a hole succeeds.
  kZircon,
};

extern constinit ApiPolicy api_policy;  // NOLINT(bugprone-dynamic-static-initializers): constinit

// The kernel option `enable-debugging-syscalls=true`: calls that can harm are allowed.
extern constinit bool debugging_syscalls;  // NOLINT(bugprone-dynamic-static-initializers): constinit

}  // namespace gk
