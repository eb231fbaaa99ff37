#include "vmm/observe/ticker.h"

#include <utility>

namespace vmm {

Result<std::unique_ptr<Ticker>> Ticker::Start(const std::string& name, std::chrono::milliseconds period,
                                              std::function<void()> tick) {
  std::unique_ptr<Ticker> ticker(new Ticker());
  auto thread = dev::ServiceThread::Start(
      name, [raw = ticker.get(), period, tick = std::move(tick)] { raw->Loop(period, tick); });
  if (!thread.ok()) {
    return base::Failure{Error(kExitHostFailure, std::move(thread).error().message)};
  }
  ticker->thread_ = std::move(thread).value();
  return ticker;
}

void Ticker::Loop(std::chrono::milliseconds period, const std::function<void()>& tick) {
  std::unique_lock lock(mutex_);
  while (!stopping_changed_.wait_for(lock, period, [this] { return stopping_; })) {
    lock.unlock();
    tick();
    lock.lock();
  }
}

void Ticker::Stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  stopping_changed_.notify_one();
  thread_.Join();
}

}  // namespace vmm
