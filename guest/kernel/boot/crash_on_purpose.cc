#include "guest/kernel/boot/crash_on_purpose.h"

#include <stdint.h>

#include "guest/kernel/arch/cpu.h"
#include "guest/kernel/arch/triple_fault.h"
#include "guest/kernel/lib/panic.h"

namespace gk {
namespace {

// Far deeper than any stack. Each frame is needed behind the call, so that the recursion cannot become a loop.
uint64_t Recurse(volatile uint64_t* depth) {
  volatile uint64_t here = *depth + 1;
  return here == UINT64_MAX ? 0 : Recurse(&here) + here;
}

void WriteWhereNothingIsMapped() {
  volatile uint64_t* nowhere = reinterpret_cast<volatile uint64_t*>(0xdead000);
  *nowhere = 1;
}

}  // namespace

void CrashOnPurpose(CrashKind kind) {
  volatile uint64_t depth = 0;
  switch (kind) {
    case CrashKind::kPanic:
      Panic("the kernel option crash=panic asked for this");
    case CrashKind::kPageFault:
      WriteWhereNothingIsMapped();
      break;
    case CrashKind::kStackOverflow:
      depth = Recurse(&depth);
      break;
    case CrashKind::kTripleFault:
      arch::TripleFault();
    case CrashKind::kHang:
      break;
  }
  for (;;) {
    arch::SpinPause();
  }
}

}  // namespace gk
