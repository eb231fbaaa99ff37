#include "guest/kernel/object/bti_dispatcher.h"

#include <utility>

namespace gk {

RefPtr<PmtDispatcher> PmtDispatcher::Create(RefPtr<BtiDispatcher> bti, PinnedRange range) {
  return MakeRefCounted<PmtDispatcher>(std::move(bti), std::move(range));
}

PmtDispatcher::PmtDispatcher(RefPtr<BtiDispatcher> bti, PinnedRange range)
    : Dispatcher(kType, ZX_SIGNAL_NONE), bti_(std::move(bti)), range_(std::move(range)) {
  ++bti_->token_count_;
}

PmtDispatcher::~PmtDispatcher() { --bti_->token_count_; }

void PmtDispatcher::Unpin() {
  range_.Release();
  bti_->LeaveQuarantine(*this);
}

void PmtDispatcher::OnZeroHandles() {
  if (range_.page_count() == 0) {
    return;
  }
  if (bti_->handle_count() == 0) {
    range_.Release();
    return;
  }
  bti_->Quarantine(*this);
}

void BtiDispatcher::Quarantine(PmtDispatcher& token) {
  token.myself_ = RefPtr<PmtDispatcher>(&token);
  quarantine_.PushBack(token);
  ++quarantine_count_;
}

// The caller holds a reference: the token's own goes.
void BtiDispatcher::LeaveQuarantine(PmtDispatcher& token) {
  if (static_cast<base::ListNode<QuarantineTag>&>(token).is_linked()) {
    static_cast<base::ListNode<QuarantineTag>&>(token).Unlink();
    --quarantine_count_;
    token.myself_.reset();
  }
}

void BtiDispatcher::ReleaseQuarantine() {
  while (!quarantine_.empty()) {
    const RefPtr<PmtDispatcher> token(&quarantine_.front());
    token->Unpin();
  }
}

}  // namespace gk
