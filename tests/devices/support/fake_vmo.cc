#include "tests/devices/support/fake_vmo.h"

#include <zircon/errors.h>
#include <zircon/syscalls/pager.h>

#include <algorithm>
#include <utility>

namespace test {

namespace {

constexpr uint64_t kPage = base::kPageSize;

std::string Span(uint64_t offset, uint64_t length, bool zero = false) {
  return std::to_string(offset / kPage) + "+" + std::to_string(length / kPage) + (zero ? "z" : "");
}

}  // namespace

FakeVmo::FakeVmo(uint64_t content_size)
    : pages_(base::AlignUp(content_size, kPage) / kPage), content_size_(content_size) {}

void FakeVmo::Write(uint64_t offset, std::string_view text) {
  const std::lock_guard lock(mutex_);
  for (size_t i = 0; i < text.size(); ++i) {
    Page& page = pages_.at((offset + i) / kPage);
    Own(page)[(offset + i) % kPage] = text[i];
    page.state = State::kDirty;
    page.zero = false;
  }
}

void FakeVmo::Zero(uint64_t page, uint64_t count) {
  const std::lock_guard lock(mutex_);
  for (uint64_t i = page; i < page + count; ++i) {
    pages_.at(i) = {.state = State::kDirty, .zero = true};
  }
}

void FakeVmo::Resize(uint64_t content_size) {
  const std::lock_guard lock(mutex_);
  const uint64_t count = base::AlignUp(content_size, kPage) / kPage;
  pages_.resize(std::min<size_t>(count, pages_.size()));
  while (pages_.size() < count) {
    pages_.push_back({.state = State::kDirty, .zero = true});
  }
  if (content_size < content_size_ && content_size % kPage != 0 && !pages_.back().zero) {
    std::string& bytes = Own(pages_.back());
    std::fill(bytes.begin() + static_cast<ptrdiff_t>(content_size % kPage), bytes.end(), '\0');
    pages_.back().state = State::kDirty;
  }
  content_size_ = content_size;
}

void FakeVmo::SetContentSize(uint64_t content_size) {
  const std::lock_guard lock(mutex_);
  content_size_ = content_size;
}

void FakeVmo::Close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
}

std::string FakeVmo::text() const {
  const std::lock_guard lock(mutex_);
  std::string text;
  for (const Page& page : pages_) {
    text += *page.bytes;
  }
  return text;
}

std::string FakeVmo::dirty() const {
  const std::lock_guard lock(mutex_);
  std::string text;
  for (const pager::DirtyRange& range : DirtyRanges(0, pages_.size() * kPage)) {
    text += (text.empty() ? "" : " ") + Span(range.offset, range.length, range.zero);
  }
  return text;
}

std::vector<bool> FakeVmo::clean() const {
  const std::lock_guard lock(mutex_);
  std::vector<bool> clean;
  for (const Page& page : pages_) {
    clean.push_back(page.state == State::kClean);
  }
  return clean;
}

uint64_t FakeVmo::content_size() const {
  const std::lock_guard lock(mutex_);
  return content_size_;
}

int FakeVmo::leases() const {
  const std::lock_guard lock(mutex_);
  return leases_;
}

std::vector<std::string> FakeVmo::log() const {
  const std::lock_guard lock(mutex_);
  return log_;
}

void FakeVmo::Fail(const std::string& operation, zx_status_t status) {
  const std::lock_guard lock(mutex_);
  failures_[operation] = status;
}

void FakeVmo::StopFailing() {
  const std::lock_guard lock(mutex_);
  failures_.clear();
}

zx_status_t FakeVmo::Enter(const std::string& operation) {
  if (before) {
    before(operation);
  }
  const std::lock_guard lock(mutex_);
  log_.push_back(operation);
  const auto failure = failures_.find(operation);
  return closed_ ? ZX_ERR_PEER_CLOSED : failure != failures_.end() ? failure->second : ZX_OK;
}

std::string& FakeVmo::Own(Page& page) {
  if (page.bytes.use_count() > 1) {
    page.bytes = std::make_shared<std::string>(*page.bytes);
  }
  return *page.bytes;
}

bool FakeVmo::Contains(uint64_t offset, uint64_t length) const {
  return base::IsPageAligned(offset) && base::IsPageAligned(length) &&
         base::RangeFits(offset, length, pages_.size() * kPage);
}

