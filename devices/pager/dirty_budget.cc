#include "devices/pager/dirty_budget.h"

#include <zircon/errors.h>

#include <utility>

namespace pager {

DirtyBudget::Advice DirtyBudget::Offer(DirtyRequest request) {
  Advice advice = Advice::kNone;
  if (limit_ != 0) {
    const std::lock_guard lock(mutex_);
    // Behind those that wait already, even if it would fit: a stream of small ones would starve a large one.
    if (!kept_.empty() || !Take(request)) {
      kept_.push_back(std::move(request));
      return Advice::kWriteBack;
    }
    advice = dirty_ > limit_ / 2 ? Advice::kWriteBack : Advice::kNone;
  }
  request.Complete(ZX_OK);
  return advice;
}

void DirtyBudget::BeginWriteback() {
  const std::lock_guard lock(mutex_);
  since_begin_ = 0;
}

DirtyBudget::Advice DirtyBudget::EndWriteback(zx_status_t status, uint64_t left) {
  std::vector<DirtyRequest> answered;
  bool full = false;
  {
    const std::lock_guard lock(mutex_);
    dirty_ = since_begin_ + left;
    if (status == ZX_OK) {
      answered = TakeWhatFits();
      full = limit_ != 0 && (!kept_.empty() || dirty_ > limit_ / 2);
    } else {
      answered.assign(std::make_move_iterator(kept_.begin()), std::make_move_iterator(kept_.end()));
      kept_.clear();
    }
  }
  for (DirtyRequest& request : answered) {
    request.Complete(AsRequestStatus(status));
  }
  return full ? Advice::kWriteBack : Advice::kNone;
}

void DirtyBudget::Reset(zx_status_t status) {
  std::deque<DirtyRequest> answered;
  {
    const std::lock_guard lock(mutex_);
    answered.swap(kept_);
    dirty_ = 0;
    since_begin_ = 0;
  }
  for (DirtyRequest& request : answered) {
    request.Complete(AsRequestStatus(status));
  }
}

bool DirtyBudget::Take(const DirtyRequest& request) {
  if (dirty_ != 0 && (dirty_ >= limit_ || request.length() > limit_ - dirty_)) {
    return false;
  }
  dirty_ += request.length();
  since_begin_ += request.length();
  return true;
}

std::vector<DirtyRequest> DirtyBudget::TakeWhatFits() {
  std::vector<DirtyRequest> fitting;
  while (!kept_.empty() && Take(kept_.front())) {
    fitting.push_back(std::move(kept_.front()));
    kept_.pop_front();
  }
  return fitting;
}

}  // namespace pager
