#include "devices/port/port_completions.h"

#include <utility>

namespace dev {

void PortCompletions::Post(const PortCompletion& completion) {
  // All of it under the lock: once Discard has its answers the device, and with it this object, may go away.
  const std::lock_guard lock(mutex_);
  list_.push_back(completion);
  count_.store(list_.size(), std::memory_order_release);
  posted_.notify_all();
  if (std::exchange(sleeping_, false)) {
    wake_.Signal();
  }
}

std::vector<PortCompletion> PortCompletions::Take() {
  const std::lock_guard lock(mutex_);
  count_.store(0, std::memory_order_release);
  return std::exchange(list_, {});
}

bool PortCompletions::PrepareToSleep() {
  const std::lock_guard lock(mutex_);
  sleeping_ = list_.empty();
  return sleeping_;
}

void PortCompletions::WokeUp() {
  const std::lock_guard lock(mutex_);
  sleeping_ = false;
}

void PortCompletions::Discard(size_t count) {
  std::unique_lock lock(mutex_);
  posted_.wait(lock, [&] { return list_.size() >= count; });
  list_.clear();
  count_.store(0, std::memory_order_release);
}

}  // namespace dev
