// A user thread as programs see it, and the place where everything that it does to the kernel arrives (ThreadOwner).
//
//            Start                    OnThreadExit
//   kNew --------------> kRunning ------------------> kDead
//
//   kNew      has a kernel stack but no code to run; ends with its last reference
//   kRunning  the scheduler has it; keeps itself and its process alive
//   kDead     ZX_THREAD_TERMINATED; only its identity is left
#pragma once

#include <zircon/types.h>

#include "guest/kernel/object/dispatcher.h"
#include "guest/kernel/object/process_dispatcher.h"
#include "guest/kernel/sched/thread.h"
#include "shared/base/intrusive_list.h"

namespace gk {

class ThreadDispatcher final : public Dispatcher, public ThreadOwner, public base::ListNode<ProcessThreadsTag> {
 public:
  static constexpr zx_obj_type_t kType = ZX_OBJ_TYPE_THREAD;
  enum class State : uint8_t { kNew, kRunning, kDead };

  // ZX_ERR_NO_MEMORY.
  static Result<RefPtr<ThreadDispatcher>> Create(RefPtr<ProcessDispatcher> process, ObjectName name);
  ~ThreadDispatcher() override;

  [[nodiscard]] State state() const { return state_; }
  [[nodiscard]] const ObjectName* name() const override { return &name_; }
  [[nodiscard]] ProcessDispatcher& process() const { return *process_; }

  // Starts the thread. ZX_ERR_BAD_STATE: it was started before, or its process is on its way out; ZX_ERR_INVALID_ARGS:
  // `entry.rip` is no user address. Nothing changed on failure.
  Result<> Start(const UserEntry& entry);

  // Tells the thread to end. The calling thread may name itself: it ends when it returns to the boundary of the kernel.
  // Does nothing to a thread that does not run.
  void Kill();

  // Of ThreadOwner.
  void OnSyscall(UserRegisters& registers) override;
  void OnException(UserRegisters& registers, const UserException& exception) override;
  bool IsSyscallInstruction(VirtualAddress rip) override;
  void OnThreadExit() override;

 private:
  template <typename T, typename... Args>
  friend RefPtr<T> MakeRefCounted(Args&&... args);
  ThreadDispatcher(RefPtr<ProcessDispatcher> process, const ObjectName& name);

  const ObjectName name_;
  const RefPtr<ProcessDispatcher> process_;
  RefPtr<Thread> thread_;            // null: kDead
  RefPtr<ThreadDispatcher> myself_;  // kRunning: the scheduler holds us by a plain reference
  State state_ = State::kNew;
};

}  // namespace gk
