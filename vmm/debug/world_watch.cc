// Watching memory where KVM cannot: instructions at CPL 3 are single-stepped and what is watched compared. All programs
// are, since any thread may write to shared memory: the nucleus is stopped where it resumes one, which KVM can do, and
// the trap flag put into its frame. The kernel is only where something of its own is watched: a system call has
// thousands of instructions. There the flag comes by the prebuilt frames with which the nucleus enters it.
#include "shared/abi/debug_trap.h"
#include "shared/abi/nucleus_area.h"
#include "shared/base/range.h"
#include "vmm/debug/world.h"

namespace vmm {
namespace {

constexpr uint64_t kFlagsOffset = 16;  // in a TrapFrame

// A program that is stepped has its interrupts off, or it would never get past the first one that waits. Now and then
// they are on, so that others get their turn.
constexpr uint64_t kStepsBetweenInterrupts = 256;

void SetFlag(const GuestView& view, uint64_t frame, bool on) {
  const auto flags = view.ReadValue<uint64_t>(frame + kFlagsOffset);
  if (flags) {
    const uint64_t changed = on ? *flags | kFlagTrap : *flags & ~kFlagTrap;
    (void)view.Write(frame + kFlagsOffset, std::as_bytes(std::span(&changed, 1)));
  }
}

}  // namespace

// The frames by which the nucleus enters the kernel.
void World::SetEntryTrapFlagsLocked(bool on) {
  const GuestView view(machine_.memory(), machine_.kernel_root());
  for (uint32_t cpu = 0; cpu < machine_.cpu_count(); ++cpu) {
    const uint64_t frames = NUCLEUS_BASE + uint64_t{cpu} * NUCLEUS_STRIDE + PAGODA_ENTRY_FRAMES;
    for (uint64_t at = 0; at + sizeof(TrapFrame) <= base::kPageSize; at += sizeof(TrapFrame)) {
      if (view.ReadValue<uint64_t>(frames + at).value_or(0) != 0) {
        SetFlag(view, frames + at, on);
      }
    }
  }
}

// Before the vCPUs run; they all stand still.
void World::PrepareWatchLocked() {
  if (watchpoints_.any() != is_watching_memory_) {
    for (uint32_t cpu = 0; cpu < machine_.cpu_count(); ++cpu) {
      HideWatchingLocked(cpu);
    }
    is_watching_memory_ = watchpoints_.any();
    has_stray_flags_ = true;  // what the kernel has put aside keeps its flag
  }
  const bool watches_kernel = watchpoints_.WatchesKernel(machine_.kernel_root());
  if (watches_kernel != is_stepping_kernel_) {
    is_stepping_kernel_ = watches_kernel;
    SetEntryTrapFlagsLocked(is_stepping_kernel_);
  }
}

uint64_t World::ResumeStubOf(uint32_t cpu) {
  return NUCLEUS_BASE + uint64_t{cpu} * NUCLEUS_STRIDE + PAGODA_RESUME_STUB;
}

// The vCPU stands where the nucleus resumes a program: makes that stop behind its first instruction. The instruction
// here is executed for it, so that it is not stopped again.
bool World::WatchResumedLocked(uint32_t cpu, CpuContext& context) {
  if (!is_watching_memory_ || context.registers.rip != ResumeStubOf(cpu)) {
    return false;
  }
  if (const auto frame = ResumeFrameOf(cpu)) {
    SetFlag(GuestView(machine_.memory(), context.root), *frame, true);
  }
  KvmVcpu& vcpu = machine_.vcpu(cpu);
  Result<kvm_sregs> system = vcpu.GetSystemRegisters();
  if (!system.ok()) {
    return true;
  }
  system.value().cr3 = context.registers.rax;
  context.registers.rip += PAGODA_RESUME_ROOT_SIZE;
  (void)vcpu.SetSystemRegisters(system.value());
  (void)vcpu.SetRegisters(context.registers);
  return true;
}

// `context` goes on: makes it stop behind its next instruction.
void World::KeepWatchingLocked(CpuContext& context) {
  if (!is_watching_memory_ || context.in_nucleus()) {
    return;
  }
  if (IsKernelCode(context)) {
    if (is_stepping_kernel_) {
      context.registers.rflags |= kFlagTrap;
    }
    return;
  }
  context.registers.rflags |= kFlagTrap | kFlagInterrupts;
  if (++watched_steps_ % kStepsBetweenInterrupts != 0) {
    context.registers.rflags &= ~kFlagInterrupts;
  }
}

// A vCPU that stands still, before it runs.
void World::StartWatchingLocked(uint32_t cpu) {
  Result<CpuContext> context = ReadContext(machine_.vcpu(cpu), machine_.memory(), StandingAt::kRest);
  if (context.ok() && !context.value().in_nucleus()) {
    KeepWatchingLocked(context.value());
    (void)WriteContext(machine_.vcpu(cpu), machine_.memory(), context.value(), StandingAt::kRest);
  }
}

// A vCPU that stands still and is going to be looked at.
void World::HideWatchingLocked(uint32_t cpu) {
  if (!is_watching_memory_ || cpus_[cpu].run != CpuRun::kPaused) {
    return;
  }
  Result<CpuContext> context = ReadContext(machine_.vcpu(cpu), machine_.memory(), StandingAt::kRest);
  if (context.ok() && !context.value().in_nucleus()) {
    context.value().registers.rflags = ProgramFlags(context.value().registers.rflags, IsKernelCode(context.value()));
    (void)WriteContext(machine_.vcpu(cpu), machine_.memory(), context.value(), StandingAt::kRest);
  }
}

gdb::Outcome<> World::InsertWatch(const gdb::Point& point, uint64_t root) {
  const std::lock_guard lock(mutex_);
  return watchpoints_.Insert(point, root);
}

}  // namespace vmm
