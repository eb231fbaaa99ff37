// A process: an address space, a table of handles, and the threads that run in them.
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
#include "guest/kernel/object/futex_table.h"
#include "guest/kernel/object/handle_table.h"
#include "guest/kernel/vm/address_space.h"
#include "shared/base/intrusive_list.h"

namespace gk {

class ThreadDispatcher;
struct ProcessThreadsTag;

class ProcessDispatcher final : public Dispatcher {
 public:
  static constexpr zx_obj_type_t kType = ZX_OBJ_TYPE_PROCESS;
  enum class State : uint8_t { kInitial, kRunning, kDying, kDead };

  // ZX_ERR_NO_MEMORY.
  static Result<RefPtr<ProcessDispatcher>> Create(ObjectName name);
  ~ProcessDispatcher() override;

  [[nodiscard]] State state() const { return state_; }
  [[nodiscard]] const ObjectName* name() const override { return &name_; }
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

  // Where the vDSO's code is mapped; 0: nowhere.
  [[nodiscard]] VirtualAddress vdso_code() const { return vdso_code_; }
  void SetVdsoCode(VirtualAddress address) { vdso_code_ = address; }

  // --- for ThreadDispatcher ---

  // The thread is about to run. ZX_ERR_BAD_STATE: the process is on its way out.
  Result<> AddThread(ThreadDispatcher& thread);
  // The thread will not run again. The last one ends the process.
  void RemoveThread(ThreadDispatcher& thread);

 private:
  template <typename T, typename... Args>
  friend RefPtr<T> MakeRefCounted(Args&&... args);
  ProcessDispatcher(RefPtr<AddressSpace> address_space, const ObjectName& name);

  void OnZeroHandles() override;
  void Finish();

  const ObjectName name_;
  const RefPtr<AddressSpace> address_space_;
  HandleTable handles_;
  FutexTable futexes_;
  base::IntrusiveList<ThreadDispatcher, ProcessThreadsTag> threads_;
  State state_ = State::kInitial;
  int64_t return_code_ = 0;
  VirtualAddress vdso_code_ = 0;
};

}  // namespace gk
