// An alarm that rings when the test says so.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <utility>

#include "devices/pager/alarm.h"

namespace test {

// Outlives the alarms that were made for it.
struct AlarmClock {
  std::optional<std::chrono::milliseconds> set;  // nullopt: not set
  std::function<void()> ring;

  // Precondition: set.
  void Ring() {
    set.reset();
    std::exchange(ring, nullptr)();
  }
};

class ManualAlarm final : public pager::Alarm {
 public:
  explicit ManualAlarm(AlarmClock& clock) : clock_(clock) {}

  void Set(std::chrono::milliseconds delay, std::function<void()> ring) override {
    clock_.set = delay;
    clock_.ring = std::move(ring);
  }
  void Cancel() override {
    clock_.set.reset();
    clock_.ring = nullptr;
  }

 private:
  AlarmClock& clock_;
};

}  // namespace test
