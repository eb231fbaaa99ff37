// A user thread as programs see it, and the place where everything that it does to the kernel arrives (ThreadOwner).
//
//            Start                    OnThreadExit
//   kNew --------------> kRunning ------------------> kDead
//
//   kNew      has a kernel stack but no code to run; ends with its last reference
//   kRunning  the scheduler has it; keeps itself and its process alive. Suspended or in an exception it stands still
//   kDead     ZX_THREAD_TERMINATED; only its identity is left
#pragma once

#include <zircon/syscalls/object.h>
#include <zircon/types.h>

#include <optional>

#include "guest/kernel/object/dispatcher.h"
#include "guest/kernel/object/exceptionate.h"
#include "guest/kernel/object/process_dispatcher.h"
#include "guest/kernel/sched/thread.h"
#include "shared/abi/fault_report.h"
#include "shared/base/intrusive_list.h"

namespace gk {

class ExceptionDispatcher;
class ExceptionReport;

class ThreadDispatcher final : public Dispatcher, public ThreadOwner, public base::ListNode<ProcessThreadsTag> {
 public:
  static constexpr zx_obj_type_t kType = ZX_OBJ_TYPE_THREAD;
  enum class State : uint8_t { kNew, kRunning, kDead };

  // ZX_ERR_NO_MEMORY.
  static Result<RefPtr<ThreadDispatcher>> Create(RefPtr<ProcessDispatcher> process, ObjectName name);
  ~ThreadDispatcher() override;

  [[nodiscard]] State state() const { return state_; }
  [[nodiscard]] const ObjectName* name() const override { return &name_; }
  Status SetName(const ObjectName& name) override {
    name_ = name;
    return Status(ZX_OK);
  }
  [[nodiscard]] ProcessDispatcher& process() const { return *process_; }
  [[nodiscard]] RefPtr<ProcessDispatcher> process_reference() const { return process_; }
  [[nodiscard]] zx_koid_t related_koid() const override { return process_->koid(); }

  // Starts the thread. ZX_ERR_BAD_STATE: it was started before, or its process is on its way out; ZX_ERR_INVALID_ARGS:
  // `entry.rip` is no user address. Nothing changed on failure.
  Result<> Start(const UserEntry& entry);

  // Tells the thread to end. The calling thread may name itself: it ends when it returns to the boundary of the kernel.
  // Does nothing to a thread that does not run.
  void Kill();

  // For the thread itself: ends it as Kill does, after its process' debugger has heard of it.
  void Exit();

  // Stops the thread at the boundary to user code until as many Resumes; a new one stops there when it is started.
  // ZX_ERR_BAD_STATE: it has ended or was told to.
  Result<> Suspend();
  void Resume();
  // Whether the thread stops follows from its own count and its process'; called when either changed.
  void UpdateSuspension();

  // The thread's registers, which hold still until it is resumed. Null while there are none to see: it runs, or waits
  // in the kernel, has not started or has ended. A thread in an exception has them.
  [[nodiscard]] arch::UserState* StoppedState();

  // What the scheduler runs; null: it has ended. For those who look from outside.
  [[nodiscard]] Thread* thread() const { return thread_.get(); }

  // A ZX_THREAD_STATE_*.
  [[nodiscard]] zx_thread_state_t InfoState() const;

  [[nodiscard]] Exceptionate& exceptionate() { return exceptionate_; }
  // The exception that the thread is in; null: none.
  [[nodiscard]] const RefPtr<ExceptionDispatcher>& exception() const { return exception_; }
  void SetException(RefPtr<ExceptionDispatcher> exception);

  // The system call that the thread is in has met a policy that wants an exception.
  void QueuePolicyException(uint32_t condition);

  // Of ThreadOwner.
  void OnSyscall(UserRegisters& registers) override;
  void OnException(UserRegisters& registers, const UserException& exception) override;
  bool IsSyscallInstruction(VirtualAddress rip) override;
  void OnForeignSyscall() override;
  void OnThreadStart() override;
  void OnSuspended() override;
  void OnResumed() override;
  void OnThreadExit() override;
  [[nodiscard]] ThreadIdentity identity() const override;

 private:
  template <typename T, typename... Args>
  friend RefPtr<T> MakeRefCounted(Args&&... args);
  ThreadDispatcher(RefPtr<ProcessDispatcher> process, const ObjectName& name);

  // No handler wanted it: `report` goes to the console, `fault` to the monitor, and the process ends.
  void EndProcessOver(const ExceptionReport& report, const abi::FaultReport& fault);
  void RaisePolicyException(const UserRegisters& registers);

  ObjectName name_;
  const RefPtr<ProcessDispatcher> process_;
  RefPtr<Thread> thread_;            // null: kDead
  RefPtr<ThreadDispatcher> myself_;  // kRunning: the scheduler holds us by a plain reference
  State state_ = State::kNew;
  bool first_of_process_ = false;
  uint32_t suspend_count_ = 0;
  Exceptionate exceptionate_{ZX_EXCEPTION_CHANNEL_TYPE_THREAD};
  RefPtr<ExceptionDispatcher> exception_;
  std::optional<uint32_t> violated_policy_;  // by the system call that the thread is in
};

}  // namespace gk
