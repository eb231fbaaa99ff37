#include "guest/kernel/vm/torture.h"

namespace gk::torture {
namespace {

constinit uint64_t g_countdown = 0;  // 0: off
constinit uint64_t g_period = 0;     // 0: off
constinit uint64_t g_since_last = 0;
constinit bool g_has_failed = false;

}  // namespace

void FailAllocation(uint64_t n) {
  g_countdown = n;
  g_has_failed = false;
}

void FailEveryAllocation(uint64_t n) {
  g_period = n;
  g_since_last = 0;
}

bool ShouldFail() {
  if (g_countdown != 0 && --g_countdown == 0) {
    g_has_failed = true;
    return true;
  }
  if (g_period != 0 && ++g_since_last == g_period) {
    g_since_last = 0;
    return true;
  }
  return false;
}

bool HasFailed() { return g_has_failed; }

}  // namespace gk::torture