std::vector<pager::DirtyRange> FakeVmo::DirtyRanges(uint64_t offset, uint64_t length) const {
  std::vector<pager::DirtyRange> ranges;
  for (uint64_t i = offset / kPage; i < (offset + length) / kPage; ++i) {
    const Page& page = pages_[i];
    if (page.state == State::kClean) {
      continue;
    }
    const bool continues =
        !ranges.empty() && ranges.back().zero == page.zero && ranges.back().offset + ranges.back().length == i * kPage;
    if (!continues) {
      ranges.push_back({.offset = i * kPage, .length = 0, .zero = page.zero});
    }
    ranges.back().length += kPage;
  }
  return ranges;
}

void FakeVmo::SupplyPages(uint64_t /*offset*/, std::vector<iovec> /*data*/, StatusHandler handler) {
  handler(ZX_ERR_NOT_SUPPORTED);
}

zx_status_t FakeVmo::Apply(uint32_t op, uint64_t offset, uint64_t length, uint64_t data) {
  const std::lock_guard lock(mutex_);
  if (!Contains(offset, length)) {
    return ZX_ERR_OUT_OF_RANGE;
  }
  for (uint64_t i = offset / kPage; i < (offset + length) / kPage; ++i) {
    Page& page = pages_[i];
    if (op == ZX_PAGER_OP_WRITEBACK_END) {
      page.state = page.state == State::kAwaitingClean ? State::kClean : page.state;
    } else if (page.state != State::kClean && (page.zero || data != ZX_VMO_DIRTY_RANGE_IS_ZERO)) {
      page.state = State::kAwaitingClean;
    }
  }
  return ZX_OK;
}

void FakeVmo::OpRange(uint32_t op, uint64_t offset, uint64_t length, uint64_t data, StatusHandler handler) {
  const bool begin = op == ZX_PAGER_OP_WRITEBACK_BEGIN;
  const std::string span = Span(offset, length, data == ZX_VMO_DIRTY_RANGE_IS_ZERO);
  zx_status_t status = Enter((begin ? "begin " : "end ") + span);
  if (status == ZX_OK) {
    status = Apply(op, offset, length, data);
  }
  handler(status);
}

void FakeVmo::QueryDirtyRanges(uint64_t offset, uint64_t length, DirtyRangesHandler handler) {
  zx_status_t status = Enter("query " + Span(offset, length));
  std::vector<pager::DirtyRange> ranges;
  uint64_t available = 0;
  if (status == ZX_OK) {
    const std::lock_guard lock(mutex_);
    status = Contains(offset, length) ? ZX_OK : ZX_ERR_OUT_OF_RANGE;
    ranges = status == ZX_OK ? DirtyRanges(offset, length) : ranges;
    available = ranges.size();
    ranges.resize(std::min(ranges.size(), max_ranges));
  }
  handler(status, std::move(ranges), available);
}

void FakeVmo::QueryVmoStats(uint32_t /*options*/, VmoStatsHandler handler) {
  const zx_status_t status = Enter("stats");
  pager::VmoStats stats{};
  {
    const std::lock_guard lock(mutex_);
    stats = {.modified = false, .size = pages_.size() * kPage, .content_size = content_size_};
  }
  handler(status, stats);
}

void FakeVmo::Detach(StatusHandler handler) { handler(Enter("detach")); }

void FakeVmo::Lend(uint64_t offset, uint64_t length, LendHandler handler) {
  zx_status_t status = Enter("lend " + Span(offset, length));
  std::vector<iovec> pieces;
  std::vector<std::shared_ptr<std::string>> lent;
  if (status == ZX_OK) {
    const std::lock_guard lock(mutex_);
    status = Contains(offset, length) ? ZX_OK : ZX_ERR_OUT_OF_RANGE;
    const uint64_t count = status == ZX_OK ? std::min(length / kPage, max_lent_pages) : 0;
    for (uint64_t i = offset / kPage; i < offset / kPage + count; ++i) {
      lent.push_back(pages_[i].bytes);
      pieces.push_back({.iov_base = lent.back()->data(), .iov_len = kPage});
    }
    leases_ += lent.empty() ? 0 : 1;
  }
  if (status != ZX_OK) {
    handler(status, {});
    return;
  }
  handler(ZX_OK, pager::PageLease(std::move(pieces), [this, lent = std::move(lent)] {
            const std::lock_guard lock(mutex_);
            --leases_;
          }));
}

}  // namespace test
