// What a loop over as many pages as a program says does now and then: it lets others in, and ends with its thread.
#pragma once

#include <stdint.h>

#include "guest/kernel/lib/status.h"

namespace gk {

class LongLoop {
 public:
  // `bytes` more are done, and there is more to do. After each stretch other CPUs and threads have their turn: anything
  // may have changed when this returns. ZX_ERR_INTERNAL_INTR_KILLED: the calling thread is to end.
  // Kernel lock held. Does nothing before there are threads.
  Result<> OnProgress(uint64_t bytes);

 private:
  // Short for those who wait, long against the cost of a pause.
  static constexpr uint64_t kStretch = uint64_t{1} << 20;

  uint64_t since_pause_ = 0;
};

}  // namespace gk
