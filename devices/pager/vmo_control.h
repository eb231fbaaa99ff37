// The operations of a pager on the guest's VMO, by the names of zx_pager_*.
//
// A page source gets a VmoControl when the guest has a VMO of it (PageSource::Attach). It is implemented by
// devices/port for pagers inside the monitor, by the client library for pagers in processes of their own, and by fakes
// in tests.
#pragma once

#include <sys/uio.h>
#include <zircon/errors.h>
#include <zircon/types.h>

#include <cstdint>
#include <functional>
#include <span>
#include <utility>
#include <vector>

#include "devices/pager/request.h"

namespace pager {

// A stretch of dirty pages: bytes, both page multiples.
struct DirtyRange {
  uint64_t offset;
  uint64_t length;
  bool zero;  // it reads as zeros, and has no pages (ZX_VMO_DIRTY_RANGE_IS_ZERO)

  friend bool operator==(const DirtyRange&, const DirtyRange&) = default;
};

struct VmoStats {
  bool modified;          // written since the last query that reset it (ZX_PAGER_VMO_STATS_MODIFIED)
  uint64_t size;          // bytes, a page multiple: changes when a guest resizes the VMO
  uint64_t content_size;  // bytes, at most `size`: where the file ends; beyond is nothing but zeros
};

// Pages of the guest, lent so that they can be written back: they do not change while the lease lasts, because a guest
// that writes meanwhile gets a copy. Hold it no longer than the write takes.
class PageLease {
 public:
  // Nothing lent.
  PageLease() = default;
  // `pages` stay readable until `give_back`, which the lease calls once, on the thread that ends it.
  PageLease(std::vector<iovec> pages, std::function<void()> give_back)
      : pages_(std::move(pages)), give_back_(std::move(give_back)) {}
  PageLease(PageLease&& other) noexcept
      : pages_(std::exchange(other.pages_, {})), give_back_(std::exchange(other.give_back_, nullptr)) {}
  PageLease& operator=(PageLease&& other) noexcept;
  PageLease(const PageLease&) = delete;
  PageLease& operator=(const PageLease&) = delete;
  ~PageLease() { End(); }

  // Only to be read, in order; page multiples.
  [[nodiscard]] std::span<const iovec> pages() const { return pages_; }
  [[nodiscard]] uint64_t length() const;  // bytes in all pages
  // Gives the pages back now.
  void End();

 private:
  std::vector<iovec> pages_;
  std::function<void()> give_back_;  // null when there is nothing (any more)
};

// Any thread may call any of these, and none blocks. Each handler is called exactly once: on any thread, also inside
// the call. A handler may call other operations, but must not block: it may run on the thread that serves the guest.
//
// Offsets and lengths are bytes and page multiples. Errors that all have in common: ZX_ERR_INVALID_ARGS (not aligned),
// ZX_ERR_OUT_OF_RANGE (not inside the VMO), ZX_ERR_PEER_CLOSED (the guest or its VMO is gone: nothing will work again).
class VmoControl {
 public:
  using StatusHandler = std::function<void(zx_status_t)>;
  // `available`: as for zx_pager_query_dirty_ranges, how many ranges there are in all; more than `ranges` holds when
  // there are too many for one answer: ask again from behind the last one.
  using DirtyRangesHandler = std::function<void(zx_status_t, std::vector<DirtyRange> ranges, uint64_t available)>;
  using VmoStatsHandler = std::function<void(zx_status_t, VmoStats)>;
  using LendHandler = std::function<void(zx_status_t, PageLease)>;
  using Filler = std::function<void(ReadRequest)>;

  VmoControl() = default;
  VmoControl(const VmoControl&) = delete;
  VmoControl& operator=(const VmoControl&) = delete;
  virtual ~VmoControl() = default;

  // Puts pages where the VMO has none, without having been asked. Pages that are there stay as they are.
  // `data`: page multiples, readable until the handler is called. ZX_ERR_BAD_STATE: detached. ZX_ERR_SHOULD_WAIT: for
  // the last of them there was no room, because the guest has too many pages already that it was given and has not used
  // yet. A few operations that come to this wait in the guest, in their order, and are answered when it has room.
  virtual void SupplyPages(uint64_t offset, std::vector<iovec> data, StatusHandler handler) = 0;

  // The same for pages that are read in place: `fill` gets what the VMO has not of the range, in any number of
  // requests, to be answered as those of PageSource::Read, and is called as that is. Nobody may be waiting for them;
  // whoever comes meanwhile does, and hears of a failure. ZX_ERR_NOT_SUPPORTED: only SupplyPages works here. The errors
  // of SupplyPages, and the first answer that was none of ZX_OK.
  virtual void FetchPages(uint64_t offset, uint64_t length, Filler fill, StatusHandler handler) {
    static_cast<void>(offset);
    static_cast<void>(length);
    static_cast<void>(fill);
    handler(ZX_ERR_NOT_SUPPORTED);
  }

  // Answers when the guest has used so many of these that supplies have room again, which may be never.
  // ZX_ERR_CANCELED: too many wait. ZX_ERR_NOT_SUPPORTED: nobody tells.
  virtual void AwaitRoom(StatusHandler handler) { handler(ZX_ERR_NOT_SUPPORTED); }

  // `op`, `data` and errors as zx_pager_op_range has them: ZX_PAGER_OP_FAIL, _DIRTY, _WRITEBACK_BEGIN, _WRITEBACK_END.
  virtual void OpRange(uint32_t op, uint64_t offset, uint64_t length, uint64_t data, StatusHandler handler) = 0;

  // Coalesced, in order; clean pages lie between them.
  virtual void QueryDirtyRanges(uint64_t offset, uint64_t length, DirtyRangesHandler handler) = 0;

  // `options`: 0 or ZX_PAGER_RESET_VMO_STATS.
  virtual void QueryVmoStats(uint32_t options, VmoStatsHandler handler) = 0;

  // Waiting accesses fail with ZX_ERR_BAD_STATE, clean pages go, dirty ones stay; a CompleteRequest follows.
  virtual void Detach(StatusHandler handler) = 0;

  // The bytes of [offset, offset + length), to be read between WRITEBACK_BEGIN and WRITEBACK_END. The lease begins at
  // `offset` and holds at least a page; it may be shorter than `length`: ask again for the rest.
  // ZX_ERR_NOT_FOUND: a page is not there, so the range is no longer what QueryDirtyRanges said.
  virtual void Lend(uint64_t offset, uint64_t length, LendHandler handler) = 0;
};

}  // namespace pager
