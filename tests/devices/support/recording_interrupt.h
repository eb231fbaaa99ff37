// An interrupt line that counts, and lets a test wait for the count.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <utility>

#include "devices/core/interrupt_line.h"

namespace test {

class RecordingInterrupt final : public dev::InterruptLine {
 public:
  void Raise() override {
    const std::lock_guard lock(mutex_);
    if (on_raise_) {
      on_raise_();
    }
    ++count_;
    raised_.notify_all();
  }

  // Called by the thread that raises, each time: sees what the device has done so far.
  void set_on_raise(std::function<void()> on_raise) {
    const std::lock_guard lock(mutex_);
    on_raise_ = std::move(on_raise);
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
  std::function<void()> on_raise_;
};

}  // namespace test
