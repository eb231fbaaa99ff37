// What happens after a trap has reached the kernel: sort out what it was, deal with it, leave.
#include "guest/kernel/arch/cpu.h"
#include "guest/kernel/arch/x86_64/apic.h"
#include "guest/kernel/arch/x86_64/late_entry.h"
#include "guest/kernel/arch/x86_64/nucleus.h"
#include "guest/kernel/arch/x86_64/per_cpu.h"
#include "guest/kernel/drivers/drivers.h"
#include "guest/kernel/sched/kernel_lock.h"
#include "guest/kernel/sched/observation.h"
#include "guest/kernel/sched/scheduler.h"
#include "guest/kernel/vm/address_space.h"
#include "guest/nucleus/layout.h"

namespace gk::arch {
namespace {

constexpr uint32_t kVectorUndefined = 6;
constexpr uint32_t kVectorPageFault = 14;
constexpr uint32_t kVectorsWithErrorCode =  // SDM volume 3A, table 6-1
    1u << 8 | 1u << 10 | 1u << 11 | 1u << 12 | 1u << 13 | 1u << 14 | 1u << 17 | 1u << 21;

// Page-fault error code, SDM volume 3A, section 4.7.
constexpr uint64_t kFaultWrite = 1 << 1;
constexpr uint64_t kFaultFetch = 1 << 4;

// What the trap said, copied before anything can block and another thread enters on this CPU.
struct Trap {
  uint64_t entry;
  uint64_t error_code;
  uint64_t fault_address;
};

Trap ReadTrap(const PerCpu& cpu) {
  Trap trap{.entry = cpu.entry, .error_code = 0, .fault_address = 0};
  if (trap.entry < 32 && (kVectorsWithErrorCode >> trap.entry & 1) != 0) {
    trap.error_code = cpu.error_code;
  }
  if (trap.entry == kVectorPageFault) {
    trap.fault_address = cpu.fault_address;
  }
  return trap;
}

void RaiseException(Thread& thread, const Trap& trap, zx_status_t fault_status) {
  const UserException exception{.vector = static_cast<uint32_t>(trap.entry),
                                .error_code = static_cast<uint32_t>(trap.error_code),
                                .fault_address = trap.fault_address,
                                .fault_status = fault_status};
  thread.owner()->OnException(thread.registers(), exception);
}

void HandlePageFault(Thread& thread, const Trap& trap) {
  const Access access{.read = (trap.error_code & (kFaultWrite | kFaultFetch)) == 0,
                      .write = (trap.error_code & kFaultWrite) != 0,
                      .execute = (trap.error_code & kFaultFetch) != 0};
  const bool writes_to_itself = thread.fault_history().OnFault(thread.registers().rip, trap.fault_address, access);
  Result<> resolved = thread.address_space()->HandleFault(trap.fault_address, access, FaultOrigin::kProgram);
  if (resolved.ok() && writes_to_itself) {
    resolved = Error(ZX_ERR_NOT_SUPPORTED);
  }
  const bool again = !resolved.ok() && resolved.error() == Status(ZX_ERR_INTERNAL_INTR_RETRY);  // after a suspension
  if (!resolved.ok() && !again && !thread.kill_pending()) {
    RaiseException(thread, trap, resolved.error().value());
  }
}

void HandleUndefinedInstruction(Thread& thread, const Trap& trap) {
  UserRegisters& registers = thread.registers();
  if (!thread.owner()->IsSyscallInstruction(registers.rip)) {
    RaiseException(thread, trap, ZX_OK);
    return;
  }
  registers.rip += 2;  // behind the ud2
  thread.owner()->OnSyscall(registers);
}

// A ud2 outside the vDSO is an undefined instruction like any other; a syscall instruction has no other meaning.
void HandleSyscallInstruction(Thread& thread) {
  UserRegisters& registers = thread.registers();
  if (thread.owner()->IsSyscallInstruction(registers.rip - 2)) {
    thread.owner()->OnSyscall(registers);
  } else {
    thread.owner()->OnForeignSyscall();
  }
}

void HandleInterrupt(PerCpu& cpu, uint64_t vector) {
  if (vector == NUCLEUS_VECTOR_SPURIOUS) {
    return;  // needs no end of interrupt (SDM volume 3A, section 11.9)
  }
  ++observation.counters.interrupts;
  EndInterrupt(cpu, vector);
  if (vector == NUCLEUS_VECTOR_TIMER) {
    scheduler->OnTimer();
  } else if (vector >= NUCLEUS_VECTOR_DEVICES) {
    drivers::OnInterrupt(static_cast<uint32_t>(vector));
  }
  // An interrupt from another CPU has no message: that the CPU left user code or idle is all that was wanted.
}

// The ring of events is the lock's, so the first step is noted once the lock is held.
void NoteEntry(uint64_t entry, zx_time_t entered) {
  if (observes_steps) [[unlikely]] {
    RecordStep(abi::GuestEventKind::kEntered, entry, entered);
    NoteStep(abi::GuestEventKind::kLocked);
  }
}

void Dispatch(PerCpu& cpu, const Trap& trap) {
  if (trap.entry >= NUCLEUS_FIRST_INTERRUPT && trap.entry != NUCLEUS_ENTRY_SYSCALL) {
    HandleInterrupt(cpu, trap.entry);
    return;
  }
  Thread& thread = *cpu.cpu.current;
  switch (trap.entry) {
    case NUCLEUS_ENTRY_SYSCALL:
      HandleSyscallInstruction(thread);
      break;
    case kVectorPageFault:
      HandlePageFault(thread, trap);
      break;
    case kVectorUndefined:
      HandleUndefinedInstruction(thread, trap);
      break;
    default:
      RaiseException(thread, trap, ZX_OK);
      break;
  }
}

}  // namespace
}  // namespace gk::arch

// Called by entry.S at the top of the current thread's kernel stack.
extern "C" [[noreturn]] void HandleTrap(gk::arch::PerCpu* cpu) {
  const zx_time_t entered = gk::observes_steps ? gk::CurrentTime() : 0;
  cpu->cpu.in_user.store(false, std::memory_order_release);
  gk::kernel_lock.Acquire();
  gk::arch::OnResumed(cpu->cpu.index);
  gk::scheduler->OnKernelEntry();
  gk::arch::NoteEntry(cpu->entry, entered);
  gk::arch::Dispatch(*cpu, gk::arch::ReadTrap(*cpu));
  gk::NoteStep(gk::abi::GuestEventKind::kHandled);
  gk::scheduler->LeaveKernel();
}
