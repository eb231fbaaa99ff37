// A pager whose answers the test gives: by hand, at once, or never.
#pragma once

#include <zircon/errors.h>

#include <condition_variable>
#include <cstring>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "devices/pager/page_source.h"
#include "shared/base/range.h"

namespace test {

// What a source has been asked, for the test to take and answer.
template <typename Request>
class RequestBox {
 public:
  void Put(Request request) {
    const std::lock_guard lock(mutex_);
    requests_.push_back(std::move(request));
    arrived_.notify_all();
  }
  // The oldest that nobody has taken; waits for one.
  Request Take() {
    std::unique_lock lock(mutex_);
    arrived_.wait(lock, [this] { return !requests_.empty(); });
    Request request = std::move(requests_.front());
    requests_.pop_front();
    return request;
  }
  [[nodiscard]] bool empty() const {
    const std::lock_guard lock(mutex_);
    return requests_.empty();
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<Request> requests_;
};

class ManualSource : public pager::PageSource {
 public:
  static constexpr uint64_t kPages = 64;
  static constexpr uint64_t kSize = kPages * base::kPageSize;

  [[nodiscard]] pager::ObjectInfo info() const override { return {.size = kSize, .content_size = kSize - 100}; }
  void Attach(std::shared_ptr<pager::VmoControl> vmo) override { controls.Put(std::move(vmo)); }
  void Read(pager::ReadRequest request) override { reads.Put(std::move(request)); }
  void Dirty(pager::DirtyRequest request) override { dirties.Put(std::move(request)); }
  void Sync(pager::SyncRequest request) override { syncs.Put(std::move(request)); }
  void Complete(pager::CompleteRequest request) override { completes.Put(std::move(request)); }

  pager::ReadRequest Take() { return reads.Take(); }

  RequestBox<std::shared_ptr<pager::VmoControl>> controls;
  RequestBox<pager::ReadRequest> reads;
  RequestBox<pager::DirtyRequest> dirties;
  RequestBox<pager::SyncRequest> syncs;
  RequestBox<pager::CompleteRequest> completes;
};

// Gives the source that the test makes, for the empty path only; has the names that the test put in.
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
  base::Result<std::vector<std::string>, zx_status_t> List(std::string_view /*path*/) override {
    if (names.empty()) {
      return base::Failure{ZX_ERR_NOT_SUPPORTED};
    }
    return names;
  }

  std::vector<std::string> names;

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
