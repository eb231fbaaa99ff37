// poll() without its corners.
#pragma once

#include <poll.h>

#include <span>

namespace dev {

// Blocks until one of `descriptors` is ready, and fills in revents. Interrupted calls and the host's passing lack of
// memory count as "nothing ready", so the caller looks at its own state and calls again.
void WaitUntilReady(std::span<pollfd> descriptors);

// True when `descriptor` has one of `events`, or an error or hang-up that a read or write would report, right now.
[[nodiscard]] bool IsReady(int descriptor, short events);

}  // namespace dev
