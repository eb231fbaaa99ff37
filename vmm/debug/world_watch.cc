// Watching memory where KVM cannot: instructions at CPL 3 are single-stepped and what is watched compared. All programs
// are, since any thread may write to shared memory: the nucleus is stopped where it resumes one, which KVM can do, and
// the trap flag put into its frame. The kernel is only where something of its own is watched: a system call has
// thousands of instructions. There the flag comes by the prebuilt frames with which the nucleus enters it. For reads
// each instruction is looked at before it runs, and its stop comes when it has run.
#include <algorithm>
#include <utility>

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

// How many steps of all programs a change waits for the vCPU that seems to have made it.
constexpr uint64_t kStepsUntilAnybodys = 1024;

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
  SetResumeTrapFlagLocked(cpu, context.root, true);
  if (const std::optional<CpuContext> resumed = ResumedContextLocked(cpu, context)) {
    NoteAccessLocked(cpu, *resumed);
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

// The program that a vCPU which stands there is about to go on with.
std::optional<CpuContext> World::ResumedContextLocked(uint32_t cpu, const CpuContext& context) {
  const std::optional<uint64_t> address = ResumeFrameOf(cpu);
  const GuestView view(machine_.memory(), context.root);
  const auto frame = address ? view.ReadValue<TrapFrame>(*address) : std::nullopt;
  const auto rax = address ? view.ReadValue<uint64_t>(*address - PAGODA_RESUME_RAX_BELOW_FRAME) : std::nullopt;
  if (!frame || !rax) {
    return std::nullopt;
  }
  CpuContext resumed = context;
  resumed.root = context.registers.rax;
  resumed.cs = frame->cs;
  resumed.registers.rax = *rax;
  resumed.registers.rip = frame->rip;
  resumed.registers.rsp = frame->rsp;
  return resumed;
}

// `context` is about to execute one instruction: what is watched of the memory that it accesses is reported behind it.
// One that faults does not get there, and is noted once more when it is tried again.
void World::NoteAccessLocked(uint32_t cpu, const CpuContext& context) {
  cpus_[cpu].accessing.reset();
  cpus_[cpu].writing.reset();
  if (!watchpoints_.NeedsAccesses() && machine_.cpu_count() == 1) {
    return;  // who has changed what is compared is clear
  }
  const Result<kvm_sregs> system = machine_.vcpu(cpu).GetSystemRegisters();
  if (!system.ok()) {
    return;
  }
  std::array<std::byte, kMostCode> buffer{};
  const AddressRegisters registers = {
      .general = context.registers, .fs_base = system.value().fs.base, .gs_base = system.value().gs.base};
  const std::vector<MemoryAccess> accesses =
      AccessesOf(registers, ReadCode(context.root, context.registers.rip, buffer));
  cpus_[cpu].accessing = watchpoints_.FindAccessed(context.root, accesses);
  cpus_[cpu].writing = watchpoints_.FindWritten(context.root, accesses);
}

// What the vCPU that has executed an instruction is to stop for. What has changed is found by whoever looks next, and
// is left to a vCPU whose instruction was going to write there: that one's trap is on its way. It may not be, if its
// instruction has failed and the kernel wrote for somebody else; so after a while anybody takes it.
std::optional<gdb::Point> World::TakeWatchedLocked(uint32_t cpu) {
  if (const std::optional<gdb::Point> changed = watchpoints_.TakeChanged()) {
    const auto wrote = [&changed](const Cpu& other) { return other.writing == changed; };
    const auto writer = wrote(cpus_[cpu]) ? cpus_.end() : std::find_if(cpus_.begin(), cpus_.end(), wrote);
    Cpu& owner = writer == cpus_.end() ? cpus_[cpu] : *writer;
    owner.written = changed;
    owner.written_at = watched_steps_;
  }
  for (Cpu& other : cpus_) {
    if (other.written && watched_steps_ - other.written_at > kStepsUntilAnybodys) {
      cpus_[cpu].written = std::exchange(other.written, std::nullopt);
    }
  }
  const std::optional<gdb::Point> accessed = std::exchange(cpus_[cpu].accessing, std::nullopt);
  const std::optional<gdb::Point> written = std::exchange(cpus_[cpu].written, std::nullopt);
  const std::optional<gdb::Point> taken = written ? written : accessed;
  return taken && watchpoints_.Has(*taken) ? taken : std::nullopt;
}

// Of the program that a vCPU which stands in the nucleus is about to resume, if it is.
void World::SetResumeTrapFlagLocked(uint32_t cpu, uint64_t root, bool on) {
  if (const auto frame = ResumeFrameOf(cpu)) {
    SetFlag(GuestView(machine_.memory(), root), *frame, on);
  }
}

// `context` goes on: makes it stop behind its next instruction.
void World::KeepWatchingLocked(uint32_t cpu, CpuContext& context) {
  if (!is_watching_memory_ || context.in_nucleus()) {
    return;
  }
  NoteAccessLocked(cpu, context);
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
  if (context.ok() && context.value().in_nucleus()) {
    SetResumeTrapFlagLocked(cpu, context.value().root, true);
  } else if (context.ok()) {
    KeepWatchingLocked(cpu, context.value());
    (void)WriteContext(machine_.vcpu(cpu), machine_.memory(), context.value(), StandingAt::kRest);
  }
}

// A vCPU that stands still and is going to be looked at.
void World::HideWatchingLocked(uint32_t cpu) {
  if (!is_watching_memory_ || cpus_[cpu].run != CpuRun::kPaused) {
    return;
  }
  Result<CpuContext> context = ReadContext(machine_.vcpu(cpu), machine_.memory(), StandingAt::kRest);
  if (context.ok() && context.value().in_nucleus()) {
    SetResumeTrapFlagLocked(cpu, context.value().root, false);
  } else if (context.ok()) {
    context.value().registers.rflags = ProgramFlags(context.value().registers.rflags, IsKernelCode(context.value()));
    (void)WriteContext(machine_.vcpu(cpu), machine_.memory(), context.value(), StandingAt::kRest);
  }
}

gdb::Outcome<> World::InsertWatch(const gdb::Point& point, uint64_t root) {
  const std::lock_guard lock(mutex_);
  return watchpoints_.Insert(point, root);
}

}  // namespace vmm
