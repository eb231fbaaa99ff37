#include "devices/pager/writeback_pass.h"

#include <zircon/errors.h>
#include <zircon/syscalls/pager.h>

#include <algorithm>
#include <utility>

#include "devices/pager/async_call.h"
#include "devices/pager/pieces.h"
#include "shared/base/range.h"

namespace pager {

using boost::asio::awaitable;

namespace {

// How often one pass puts up with a VMO that changes under it, before it leaves the rest to the next one.
constexpr int kMaxChanges = 8;

// The range is not what it was when it was queried, or the target is not: what is dirty has to be asked for again.
bool HasChanged(zx_status_t status) {
  return status == ZX_ERR_OUT_OF_RANGE || status == ZX_ERR_NOT_FOUND || status == ZX_ERR_CANCELED;
}

}  // namespace

WritebackPass::WritebackPass(std::shared_ptr<VmoControl> vmo, std::shared_ptr<WritebackTarget> target,
                             uint64_t content_size, bool unsynced, Durability durability)
    : vmo_(std::move(vmo)), target_(std::move(target)), durability_(durability) {
  result_.content_size = content_size;
  result_.unsynced = unsynced;
}

awaitable<WritebackResult> WritebackPass::Run() {
  zx_status_t status = co_await UpdateSize();
  uint64_t offset = 0;
  int changes = 0;
  while (status == ZX_OK && offset < stats_.size) {
    const uint64_t length = stats_.size - offset;
    auto [queried, ranges, available] = co_await AsyncCall<zx_status_t, std::vector<DirtyRange>, uint64_t>(
        [this, offset, length](auto handler) { vmo_->QueryDirtyRanges(offset, length, std::move(handler)); });
    status = queried;
    if (status == ZX_OK && ranges.empty()) {
      break;
    }
    if (status == ZX_OK) {
      const bool last = ranges.size() >= available;
      const uint64_t end = ranges.back().offset + ranges.back().length;
      status = co_await WriteBackBatch(std::move(ranges));
      offset = status != ZX_OK ? offset : last ? stats_.size : end;
    }
    if (HasChanged(status) && ++changes <= kMaxChanges) {
      status = co_await UpdateSize();
    }
  }
  Note(status);
  co_await SyncRest();
  co_return result_;
}

awaitable<zx_status_t> WritebackPass::UpdateSize() {
  auto [status, stats] =
      co_await AsyncCall<zx_status_t, VmoStats>([this](auto handler) { vmo_->QueryVmoStats(0, std::move(handler)); });
  if (status != ZX_OK) {
    co_return status;
  }
  stats_ = stats;
  if (stats_.content_size == result_.content_size) {
    co_return ZX_OK;
  }
  const zx_status_t set = co_await AsyncCall<zx_status_t>(
      [this](auto handler) { target_->SetSize(stats_.content_size, std::move(handler)); });
  if (set == ZX_OK) {
    result_.content_size = stats_.content_size;
    result_.unsynced = true;
  }
  co_return set == ZX_ERR_NOT_SUPPORTED ? ZX_OK : set;
}

awaitable<zx_status_t> WritebackPass::WriteBackBatch(std::vector<DirtyRange> ranges) {
  std::vector<Step> batch;
  for (const DirtyRange& range : ranges) {
    const uint64_t data = range.zero ? ZX_VMO_DIRTY_RANGE_IS_ZERO : 0;
    batch.push_back({.range = range, .status = co_await OpRange(ZX_PAGER_OP_WRITEBACK_BEGIN, range, data)});
  }
  const zx_status_t updated = co_await UpdateSize();
  for (Step& step : batch) {
    if (step.status == ZX_OK) {
      step.status = updated == ZX_OK ? co_await Write(step.range) : updated;
    }
  }
  co_await SyncBatch(batch);
  zx_status_t changed = ZX_OK;
  for (const Step& step : batch) {
    if (HasChanged(step.status)) {
      changed = step.status;
    } else if (step.status == ZX_OK) {
      // What has gone meanwhile need not become clean.
      co_await OpRange(ZX_PAGER_OP_WRITEBACK_END, step.range, 0);
      result_.written += step.range.length;
    } else {
      Note(step.status);
      result_.left += step.range.length;
    }
  }
  co_return changed;
}

awaitable<zx_status_t> WritebackPass::Write(DirtyRange range) {
  const uint64_t length = Clipped(range.offset, range.length);
  if (length == 0) {
    co_return ZX_OK;
  }
  if (!range.zero) {
    co_return co_await WritePages(range.offset, length);
  }
  result_.unsynced = true;
  co_return co_await AsyncCall<zx_status_t>(
      [this, range, length](auto handler) { target_->Zero(range.offset, length, std::move(handler)); });
}

awaitable<zx_status_t> WritebackPass::WritePages(uint64_t offset, uint64_t length) {
  const uint64_t end = offset + length;
  while (offset < end) {
    const uint64_t pages = base::AlignUp(end - offset, base::kPageSize);
    auto [status, lease] = co_await AsyncCall<zx_status_t, PageLease>(
        [this, offset, pages](auto handler) { vmo_->Lend(offset, pages, std::move(handler)); });
    if (status != ZX_OK) {
      co_return status;
    }
    result_.unsynced = true;
    const std::vector<iovec> data = Slice(lease.pages(), 0, end - offset);
    const zx_status_t written = co_await AsyncCall<zx_status_t>(
        [this, offset, &data](auto handler) { target_->Write(offset, data, std::move(handler)); });
    if (written != ZX_OK) {
      co_return written;
    }
    offset += lease.length();
  }
  co_return ZX_OK;
}

// Before END, so that an error of the medium that shows only now keeps the pages dirty.
awaitable<void> WritebackPass::SyncBatch(std::vector<Step>& batch) {
  const auto written = [](const Step& step) { return step.status == ZX_OK; };
  if (durability_ == Durability::kWritten || std::none_of(batch.begin(), batch.end(), written)) {
    co_return;
  }
  const zx_status_t status = co_await Sync();
  for (Step& step : batch) {
    step.status = step.status == ZX_OK ? status : step.status;
  }
}

// A change of size that no batch came after, or what an earlier pass has left. Not after an error: a host tells that of
// a sync only once, so a second one would only seem to succeed.
awaitable<void> WritebackPass::SyncRest() {
  if (durability_ == Durability::kDurable && result_.unsynced && result_.status == ZX_OK) {
    Note(co_await Sync());
  }
}

awaitable<zx_status_t> WritebackPass::Sync() {
  const zx_status_t status =
      co_await AsyncCall<zx_status_t>([this](auto handler) { target_->Sync(std::move(handler)); });
  result_.unsynced = status != ZX_OK;
  co_return status;
}

awaitable<zx_status_t> WritebackPass::OpRange(uint32_t op, DirtyRange range, uint64_t data) {
  co_return co_await AsyncCall<zx_status_t>([this, op, range, data](auto handler) {
    vmo_->OpRange(op, range.offset, range.length, data, std::move(handler));
  });
}

void WritebackPass::Note(zx_status_t status) {
  if (result_.status == ZX_OK) {
    result_.status = status;
  }
}

uint64_t WritebackPass::Clipped(uint64_t offset, uint64_t length) const {
  const uint64_t content = result_.content_size;
  return std::min(length, content - std::min(content, offset));
}

}  // namespace pager
