// A guest's VMO as far as a pager's operations see it: bytes, and which pages are dirty, in plain memory.
//
// Dirty pages become clean the way they do in the guest: WRITEBACK_BEGIN, then WRITEBACK_END, unless they were written
// to between. Answers come inside the call. Any thread.
#pragma once

#include <zircon/errors.h>
#include <zircon/syscalls/pager.h>

#include <cstring>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "devices/pager/pieces.h"
#include "devices/pager/vmo_control.h"
#include "shared/base/range.h"

namespace test {

class MemoryVmo final : public pager::VmoControl {
 public:
  explicit MemoryVmo(size_t pages) : bytes_(pages * base::kPageSize, '\0') {}

  // The guest fills a page with this byte.
  void Write(uint64_t page, char byte) {
    const std::lock_guard lock(mutex_);
    std::memset(bytes_.data() + page * base::kPageSize, byte, base::kPageSize);
    dirty_[page] = State::kDirty;
  }
  [[nodiscard]] size_t dirty_pages() const {
    const std::lock_guard lock(mutex_);
    return dirty_.size();
  }
  [[nodiscard]] std::string bytes() const {
    const std::lock_guard lock(mutex_);
    return bytes_;
  }
  [[nodiscard]] bool detached() const {
    const std::lock_guard lock(mutex_);
    return detached_;
  }

  void SupplyPages(uint64_t offset, std::vector<iovec> data, StatusHandler handler) override {
    zx_status_t status = ZX_OK;
    for (const iovec& piece : data) {
      const std::lock_guard lock(mutex_);
      if (!base::RangeFits(offset, piece.iov_len, bytes_.size())) {
        status = ZX_ERR_OUT_OF_RANGE;
        break;
      }
      std::memcpy(bytes_.data() + offset, piece.iov_base, piece.iov_len);
      offset += piece.iov_len;
    }
    handler(status);
  }

  void OpRange(uint32_t op, uint64_t offset, uint64_t length, uint64_t data, StatusHandler handler) override {
    handler(Operate(op, offset, length, data));
  }

  void QueryDirtyRanges(uint64_t offset, uint64_t length, DirtyRangesHandler handler) override {
    std::vector<pager::DirtyRange> ranges;
    {
      const std::lock_guard lock(mutex_);
      for (const auto& [page, state] : dirty_) {
        const uint64_t at = page * base::kPageSize;
        if (at < offset || at >= offset + length) {
          continue;
        }
        if (!ranges.empty() && ranges.back().offset + ranges.back().length == at) {
          ranges.back().length += base::kPageSize;
        } else {
          ranges.push_back({.offset = at, .length = base::kPageSize, .zero = false});
        }
      }
    }
    const uint64_t available = ranges.size();
    handler(ZX_OK, std::move(ranges), available);
  }

  void QueryVmoStats(uint32_t options, VmoStatsHandler handler) override {
    handler(ZX_OK, {.modified = options == ZX_PAGER_RESET_VMO_STATS, .size = bytes_.size(), .content_size = 5});
  }

  void Detach(StatusHandler handler) override {
    {
      const std::lock_guard lock(mutex_);
      detached_ = true;
    }
    handler(ZX_OK);
  }

  void Lend(uint64_t offset, uint64_t length, LendHandler handler) override {
    const std::lock_guard lock(mutex_);
    if (!base::RangeFits(offset, length, bytes_.size())) {
      handler(ZX_ERR_OUT_OF_RANGE, pager::PageLease());
      return;
    }
    handler(ZX_OK, pager::PageLease({{.iov_base = bytes_.data() + offset, .iov_len = length}}, [] {}));
  }

 private:
  enum class State { kDirty, kAwaitingClean };

  zx_status_t Operate(uint32_t op, uint64_t offset, uint64_t length, uint64_t data) {
    const std::lock_guard lock(mutex_);
    if (!base::RangeFits(offset, length, bytes_.size())) {
      return ZX_ERR_OUT_OF_RANGE;
    }
    if (data != 0) {
      return ZX_ERR_INVALID_ARGS;
    }
    for (uint64_t page = offset / base::kPageSize; page < (offset + length) / base::kPageSize; ++page) {
      const auto found = dirty_.find(page);
      if (found == dirty_.end()) {
        continue;
      }
      if (op == ZX_PAGER_OP_WRITEBACK_BEGIN) {
        found->second = State::kAwaitingClean;
      } else if (op == ZX_PAGER_OP_WRITEBACK_END && found->second == State::kAwaitingClean) {
        dirty_.erase(found);
      }
    }
    return ZX_OK;
  }

  mutable std::mutex mutex_;
  std::string bytes_;
  std::map<uint64_t, State> dirty_;  // by page
  bool detached_ = false;
};

}  // namespace test
