// An interrupt line that counts, and lets a test wait for the count.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>

#include "devices/core/interrupt_line.h"

namespace test {

class RecordingInterrupt final : public dev::InterruptLine {
 public:
  void Raise() override {
    const std::lock_guard lock(mutex_);
    ++count_;
    raised_.notify_all();
  }

  [[nodiscard]] uint64_t count() const {
    const std::lock_guard lock(mutex_);
    return count_;
  }

  void WaitForCountAbove(uint64_t count) const {
    std::unique_lock lock(mutex_);
    raised_.wait(lock, [&] { return count_ > count; });
  }

 private:
  mutable std::mutex mutex_;
  mutable std::condition_variable raised_;
  uint64_t count_ = 0;
};

}  // namespace test
