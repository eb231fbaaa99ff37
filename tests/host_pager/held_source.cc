#include "tests/host_pager/held_source.h"

#include <algorithm>
#include <future>
#include <utility>

namespace host_pager {
namespace {

// An operation's answer, waited for. Shared with its handler, which may come after the test has given up.
template <typename T>
class Pending {
 public:
  [[nodiscard]] auto handler() const {
    return [promise = promise_](auto... values) { promise->set_value(T{std::move(values)...}); };
  }
  T Wait() {
    if (future_.wait_for(kPatience) != std::future_status::ready) {
      ADD_FAILURE() << "an operation was not answered";
      return T{};
    }
    return future_.get();
  }

 private:
  std::shared_ptr<std::promise<T>> promise_ = std::make_shared<std::promise<T>>();
  std::future<T> future_ = promise_->get_future();
};

struct RangesAnswer {
  zx_status_t status;
  std::vector<pager::DirtyRange> ranges;
  uint64_t available;
};

struct StatsAnswer {
  zx_status_t status;
  pager::VmoStats stats;
};

struct LendAnswer {
  zx_status_t status;
  pager::PageLease lease;
};

enum class Extent { kExactly, kAtLeast };

bool IsFor(uint64_t offset, uint64_t length, uint64_t page, uint64_t pages, Extent extent) {
  if (offset == page * kPageSize &&
      (extent == Extent::kExactly ? length == pages * kPageSize : length >= pages * kPageSize)) {
    return true;
  }
  ADD_FAILURE() << "a request for pages " << offset / kPageSize << " + " << length / kPageSize << " instead of " << page
                << " + " << pages;
  return false;
}

uint64_t* WordsOf(const iovec& piece) { return static_cast<uint64_t*>(piece.iov_base); }

}  // namespace

void HeldSource::Attach(std::shared_ptr<pager::VmoControl> vmo) {
  const std::lock_guard lock(mutex_);
  vmo_ = std::move(vmo);
  changed_.notify_all();
}

std::shared_ptr<pager::VmoControl> HeldSource::vmo() {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, kPatience, [this] { return vmo_ != nullptr; });
  return vmo_;
}

bool HeldSource::FillsRead(uint64_t page, uint64_t pages) {
  std::optional<pager::ReadRequest> request = NextRead();
  if (!request || !IsFor(request->offset(), request->length(), page, pages, Extent::kAtLeast)) {
    return false;
  }
  uint64_t at = page;
  for (const iovec& piece : request->pages()) {
    for (size_t done = 0; done < piece.iov_len; done += kPageSize) {
      std::fill_n(WordsOf(piece) + done / sizeof(uint64_t), kPageSize / sizeof(uint64_t), FilledWord(at++));
    }
  }
  request->Complete(ZX_OK);
  return true;
}

bool HeldSource::FailsRead(uint64_t page, uint64_t pages, zx_status_t status) {
  std::optional<pager::ReadRequest> request = NextRead();
  if (!request || !IsFor(request->offset(), request->length(), page, pages, Extent::kAtLeast)) {
    return false;
  }
  request->Complete(status);
  return true;
}

bool HeldSource::AnswersDirty(uint64_t page, uint64_t pages, zx_status_t status) {
  std::optional<pager::DirtyRequest> request = NextDirty();
  if (!request || !IsFor(request->offset(), request->length(), page, pages, Extent::kExactly)) {
    return false;
  }
  request->Complete(status);
  return true;
}

bool HeldSource::AnswersComplete() {
  std::optional<pager::CompleteRequest> request = NextComplete();
  if (request) {
    request->Complete(ZX_OK);
  }
  return request.has_value();
}

// Requests that go unanswered answer themselves.
void HeldSource::LetGo() {
  std::deque<pager::ReadRequest> reads;
  std::deque<pager::DirtyRequest> dirties;
  std::deque<pager::CompleteRequest> completes;
  const std::lock_guard lock(mutex_);
  over_ = true;
  reads.swap(reads_);
  dirties.swap(dirties_);
  completes.swap(completes_);
  vmo_.reset();
}

bool HeldSource::IsQuiet() {
  const std::lock_guard lock(mutex_);
  return reads_.empty() && dirties_.empty() && completes_.empty();
}

zx_status_t HeldSource::Supply(uint64_t page, uint64_t pages) {
  std::vector<uint64_t> words(pages * kPageSize / sizeof(uint64_t));
  for (uint64_t i = 0; i < words.size(); ++i) {
    words[i] = FilledWord(page + i * sizeof(uint64_t) / kPageSize);
  }
  Pending<zx_status_t> pending;
  vmo()->SupplyPages(page * kPageSize, {{words.data(), pages * kPageSize}}, pending.handler());
  return pending.Wait();
}

zx_status_t HeldSource::Op(uint32_t op, uint64_t page, uint64_t pages, uint64_t data) {
  Pending<zx_status_t> pending;
  vmo()->OpRange(op, page * kPageSize, pages * kPageSize, data, pending.handler());
  return pending.Wait();
}

zx_status_t HeldSource::Detach() {
  Pending<zx_status_t> pending;
  vmo()->Detach(pending.handler());
  return pending.Wait();
}

std::vector<pager::DirtyRange> HeldSource::DirtyRanges(uint64_t pages) {
  std::vector<pager::DirtyRange> all;
  uint64_t offset = 0;
  while (true) {
    Pending<RangesAnswer> pending;
    vmo()->QueryDirtyRanges(offset, pages * kPageSize - offset, pending.handler());
    const RangesAnswer answer = pending.Wait();
    EXPECT_EQ(answer.status, ZX_OK);
    all.insert(all.end(), answer.ranges.begin(), answer.ranges.end());
    if (answer.ranges.empty() || answer.ranges.size() == answer.available) {
      EXPECT_EQ(answer.available, answer.ranges.size());
      return all;
    }
    offset = all.back().offset + all.back().length;
  }
}

pager::VmoStats HeldSource::Stats(uint32_t options) {
  Pending<StatsAnswer> pending;
  vmo()->QueryVmoStats(options, pending.handler());
  const StatsAnswer answer = pending.Wait();
  EXPECT_EQ(answer.status, ZX_OK);
  return answer.stats;
}

pager::PageLease HeldSource::Lend(uint64_t page, uint64_t pages) {
  Pending<LendAnswer> pending;
  vmo()->Lend(page * kPageSize, pages * kPageSize, pending.handler());
  LendAnswer answer = pending.Wait();
  EXPECT_EQ(answer.status, ZX_OK);
  return std::move(answer.lease);
}

std::vector<uint64_t> HeldSource::LentWords(uint64_t page, uint64_t pages) {
  std::vector<uint64_t> words;
  while (words.size() < pages) {
    const pager::PageLease lease = Lend(page + words.size(), pages - words.size());
    if (lease.length() == 0) {
      break;
    }
    for (const iovec& piece : lease.pages()) {
      for (size_t done = 0; done < piece.iov_len; done += kPageSize) {
        words.push_back(WordsOf(piece)[done / sizeof(uint64_t)]);
      }
    }
  }
  return words;
}

}  // namespace host_pager
