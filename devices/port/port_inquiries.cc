#include "devices/port/port_inquiries.h"

#include <utility>

namespace dev {

void PortInquiries::Post(PortInquiry inquiry) {
  const std::lock_guard lock(mutex_);
  if (state_ == State::kClosed) {
    return;  // the page source goes with the argument, after the lock
  }
  list_.push_back(std::move(inquiry));
  count_.store(list_.size(), std::memory_order_release);
  if (state_ == State::kAsleep) {
    state_ = State::kAwake;
    wake_.Signal();
  }
}

std::vector<PortInquiry> PortInquiries::Take() {
  const std::lock_guard lock(mutex_);
  count_.store(0, std::memory_order_release);
  return std::exchange(list_, {});
}

bool PortInquiries::PrepareToSleep() {
  const std::lock_guard lock(mutex_);
  if (list_.empty() && state_ == State::kAwake) {
    state_ = State::kAsleep;
  }
  return list_.empty();
}

void PortInquiries::WokeUp() {
  const std::lock_guard lock(mutex_);
  if (state_ == State::kAsleep) {
    state_ = State::kAwake;
  }
}

void PortInquiries::Close() {
  std::vector<PortInquiry> dropped;  // goes after the lock
  const std::lock_guard lock(mutex_);
  state_ = State::kClosed;
  dropped = std::exchange(list_, {});
  count_.store(0, std::memory_order_release);
}

}  // namespace dev
