#include "guest/kernel/object/exception_dispatcher.h"

#include <utility>

#include "guest/kernel/object/thread_dispatcher.h"

namespace gk {

RefPtr<ExceptionDispatcher> ExceptionDispatcher::Create(RefPtr<ThreadDispatcher> thread,
                                                        const zx_exception_report_t& report) {
  return MakeRefCounted<ExceptionDispatcher>(std::move(thread), report);
}

ExceptionDispatcher::ExceptionDispatcher(RefPtr<ThreadDispatcher> thread, const zx_exception_report_t& report)
    : Dispatcher(kType, ZX_SIGNAL_NONE), thread_(std::move(thread)), report_(report) {}

ExceptionDispatcher::~ExceptionDispatcher() = default;

Result<> ExceptionDispatcher::SetAnswer(uint32_t state) {
  if (state > ZX_EXCEPTION_STATE_THREAD_EXIT) {
    return Error(ZX_ERR_INVALID_ARGS);
  }
  answer_ = state;
  return {};
}

Result<uint32_t> ExceptionDispatcher::Strategy() const {
  if (channel_type_ != ZX_EXCEPTION_CHANNEL_TYPE_DEBUGGER) {
    return Error(ZX_ERR_BAD_STATE);
  }
  return second_chance_ ? ZX_EXCEPTION_STRATEGY_SECOND_CHANCE : ZX_EXCEPTION_STRATEGY_FIRST_CHANCE;
}

Result<> ExceptionDispatcher::SetStrategy(uint32_t strategy) {
  if (strategy > ZX_EXCEPTION_STRATEGY_SECOND_CHANCE) {
    return Error(ZX_ERR_INVALID_ARGS);
  }
  if (channel_type_ != ZX_EXCEPTION_CHANNEL_TYPE_DEBUGGER) {
    return Error(ZX_ERR_BAD_STATE);
  }
  second_chance_ = strategy == ZX_EXCEPTION_STRATEGY_SECOND_CHANCE;
  return {};
}

void ExceptionDispatcher::BeginHandling(const Exceptionate& exceptionate) {
  channel_type_ = exceptionate.type();
  rights_ = exceptionate.rights();
  answer_ = ZX_EXCEPTION_STATE_TRY_NEXT;
  let_go_ = false;
}

Status ExceptionDispatcher::WaitForHandler() {
  while (!let_go_) {
    if (const Status woken = waiting_.Block(ZX_TIME_INFINITE, BlockReason::kException); !woken.ok()) {
      return woken;
    }
  }
  return Status(ZX_OK);
}

void ExceptionDispatcher::OnZeroHandles() {
  let_go_ = true;
  waiting_.WakeAll();
}

}  // namespace gk
