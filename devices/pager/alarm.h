// A clock that calls back, so that tests can decide what time it is.
#pragma once

#include <chrono>
#include <functional>

#include "devices/pager/asio.h"

namespace pager {

// One thread at a time.
class Alarm {
 public:
  Alarm() = default;
  Alarm(const Alarm&) = delete;
  Alarm& operator=(const Alarm&) = delete;
  virtual ~Alarm() = default;

  // Calls `ring` once, in `delay` from now, on any thread; replaces what was set before.
  virtual void Set(std::chrono::milliseconds delay, std::function<void()> ring) = 0;
  // A ring that is on its way may still come.
  virtual void Cancel() = 0;
};

// The real time.
class SteadyAlarm final : public Alarm {
 public:
  explicit SteadyAlarm(const boost::asio::any_io_executor& executor) : timer_(executor) {}

  void Set(std::chrono::milliseconds delay, std::function<void()> ring) override;
  void Cancel() override { timer_.cancel(); }

 private:
  boost::asio::steady_timer timer_;
};

}  // namespace pager
