// A process: an address space, a table of handles, and the threads that run in them. It belongs to a job.
//
//               first thread starts         Kill, or the last thread exits
//   kInitial ----------------------> kRunning -------------------> kDying
//      |                                                             | the last thread has left the kernel for good
//      +---- Kill, or the last handle goes ----> kDead <-------------+
//
//   kInitial  made, no thread yet; others may fill its address space and handle table
//   kRunning  has threads
//   kDying    every thread has been told to end; no thread can be added; the return code is decided
//   kDead     no threads, no handles, nothing mapped; ZX_PROCESS_TERMINATED. Only its identity and return code are left
//
// Threads hold references to their process. A process does not hold its threads; a running thread keeps itself alive.
// Handles in the process's own table may refer to it: that circle ends with kDead.
#pragma once

#include <stdint.h>
#include <zircon/types.h>

#include "guest/kernel/arch/types.h"
#include "guest/kernel/object/dispatcher.h"
#include "guest/kernel/object/exceptionate.h"
#include "guest/kernel/object/futex_table.h"
#include "guest/kernel/object/handle_table.h"
#include "guest/kernel/vm/address_space.h"
#include "shared/base/intrusive_list.h"

namespace gk {

class JobDispatcher;
class ThreadDispatcher;
struct ProcessThreadsTag;
struct JobProcessesTag;
struct AllProcessesTag;

class ProcessDispatcher final : public Dispatcher,
                                public base::ListNode<JobProcessesTag>,
                                public base::ListNode<AllProcessesTag> {
 public:
  static constexpr zx_obj_type_t kType = ZX_OBJ_TYPE_PROCESS;
  enum class State : uint8_t { kInitial, kRunning, kDying, kDead };

  // ZX_ERR_NO_MEMORY; ZX_ERR_BAD_STATE: `job` takes no children any more.
  static Result<RefPtr<ProcessDispatcher>> Create(RefPtr<JobDispatcher> job, ObjectName name);
  // The same in a new root job.
  static Result<RefPtr<ProcessDispatcher>> Create(ObjectName name);
  ~ProcessDispatcher() override;

  // All that are in memory, whatever their state, the oldest first: for those who look from outside (inspect/).
  using All = base::IntrusiveList<ProcessDispatcher, AllProcessesTag>;
  [[nodiscard]] static All& all();

  [[nodiscard]] State state() const { return state_; }
  [[nodiscard]] const ObjectName* name() const override { return &name_; }
  Status SetName(const ObjectName& name) override {
    name_ = name;
    return Status(ZX_OK);
  }
  [[nodiscard]] JobDispatcher& job() const { return *job_; }
  [[nodiscard]] RefPtr<JobDispatcher> job_reference() const;
  [[nodiscard]] zx_koid_t related_koid() const override;
  // When its first thread started (CurrentTime's clock); 0 before.
  [[nodiscard]] zx_time_t start_time() const { return start_time_; }
  [[nodiscard]] AddressSpace& address_space() const { return *address_space_; }
  [[nodiscard]] RefPtr<AddressSpace> address_space_reference() const { return address_space_; }
  [[nodiscard]] HandleTable& handles() { return handles_; }
  [[nodiscard]] FutexTable& futexes() { return futexes_; }

  // How the process ended: what it passed to process_exit, 0 when its last thread just exited, or a
  // ZX_TASK_RETCODE_*. Decided in kDying and kDead.
  [[nodiscard]] int64_t return_code() const { return return_code_; }

  // Ends the process: all threads are told to end, the caller's own included, which then ends when it returns to the
  // boundary of the kernel. The first call decides the return code; later ones do nothing.
  void Kill(int64_t return_code);

  // The end of this process shall take `job`, its own or one above, along; with `only_failure` only a return code other
  // than 0. ZX_ERR_INVALID_ARGS: not such a job; ZX_ERR_ALREADY_BOUND: the process is critical already.
  Result<> SetCriticalTo(RefPtr<JobDispatcher> job, bool only_failure);

  // Suspends all threads, those that start later too, until as many Resumes. ZX_ERR_BAD_STATE: on its way out.
  Result<> Suspend();
  void Resume();
  [[nodiscard]] bool suspend_wanted() const { return suspend_count_ != 0; }

  // Started threads that have not ended, one after the other: `visit` returns false to stop, and must not change
  // anything.
  template <typename Visit>
  void ForEachThread(Visit visit);
  using Threads = base::IntrusiveList<ThreadDispatcher, ProcessThreadsTag>;
  [[nodiscard]] Threads& threads() { return threads_; }

  // Who handles the exceptions of its threads, and who debugs it.
  [[nodiscard]] Exceptionate& exceptionate() { return exceptionate_; }
  [[nodiscard]] Exceptionate& debug_exceptionate() { return debug_exceptionate_; }

  // The VMO with the vDSO, which only the kernel writes: one page of data, then the code. Null: there is none.
  [[nodiscard]] const RefPtr<Vmo>& vdso() const { return vdso_; }
  void SetVdso(RefPtr<Vmo> vdso) { vdso_ = std::move(vdso); }
  // True when the vDSO's code is mapped at `address`, wherever whoever made the process put it.
  [[nodiscard]] bool IsVdsoCode(VirtualAddress address);

  // --- for ThreadDispatcher ---

  // The thread is about to run. ZX_ERR_BAD_STATE: the process is on its way out.
  Result<> AddThread(ThreadDispatcher& thread);
  // The thread will not run again. The last one ends the process.
  void RemoveThread(ThreadDispatcher& thread);

 private:
  template <typename T, typename... Args>
  friend RefPtr<T> MakeRefCounted(Args&&... args);
  ProcessDispatcher(RefPtr<JobDispatcher> job, RefPtr<AddressSpace> address_space, const ObjectName& name);

  void OnZeroHandles() override;
  void Finish();
  void LeaveJob();

  ObjectName name_;
  const RefPtr<JobDispatcher> job_;
  const RefPtr<AddressSpace> address_space_;
  HandleTable handles_;
  FutexTable futexes_;
  Threads threads_;
  State state_ = State::kInitial;
  int64_t return_code_ = 0;
  RefPtr<Vmo> vdso_;
  VirtualAddress vdso_code_ = 0;  // where it was found last; 0: nowhere yet
  zx_time_t start_time_ = 0;
  uint32_t suspend_count_ = 0;
  Exceptionate exceptionate_{ZX_EXCEPTION_CHANNEL_TYPE_PROCESS};
  Exceptionate debug_exceptionate_{ZX_EXCEPTION_CHANNEL_TYPE_DEBUGGER};
  RefPtr<JobDispatcher> critical_to_;
  bool critical_only_failure_ = false;
};

template <typename Visit>
void ProcessDispatcher::ForEachThread(Visit visit) {
  for (ThreadDispatcher& thread : threads_) {
    if (!visit(thread)) {
      return;
    }
  }
}

}  // namespace gk
