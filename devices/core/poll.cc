#include "devices/core/poll.h"

#include <algorithm>

namespace dev {

void WaitUntilReady(std::span<pollfd> descriptors, std::optional<std::chrono::nanoseconds> limit) {
  timespec time{};
  if (limit) {
    const auto left = std::max(*limit, std::chrono::nanoseconds(0));
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(left);
    time = {.tv_sec = seconds.count(), .tv_nsec = (left - seconds).count()};
  }
  if (::ppoll(descriptors.data(), descriptors.size(), limit ? &time : nullptr, nullptr) < 0) {
    for (pollfd& descriptor : descriptors) {
      descriptor.revents = 0;
    }
  }
}

bool IsReady(int descriptor, short events) {
  pollfd query{.fd = descriptor, .events = events, .revents = 0};
  return ::poll(&query, 1, 0) > 0 && query.revents != 0;
}

}  // namespace dev
