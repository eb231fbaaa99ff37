// The console's receive queue, filled from a descriptor.
//
// One posted chain is held until there is something to put into it, so the descriptor is read only when the guest has
// room and nothing that a person types is lost.
#pragma once

#include <optional>

#include "devices/virtio/split_queue.h"
#include "shared/base/result.h"

namespace dev {

class ConsoleInput {
 public:
  enum class Progress {
    kMore,     // call again
    kNoRoom,   // the guest has posted no buffer
    kWaiting,  // call again when the descriptor is readable
    kClosed,   // end of input or an error: never again
  };
  struct Step {
    Progress progress;
    bool interrupt;  // the driver wants to hear of chains given back
  };

  explicit ConsoleInput(std::optional<int> descriptor) : descriptor_(descriptor) {}

  // Fills at most one chain. Does not block on a descriptor that poll() calls readable honestly.
  [[nodiscard]] base::Result<Step, QueueError> Advance(SplitQueue& queue);

 private:
  [[nodiscard]] bool GiveBack(SplitQueue& queue, uint32_t written);

  std::optional<int> descriptor_;        // nullopt: closed
  std::optional<DescriptorChain> room_;  // taken from the queue, still empty
};

}  // namespace dev
