// A pager whose answers the test gives: by hand, at once, or never.
#pragma once

#include <zircon/errors.h>

#include <condition_variable>
#include <cstring>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string_view>
#include <utility>

#include "devices/pager/page_source.h"
#include "shared/base/range.h"

namespace test {

class ManualSource final : public pager::PageSource {
 public:
  static constexpr uint64_t kPages = 64;
  static constexpr uint64_t kSize = kPages * base::kPageSize;

  [[nodiscard]] pager::ObjectInfo info() const override { return {.size = kSize, .content_size = kSize - 100}; }
  void Read(pager::ReadRequest request) override {
    const std::lock_guard lock(mutex_);
    requests_.push_back(std::move(request));
    arrived_.notify_all();
  }

  // The oldest request that nobody has taken; waits for one.
  pager::ReadRequest Take() {
    std::unique_lock lock(mutex_);
    arrived_.wait(lock, [this] { return !requests_.empty(); });
    pager::ReadRequest request = std::move(requests_.front());
    requests_.pop_front();
    return request;
  }

 private:
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<pager::ReadRequest> requests_;
};

// Makes a source for every open; the empty path only.
class ManualPager final : public pager::Pager {
 public:
  using Factory = std::function<std::shared_ptr<pager::PageSource>()>;
  explicit ManualPager(Factory factory) : factory_(std::move(factory)) {}

  base::Result<std::shared_ptr<pager::PageSource>, zx_status_t> Open(std::string_view path) override {
    if (!path.empty()) {
      return base::Failure{ZX_ERR_NOT_FOUND};
    }
    return factory_();
  }

 private:
  const Factory factory_;
};

// Fills each page with the byte `offset / page size + 1`.
inline void FillByPageNumber(const pager::ReadRequest& request) {
  uint64_t page = request.offset() / base::kPageSize;
  for (const iovec& piece : request.pages()) {
    for (size_t done = 0; done < piece.iov_len; done += base::kPageSize) {
      std::memset(static_cast<char*>(piece.iov_base) + done, static_cast<int>(++page), base::kPageSize);
    }
  }
}

}  // namespace test
