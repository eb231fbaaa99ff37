// An eventfd: how one thread, or KVM in its place (ioeventfd), wakes a thread that blocks in poll().
#pragma once

#include "devices/core/error.h"
#include "devices/core/unique_fd.h"
#include "shared/base/result.h"

namespace dev {

class EventFd {
 public:
  // A counter at 0, non-blocking, closed on exec. Fails when the process has no descriptor left.
  static base::Result<EventFd, Error> Create();

  // Borrowed; stays valid and the same as long as this object (moves included) lives.
  [[nodiscard]] int fd() const { return fd_.get(); }

  // Makes the descriptor readable. Any thread.
  void Signal() const;
  // Takes what has been signalled; true when there was something. Never blocks. Any thread.
  bool Drain() const;

 private:
  explicit EventFd(UniqueFd fd) : fd_(std::move(fd)) {}

  UniqueFd fd_;
};

// The same for an eventfd that somebody else owns.
bool DrainEventFd(int descriptor);

}  // namespace dev
