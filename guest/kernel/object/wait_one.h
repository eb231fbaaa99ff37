// Waiting for signals of one object.
#pragma once

#include <zircon/types.h>

#include "guest/kernel/lib/status.h"
#include "guest/kernel/object/dispatcher.h"

namespace gk {

struct WaitOneResult {
  // ZX_OK; ZX_ERR_TIMED_OUT; ZX_ERR_CANCELED when the handle was closed meanwhile; ZX_ERR_INTERNAL_INTR_KILLED;
  // ZX_ERR_INTERNAL_INTR_RETRY.
  Status status;
  // The signals that were active at the end of the wait.
  zx_signals_t observed;
};

// Blocks until one of `watched` is active on `object`, or until `deadline` (CurrentTime's clock); a deadline in the
// past only looks. `key`: through which handle, or nothing for the kernel's own waits.
WaitOneResult WaitOne(const RefPtr<Dispatcher>& object, HandleKey key, zx_signals_t watched, zx_time_t deadline);

}  // namespace gk
