#include "guest/kernel/object/process_dispatcher.h"

#include "guest/kernel/lib/panic.h"
#include "guest/kernel/object/platform.h"
#include "guest/kernel/object/random.h"
#include "guest/kernel/object/thread_dispatcher.h"

namespace gk {

Result<RefPtr<ProcessDispatcher>> ProcessDispatcher::Create(ObjectName name) {
  PAGODA_TRY_ASSIGN(RefPtr<AddressSpace> address_space, platform().CreateAddressSpace());
  RefPtr<ProcessDispatcher> process = MakeRefCounted<ProcessDispatcher>(std::move(address_space), name);
  if (!process) {
    return Error(ZX_ERR_NO_MEMORY);
  }
  return process;
}

ProcessDispatcher::ProcessDispatcher(RefPtr<AddressSpace> address_space, const ObjectName& name)
    : Dispatcher(kType, ZX_SIGNAL_NONE),
      name_(name),
      address_space_(std::move(address_space)),
      handles_(RandomNumber()) {}

ProcessDispatcher::~ProcessDispatcher() { GK_ASSERT(threads_.empty()); }

void ProcessDispatcher::Kill(int64_t return_code) {
  if (state_ == State::kDying || state_ == State::kDead) {
    return;
  }
  return_code_ = return_code;
  if (state_ == State::kInitial) {
    Finish();
    return;
  }
  state_ = State::kDying;
  // A thread that runs, here or elsewhere, leaves the list when it reaches the boundary, never within its Kill.
  for (ThreadDispatcher& thread : threads_) {
    thread.Kill();
  }
}

Result<> ProcessDispatcher::AddThread(ThreadDispatcher& thread) {
  if (state_ == State::kDying || state_ == State::kDead) {
    return Error(ZX_ERR_BAD_STATE);
  }
  state_ = State::kRunning;
  threads_.PushBack(thread);
  return {};
}

void ProcessDispatcher::RemoveThread(ThreadDispatcher& thread) {
  static_cast<base::ListNode<ProcessThreadsTag>&>(thread).Unlink();
  if (threads_.empty()) {
    Finish();
  }
}

void ProcessDispatcher::OnZeroHandles() {
  // Nobody can start it any more. A process with threads lives on: they need no handle.
  if (state_ == State::kInitial) {
    Finish();
  }
}

void ProcessDispatcher::Finish() {
  const RefPtr<ProcessDispatcher> keep_alive(this);  // its own handle may be the last reference
  state_ = State::kDead;
  handles_.Clear();
  address_space_->Destroy();
  UpdateSignals(0, ZX_PROCESS_TERMINATED);
}

}  // namespace gk
