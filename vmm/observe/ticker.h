// A thread that does something again and again until it is stopped.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "devices/core/service_thread.h"
#include "vmm/base/error.h"

namespace vmm {

class Ticker {
 public:
  // Calls `tick` in a thread of that name (at most 15 characters) every `period`, for the first time after one.
  static Result<std::unique_ptr<Ticker>> Start(const std::string& name, std::chrono::milliseconds period,
                                               std::function<void()> tick);
  ~Ticker() { Stop(); }
  Ticker(const Ticker&) = delete;
  Ticker& operator=(const Ticker&) = delete;

  // Returns when `tick` does not run any more, and will not. Idempotent; not from within `tick`.
  void Stop();

 private:
  Ticker() = default;
  void Loop(std::chrono::milliseconds period, const std::function<void()>& tick);

  std::mutex mutex_;
  std::condition_variable stopping_changed_;
  bool stopping_ = false;  // guarded by mutex_

  dev::ServiceThread thread_;  // last: it uses all of the above
};

}  // namespace vmm
