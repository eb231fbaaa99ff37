// poll() without its corners.
#pragma once

#include <poll.h>

#include <chrono>
#include <optional>
#include <span>

namespace dev {

// Blocks until one of `descriptors` is ready, and fills in revents. Interrupted calls and the host's passing lack of
// memory count as "nothing ready", so the caller looks at its own state and calls again; so does `limit`, after which
// it returns in any case (nullopt: never).
void WaitUntilReady(std::span<pollfd> descriptors, std::optional<std::chrono::nanoseconds> limit = std::nullopt);

// True when `descriptor` has one of `events`, or an error or hang-up that a read or write would report, right now.
[[nodiscard]] bool IsReady(int descriptor, short events);

}  // namespace dev
