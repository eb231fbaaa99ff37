// What keeps a task suspended: while a handle to it exists, the thread, or every thread of the process, stands still.
#pragma once

#include <utility>

#include "guest/kernel/object/dispatcher.h"
#include "guest/kernel/object/process_dispatcher.h"
#include "guest/kernel/object/thread_dispatcher.h"

namespace gk {

class SuspendTokenDispatcher final : public Dispatcher {
 public:
  static constexpr zx_obj_type_t kType = ZX_OBJ_TYPE_SUSPEND_TOKEN;

  // `task` is a thread or a process. ZX_ERR_WRONG_TYPE: it is neither; ZX_ERR_BAD_STATE: it has ended or was told to;
  // ZX_ERR_NO_MEMORY. It is suspended until the token's last handle, or the token without one, goes.
  static Result<RefPtr<SuspendTokenDispatcher>> Create(const RefPtr<Dispatcher>& task);
  ~SuspendTokenDispatcher() override { Release(); }

 private:
  template <typename T, typename... Args>
  friend RefPtr<T> MakeRefCounted(Args&&... args);
  SuspendTokenDispatcher() : Dispatcher(kType, ZX_SIGNAL_NONE) {}

  void OnZeroHandles() override { Release(); }
  void Release();

  // At most one is set, and none once the task was resumed.
  RefPtr<ThreadDispatcher> thread_;
  RefPtr<ProcessDispatcher> process_;
};

}  // namespace gk
