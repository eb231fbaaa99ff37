// Kernel options: strings "key=value" that the monitor passes on from `pagoda run --option`.
//
//   compat=zircon   where the API's documents and the real system differ, follow the system (vm/api_policy.h)
//   seed=N          decimal: the same handle values and address-space layout in every run; for reproducing a failure
//   set-aside=N     pages of RAM that programs may map by their physical address (decimal, 16 unless given, at most
//                   65536)
//   pages-go-every=N
//                   at every Nth safe point (vm/reclaim.h) one page or object goes that can be done without, although
//                   there is memory (decimal); for tests of programs that must not notice
//   enable-debugging-syscalls=true
//                   allow calls that can harm: ZX_VMO_OP_CACHE_INVALIDATE
//   crash=KIND      end in the named way instead of starting a program, to see what the monitor makes of it:
//                   panic, page-fault, stack-overflow, triple-fault, hang
#pragma once

#include <stdint.h>

#include <optional>
#include <span>

#include "guest/kernel/vm/api_policy.h"
#include "shared/base/result.h"

namespace gk {

enum class CrashKind { kPanic, kPageFault, kStackOverflow, kTripleFault, kHang };

struct KernelOptions {
  ApiPolicy api_policy = ApiPolicy::kDocumented;
  std::optional<uint64_t> seed;
  uint64_t set_aside_pages = 16;
  uint64_t pages_go_every = 0;
  bool debugging_syscalls = false;
  std::optional<CrashKind> crash;
};

// The option that is not one; points into the strings that were parsed.
struct BadOption {
  std::span<const char> text;
};

// `strings`: `count` NUL-terminated strings. A block that is not that many strings is bad as a whole. Of a key that is
// given twice the last one counts.
base::Result<KernelOptions, BadOption> ParseOptions(std::span<const char> strings, uint32_t count);

}  // namespace gk
