// How a driver takes over what its device has used: everything, and once more when the device has gone on meanwhile.
#pragma once

#include <stdint.h>

#include "guest/kernel/drivers/split_queue.h"

namespace gk::drivers {

// What one look at a queue found.
enum class PollOutcome : uint8_t {
  kNothing,
  kProgress,
  kBroken,  // the device broke the rules: it must be reset before any memory that it has is used again
};

// Calls `finish` with each used chain. When there is none left `listen(whether there were any)` enables interrupts if
// the driver wants some, and returns what SplitQueue::EnableInterrupts says; else false.
template <typename Finish, typename Listen>
[[nodiscard]] PollOutcome PollQueue(SplitQueue& queue, Finish finish, Listen listen) {
  bool progress = false;
  do {
    while (true) {
      const auto used = queue.PopUsed();
      if (!used.ok()) {
        return PollOutcome::kBroken;
      }
      if (!used->has_value()) {
        break;
      }
      finish(**used);
      progress = true;
    }
  } while (listen(progress));
  return progress ? PollOutcome::kProgress : PollOutcome::kNothing;
}

}  // namespace gk::drivers
