// A debugger as the machine sees it: it hears of everything first, and may hold vCPUs and even the machine's end.
//
// Threads: a vCPU's thread makes the calls about it, several at a time; OnEnded comes from the machine's main thread.
// None is made under a lock of the machine's.
#pragma once

#include <cstdint>

#include "devices/core/guest_memory.h"
#include "vmm/kvm/kvm_vcpu.h"
#include "vmm/machine/stop_reason.h"
#include "vmm/machine/user_fault.h"

namespace vmm {

class DebugAgent {
 public:
  DebugAgent() = default;
  DebugAgent(const DebugAgent&) = delete;
  DebugAgent& operator=(const DebugAgent&) = delete;
  virtual ~DebugAgent() = default;

  enum class Verdict {
    kNotMine,  // the machine deals with the exit
    kRun,      // dealt with
    kPause,    // dealt with; the vCPU rests until ResumeCpu
  };
  virtual Verdict OnExit(uint32_t cpu, kvm_run& run) = 0;
  // A vCPU is about to execute its first instruction; it has been asked to pause before that.
  virtual void OnStarted(uint32_t cpu) = 0;
  // Its registers are anybody's until ResumeCpu.
  virtual void OnPaused(uint32_t cpu) = 0;
  // It runs no more; its registers are anybody's.
  virtual void OnFinished(uint32_t cpu) = 0;

  // `cpu` is why the machine is about to stop. True: the agent holds it, and will call End itself.
  virtual bool HoldsEnd(uint32_t cpu, const StopReason& reason) = 0;
  // A program is about to be killed for a fault. The agent may let `fault.cpu` pause before that.
  virtual void OnUserFault(const UserFault& fault) = 0;
  // The machine has stopped, and all output is written.
  virtual void OnEnded(const StopReason& reason) = 0;

  // shared/abi/system_control.h. Nothing about the addresses has been checked.
  virtual void OnDebugArea(uint64_t area_address) = 0;
  virtual void OnCodeMapped(uint32_t cpu, uint64_t record_address) = 0;
};

// A machine as its debugger sees it. All calls: any thread, at once.
class DebuggedMachine {
 public:
  DebuggedMachine() = default;
  DebuggedMachine(const DebuggedMachine&) = delete;
  DebuggedMachine& operator=(const DebuggedMachine&) = delete;
  virtual ~DebuggedMachine() = default;

  [[nodiscard]] virtual uint32_t cpu_count() const = 0;
  [[nodiscard]] virtual const dev::GuestMemory& memory() const = 0;
  // Precondition: the vCPU is paused or finished, or the caller is its thread.
  virtual KvmVcpu& vcpu(uint32_t cpu) = 0;
  // VcpuThread's.
  virtual void PauseCpu(uint32_t cpu) = 0;
  virtual void ResumeCpu(uint32_t cpu) = 0;
  // The page-table root of the kernel's own address space, as far as is known.
  [[nodiscard]] virtual uint64_t kernel_root() const = 0;
  // Stops the machine, unless something else has. Takes locks of the machine's.
  virtual void End(StopReason reason) = 0;
};

}  // namespace vmm
