// A page source that answers from threads of its own, in no particular order.
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

#include "tests/devices/support/manual_pager.h"

namespace test {

class ThreadedSource final : public pager::PageSource {
 public:
  explicit ThreadedSource(int threads) {
    for (int i = 0; i < threads; ++i) {
      threads_.emplace_back([this] { Answer(); });
    }
  }
  // Drops what is left, which answers it.
  ~ThreadedSource() override {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    changed_.notify_all();
    for (std::thread& thread : threads_) {
      thread.join();
    }
  }

  [[nodiscard]] pager::ObjectInfo info() const override {
    return {.size = ManualSource::kSize, .content_size = ManualSource::kSize, .read_only = true};
  }
  void Read(pager::ReadRequest request) override {
    {
      const std::lock_guard lock(mutex_);
      requests_.push_back(std::move(request));
    }
    changed_.notify_one();
  }

 private:
  void Answer() {
    std::unique_lock lock(mutex_);
    while (true) {
      changed_.wait(lock, [this] { return stopping_ || !requests_.empty(); });
      if (stopping_) {
        return;
      }
      pager::ReadRequest request = std::move(requests_.back());
      requests_.pop_back();
      lock.unlock();
      FillByPageNumber(request);
      request.Complete(ZX_OK);
      lock.lock();
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<pager::ReadRequest> requests_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace test
