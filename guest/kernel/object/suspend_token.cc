#include "guest/kernel/object/suspend_token.h"

namespace gk {

Result<RefPtr<SuspendTokenDispatcher>> SuspendTokenDispatcher::Create(const RefPtr<Dispatcher>& task) {
  RefPtr<SuspendTokenDispatcher> token = MakeRefCounted<SuspendTokenDispatcher>();
  if (!token) {
    return Error(ZX_ERR_NO_MEMORY);
  }
  if (RefPtr<ThreadDispatcher> thread = DownCast<ThreadDispatcher>(task)) {
    PAGODA_TRY(thread->Suspend());
    token->thread_ = std::move(thread);
    return token;
  }
  if (RefPtr<ProcessDispatcher> process = DownCast<ProcessDispatcher>(task)) {
    PAGODA_TRY(process->Suspend());
    token->process_ = std::move(process);
    return token;
  }
  return Error(ZX_ERR_WRONG_TYPE);
}

void SuspendTokenDispatcher::Release() {
  if (const RefPtr<ThreadDispatcher> thread = std::move(thread_)) {
    thread->Resume();
  }
  if (const RefPtr<ProcessDispatcher> process = std::move(process_)) {
    process->Resume();
  }
}

}  // namespace gk
