// A page source that holds every request until the test answers it, and the guest's VMO as the test operates on it.
#pragma once

#include <gtest/gtest.h>
#include <zircon/errors.h>
#include <zircon/syscalls/pager.h>

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "devices/pager/page_source.h"

namespace host_pager {

inline constexpr uint64_t kPageSize = 4096;
// A bound for tests that fail.
inline constexpr std::chrono::seconds kPatience{30};

// The word that every word of a page holds which Fill has filled.
constexpr uint64_t FilledWord(uint64_t page) { return 0x1000 + page; }

class HeldSource final : public pager::PageSource {
 public:
  explicit HeldSource(pager::ObjectInfo info) : info_(info) {}

  [[nodiscard]] pager::ObjectInfo info() const override { return info_; }
  void Attach(std::shared_ptr<pager::VmoControl> vmo) override;
  void Read(pager::ReadRequest request) override { Hold(reads_, std::move(request)); }
  void Dirty(pager::DirtyRequest request) override { Hold(dirties_, std::move(request)); }
  void Complete(pager::CompleteRequest request) override { Hold(completes_, std::move(request)); }

  // The oldest request of a kind, waited for. Nothing: none came, which is a failure of the test.
  std::optional<pager::ReadRequest> NextRead() { return Next(reads_); }
  std::optional<pager::DirtyRequest> NextDirty() { return Next(dirties_); }
  std::optional<pager::CompleteRequest> NextComplete() { return Next(completes_); }

  // Takes the next READ, which must begin with these pages (the guest may read ahead), and fills it with FilledWord; or
  // fails it.
  [[nodiscard]] bool FillsRead(uint64_t page, uint64_t pages);
  [[nodiscard]] bool FailsRead(uint64_t page, uint64_t pages, zx_status_t status);
  // Answers the next DIRTY, which must be for these pages.
  [[nodiscard]] bool AnswersDirty(uint64_t page, uint64_t pages, zx_status_t status);
  [[nodiscard]] bool AnswersComplete();
  // No request waits for an answer.
  [[nodiscard]] bool IsQuiet();

  // The operations, waited for. Pages and numbers of them.
  zx_status_t Supply(uint64_t page, uint64_t pages);
  zx_status_t Op(uint32_t op, uint64_t page, uint64_t pages, uint64_t data = 0);
  zx_status_t Detach();
  // These fail the test when the status is not ZX_OK. DirtyRanges asks until it has all of the first `pages` pages.
  std::vector<pager::DirtyRange> DirtyRanges(uint64_t pages);
  pager::VmoStats Stats(uint32_t options);
  pager::PageLease Lend(uint64_t page, uint64_t pages);
  // The words that the lent pages of a range start with; empty if they cannot be lent.
  std::vector<uint64_t> LentWords(uint64_t page, uint64_t pages);

  // The test is over: what is held is answered (with ZX_ERR_BAD_STATE, but for COMPLETE), and so is what still comes.
  void LetGo();

  // The guest's VMO; waits until there is one.
  std::shared_ptr<pager::VmoControl> vmo();

 private:
  template <typename Request>
  void Hold(std::deque<Request>& queue, Request request) {
    {
      const std::lock_guard lock(mutex_);
      if (!over_) {
        queue.push_back(std::move(request));
        changed_.notify_all();
        return;
      }
    }
    request.Complete(ZX_ERR_BAD_STATE);
  }
  template <typename Request>
  std::optional<Request> Next(std::deque<Request>& queue) {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, kPatience, [&queue] { return !queue.empty(); })) {
      ADD_FAILURE() << "no request came";
      return std::nullopt;
    }
    Request request = std::move(queue.front());
    queue.pop_front();
    return request;
  }

  const pager::ObjectInfo info_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<pager::ReadRequest> reads_;  // guarded by mutex_, as is the rest
  std::deque<pager::DirtyRequest> dirties_;
  std::deque<pager::CompleteRequest> completes_;
  std::shared_ptr<pager::VmoControl> vmo_;
  bool over_ = false;
};

}  // namespace host_pager
