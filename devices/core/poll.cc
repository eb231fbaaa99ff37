#include "devices/core/poll.h"

namespace dev {

void WaitUntilReady(std::span<pollfd> descriptors) {
  if (::poll(descriptors.data(), descriptors.size(), -1) < 0) {
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
