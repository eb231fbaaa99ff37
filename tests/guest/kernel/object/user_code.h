// User threads in a hosted kernel: their code is a function of the test, and their traps enter the real kernel.
//
// A function runs on its thread's kernel stack and is left for good when the thread ends, so it must keep nothing on
// that stack that wants to be destroyed.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <utility>

#include "guest/kernel/sched/scheduler.h"
#include "guest/kernel/sched/thread.h"
#include "shared/abi/syscalls.h"
#include "tests/support/fake_arch/fibers.h"

namespace gk::test {

// The boundary between kernel and user code.
inline void LeaveKernel() { Thread::PassBoundary(); }

// A system call of the current user thread. Does not return to a thread that is to end.
template <typename... Arguments>
int64_t UserSyscall(abi::Syscall number, Arguments... arguments) {
  const uint64_t values[8] = {static_cast<uint64_t>(arguments)...};
  Thread& thread = *Thread::Current();
  UserRegisters& r = thread.registers();
  const uint64_t behind = r.rip;
  do {  // a call that gave way to a suspension steps back to the trap instruction
    r.rip = behind;
    r.rax = static_cast<uint64_t>(number);
    r.rdi = values[0], r.rsi = values[1], r.rdx = values[2], r.r10 = values[3];
    r.r8 = values[4], r.r9 = values[5], r.r12 = values[6], r.r13 = values[7];
    scheduler->OnKernelEntry();
    thread.owner()->OnSyscall(r);
    LeaveKernel();
  } while (r.rip + 2 == behind);
  return static_cast<int64_t>(r.rax);
}

// An exception that no fault handler resolves.
inline void RaiseUserException(const UserException& exception) {
  Thread& thread = *Thread::Current();
  scheduler->OnKernelEntry();
  thread.owner()->OnException(thread.registers(), exception);
  LeaveKernel();
}

class UserCode {
 public:
  UserCode() {
    fake_arch::StartCpu();
    fake_arch::SetUserCode([this](UserRegisters& registers) {
      LeaveKernel();
      bodies_.at(registers.rip)(registers);
      UserSyscall(abi::Syscall::thread_exit);
    });
  }
  ~UserCode() { fake_arch::SetUserCode({}); }
  UserCode(const UserCode&) = delete;
  UserCode& operator=(const UserCode&) = delete;

  // Where a thread has to start to run `body`; a thread whose body returns exits.
  VirtualAddress Add(std::function<void(UserRegisters&)> body) {
    const VirtualAddress address = 0x400000 + 16 * bodies_.size();
    AddAt(address, std::move(body));
    return address;
  }
  void AddAt(VirtualAddress address, std::function<void(UserRegisters&)> body) { bodies_[address] = std::move(body); }

 private:
  std::map<VirtualAddress, std::function<void(UserRegisters&)>> bodies_;
};

}  // namespace gk::test
