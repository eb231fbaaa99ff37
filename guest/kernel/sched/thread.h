// A thread of control: what the scheduler runs.
//
// A user thread executes user code and enters the kernel on a kernel stack of its own, so it can block there. A kernel
// thread (only the idle threads, and helpers of tests) has no user side.
//
//            Start             picked               its turn ends
//   kNew ------------> kReady --------> kRunning ------------------> kReady
//                        ^                 |  Block
//                        |    woken        v                 ExitCurrent
//                        +------------ kBlocked   kRunning ---------------> kDead
//
// The scheduler holds a reference from Start until the thread is dead and its stack is no longer in use.
// Kernel lock held for every call, except where said.
#pragma once

#include <stdint.h>
#include <zircon/types.h>

#include "guest/kernel/arch/context.h"
#include "guest/kernel/arch/registers.h"
#include "guest/kernel/arch/stack.h"
#include "guest/kernel/lib/object_name.h"
#include "guest/kernel/lib/ref_ptr.h"
#include "guest/kernel/lib/status.h"
#include "guest/kernel/sched/wait_queue.h"
#include "guest/kernel/vm/fault_history.h"
#include "shared/base/intrusive_list.h"

namespace gk {

class AddressSpace;
struct Cpu;

// What a user thread is called, for people.
struct ThreadIdentity {
  zx_koid_t process_koid = 0;  // 0: nobody gave it one
  zx_koid_t thread_koid = 0;
  ObjectName process_name;
  ObjectName thread_name;
};

// Whoever a user thread belongs to: hears of everything that the thread does to the kernel. Called on the thread's own
// kernel stack with the kernel lock held; may block in OnSyscall.
class ThreadOwner {
 public:
  // Performs the system call whose number and arguments are in `registers` (shared/abi/syscalls.h) and stores the
  // result in registers.rax. rip is already behind the trap instruction.
  virtual void OnSyscall(UserRegisters& registers) = 0;
  // Decides what an unresolved exception does. Unless it kills the thread, the thread resumes at `registers`.
  virtual void OnException(UserRegisters& registers, const UserException& exception) = 0;
  // The thread executed a trap instruction that IsSyscallInstruction denies.
  virtual void OnForeignSyscall() = 0;
  // True when the trap instruction at `rip` is one of the vDSO's.
  virtual bool IsSyscallInstruction(VirtualAddress rip) = 0;
  // The thread runs for the first time and is about to enter user code; may block.
  virtual void OnThreadStart() {}
  // The thread has stopped at the boundary to user code because it was asked to; its registers hold still. Must not
  // block.
  virtual void OnSuspended() {}
  // It goes on. Must not block.
  virtual void OnResumed() {}
  [[nodiscard]] virtual ThreadIdentity identity() const { return {}; }
  // The thread will never run again. The last call to the owner for this thread; Thread drops the owner afterwards.
  virtual void OnThreadExit() = 0;

 protected:
  ~ThreadOwner() = default;
};

struct UserEntry {
  VirtualAddress rip;
  VirtualAddress stack;  // initial RSP
  uint64_t argument1;    // RDI
  uint64_t argument2;    // RSI
};

struct RunTag;

class Thread : public RefCounted<Thread>, public base::ListNode<RunTag> {
 public:
  enum class State : uint8_t { kNew, kReady, kRunning, kBlocked, kDead };

  // A user thread in `space`, not started. `owner` must stay alive until OnThreadExit. ZX_ERR_NO_MEMORY.
  static Result<RefPtr<Thread>> CreateUser(RefPtr<AddressSpace> space, ThreadOwner& owner);
  // A thread that runs `function(argument)` in the kernel and ends when it returns. ZX_ERR_NO_MEMORY.
  static Result<RefPtr<Thread>> CreateKernel(void (*function)(void*), void* argument);

  ~Thread();

  // Makes a new user thread runnable at `entry`. Precondition: state is kNew.
  void Start(const UserEntry& entry);
  // The same for a kernel thread.
  void Start();

  // Asks the thread to end: a blocked one is woken with ZX_ERR_INTERNAL_INTR_KILLED, a running one is interrupted. It
  // ends at the boundary between kernel and user code. A thread that never started ends at once (OnThreadExit is called
  // from here). Does nothing to a dead one.
  void Kill();

  // Asks a user thread to stop at the boundary between kernel and user code, and takes that back. A running one is
  // interrupted; a blocked one leaves its wait where that is possible without harm (GivesWayToSuspension).
  void Suspend();
  void Resume();

  // What the boundary is for: the current user thread ends here if it was asked to, stops while it is to be suspended,
  // and lets others run when it is their turn.
  static void PassBoundary();

  // Ends the calling thread. Nothing on its stack is destroyed: hold no references across it.
  [[noreturn]] static void ExitCurrent();

  // Lets other runnable threads go first.
  static void YieldCurrent();

  // Blocks the calling thread for a time; WaitQueue::Block's results.
  static Status SleepUntil(zx_time_t deadline);

  [[nodiscard]] static Thread* Current();

  [[nodiscard]] State state() const { return state_; }
  // The CPU that runs it; null unless kRunning.
  [[nodiscard]] Cpu* cpu() const { return cpu_; }
  [[nodiscard]] bool kill_pending() const { return kill_pending_; }
  // Stopped at the boundary.
  [[nodiscard]] bool suspended() const { return suspended_; }
  // What the thread waits for; one that was woken counts as waiting until it runs again. kKernel for one that does not.
  [[nodiscard]] BlockReason block_reason() const { return block_reason_; }
  [[nodiscard]] AddressSpace* address_space() const { return address_space_.get(); }
  [[nodiscard]] ThreadOwner* owner() { return owner_; }
  [[nodiscard]] UserRegisters& registers() { return user_.registers; }
  [[nodiscard]] FaultHistory& fault_history() { return fault_history_; }
  // All of the user side, whole in memory only while the thread is off its CPU.
  [[nodiscard]] arch::UserState& user_state() { return user_; }

 private:
  friend class Scheduler;
  friend class WaitQueue;
  template <typename T, typename... Args>
  friend RefPtr<T> MakeRefCounted(Args&&... args);

  explicit Thread(arch::KernelStack stack);
  static void Main(void* thread);
  void StopWhileSuspended();

  State state_ = State::kNew;
  bool kill_pending_ = false;     // asked to end; a request, not a state: it can arrive in every state
  bool suspend_pending_ = false;  // the same kind of request
  bool suspended_ = false;
  WaitQueue resumed_;         // where the suspended thread waits
  Waiter* waiter_ = nullptr;  // while kBlocked
  BlockReason block_reason_ = BlockReason::kKernel;
  Cpu* cpu_ = nullptr;  // while kRunning
  ThreadOwner* owner_ = nullptr;
  RefPtr<AddressSpace> address_space_;
  void (*function_)(void*) = nullptr;
  void* argument_ = nullptr;
  arch::KernelStack stack_;
  arch::KernelContext context_;
  arch::UserState user_;
  FaultHistory fault_history_;
};

}  // namespace gk
