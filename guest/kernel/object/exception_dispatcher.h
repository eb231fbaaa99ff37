// An exception of a thread, while handlers decide what becomes of it.
//
// The thread blocks in WaitForHandler until the handler closes its last handle to the exception; what the handler set
// by then is its answer. The same object goes from handler to handler.
#pragma once

#include <zircon/syscalls/exception.h>
#include <zircon/syscalls/object.h>
#include <zircon/types.h>

#include "guest/kernel/object/dispatcher.h"
#include "guest/kernel/object/exceptionate.h"
#include "guest/kernel/sched/wait_queue.h"

namespace gk {

class ThreadDispatcher;

class ExceptionDispatcher final : public Dispatcher {
 public:
  static constexpr zx_obj_type_t kType = ZX_OBJ_TYPE_EXCEPTION;

  // Null when there is no memory.
  static RefPtr<ExceptionDispatcher> Create(RefPtr<ThreadDispatcher> thread, const zx_exception_report_t& report);
  ~ExceptionDispatcher() override;

  [[nodiscard]] const RefPtr<ThreadDispatcher>& thread() const { return thread_; }
  [[nodiscard]] const zx_exception_report_t& report() const { return report_; }
  // ZX_EXCEPTION_CHANNEL_TYPE_* of the handler that has it.
  [[nodiscard]] zx_exception_channel_type_t channel_type() const { return channel_type_; }
  // What the handler that has it may do.
  [[nodiscard]] const HandlerRights& rights() const { return rights_; }

  // The handler's answer, a ZX_EXCEPTION_STATE_*.
  [[nodiscard]] uint32_t answer() const { return answer_; }
  // ZX_ERR_INVALID_ARGS: there is no such state.
  Result<> SetAnswer(uint32_t state);

  // Whether the debugger wants to be asked again after the program's own handlers. Both fail with ZX_ERR_BAD_STATE
  // where the handler is no debugger of the process; ZX_ERR_INVALID_ARGS: there is no such strategy.
  [[nodiscard]] Result<uint32_t> Strategy() const;
  Result<> SetStrategy(uint32_t strategy);
  [[nodiscard]] bool second_chance() const { return second_chance_; }

  // --- for the faulting thread ---

  // The next handler gets it: no answer yet.
  void BeginHandling(const Exceptionate& exceptionate);
  // Blocks until the handler has let go of it. ZX_ERR_INTERNAL_INTR_KILLED: the thread is to end.
  Status WaitForHandler();

 private:
  template <typename T, typename... Args>
  friend RefPtr<T> MakeRefCounted(Args&&... args);
  ExceptionDispatcher(RefPtr<ThreadDispatcher> thread, const zx_exception_report_t& report);

  void OnZeroHandles() override;

  const RefPtr<ThreadDispatcher> thread_;
  const zx_exception_report_t report_;
  zx_exception_channel_type_t channel_type_ = ZX_EXCEPTION_CHANNEL_TYPE_NONE;
  HandlerRights rights_;
  uint32_t answer_ = ZX_EXCEPTION_STATE_TRY_NEXT;
  bool second_chance_ = false;
  bool let_go_ = false;
  WaitQueue waiting_;  // the faulting thread
};

}  // namespace gk
