// How much of an object may be dirty: counts what DIRTY requests ask for, and keeps those beyond the limit until a
// writeback has made room.
//
// The count is an estimate: what is asked for while a writeback runs counts for the next one, even if the running one
// has cleaned it already.
#pragma once

#include <zircon/types.h>

#include <cstdint>
#include <deque>
#include <mutex>
#include <vector>

#include "devices/pager/request.h"

namespace pager {

// Any thread.
class DirtyBudget {
 public:
  enum class Advice {
    kNone,
    kWriteBack,  // start a writeback: half of the limit is used up, or requests wait
  };

  // `limit`: bytes; 0 for none, which answers everything at once.
  explicit DirtyBudget(uint64_t limit) : limit_(limit) {}

  // Answers the request with ZX_OK, or keeps it. One that is larger than the limit goes alone.
  [[nodiscard]] Advice Offer(DirtyRequest request);

  // A writeback is about to ask for what is dirty.
  void BeginWriteback();
  // It has ended. `left`: bytes that it has found dirty and not made clean. When it failed, the requests that were kept
  // fail with it: there is no room, and will be none soon.
  [[nodiscard]] Advice EndWriteback(zx_status_t status, uint64_t left);

  // The object is gone: answers all that is kept, and starts anew.
  void Reset(zx_status_t status);

 private:
  // True: counted as dirty. False: there is no room.
  [[nodiscard]] bool Take(const DirtyRequest& request);
  [[nodiscard]] std::vector<DirtyRequest> TakeWhatFits();

  const uint64_t limit_;
  std::mutex mutex_;  // a leaf: requests are answered without it
  uint64_t dirty_ = 0;
  uint64_t since_begin_ = 0;  // of those, granted since BeginWriteback
  std::deque<DirtyRequest> kept_;
};

}  // namespace pager
