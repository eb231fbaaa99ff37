#include "devices/core/event_fd.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <string>

namespace dev {

base::Result<EventFd, Error> EventFd::Create() {
  UniqueFd fd(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  if (!fd.valid()) {
    return base::Failure{Error{std::string("cannot create an eventfd: ") + std::strerror(errno)}};
  }
  return EventFd(std::move(fd));
}

void EventFd::Signal() const {
  const uint64_t one = 1;
  ssize_t written;
  do {
    written = ::write(fd_.get(), &one, sizeof(one));
  } while (written < 0 && errno == EINTR);
  // EAGAIN means that the counter is full, so the descriptor is readable: that is all that was wanted.
}

bool EventFd::Drain() const { return DrainEventFd(fd_.get()); }

bool DrainEventFd(int descriptor) {
  uint64_t count;
  ssize_t size;
  do {
    size = ::read(descriptor, &count, sizeof(count));
  } while (size < 0 && errno == EINTR);
  return size == sizeof(count);
}

}  // namespace dev
