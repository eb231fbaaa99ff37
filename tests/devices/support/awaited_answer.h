// An answer that comes from another thread, waited for.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>

#include "devices/pager/request.h"

namespace test {

class AwaitedAnswer {
 public:
  [[nodiscard]] std::unique_ptr<pager::Answer> Promise() { return std::make_unique<Recorder>(state_); }
  [[nodiscard]] zx_status_t Wait() {
    std::unique_lock lock(state_->mutex);
    state_->changed.wait(lock, [this] { return state_->status.has_value(); });
    return *state_->status;
  }
  [[nodiscard]] bool answered() const {
    const std::lock_guard lock(state_->mutex);
    return state_->status.has_value();
  }
  [[nodiscard]] int count() const {
    const std::lock_guard lock(state_->mutex);
    return state_->count;
  }

 private:
  struct State {
    std::mutex mutex;
    std::condition_variable changed;
    std::optional<zx_status_t> status;
    int count = 0;
  };
  class Recorder final : public pager::Answer {
   public:
    explicit Recorder(std::shared_ptr<State> state) : state_(std::move(state)) {}
    void OnAnswer(zx_status_t status) override {
      const std::lock_guard lock(state_->mutex);
      state_->status = status;
      ++state_->count;
      state_->changed.notify_all();
    }

   private:
    const std::shared_ptr<State> state_;
  };

  std::shared_ptr<State> state_ = std::make_shared<State>();
};

}  // namespace test
