// What an exit of a vCPU means to the debugger. All in the vCPU's thread.
#include <utility>

#include "shared/abi/debug_trap.h"
#include "shared/abi/system_control.h"
#include "vmm/base/log.h"
#include "vmm/debug/world.h"

namespace vmm {
namespace {

// SDM volume 3B, section 17.2.3.
constexpr uint64_t kStatusSingleStep = 1u << 14;

constexpr uint32_t kVectorDebug = 1;

gdb::StopReason WatchReasonOf(gdb::PointKind kind) {
  switch (kind) {
    case gdb::PointKind::kRead:
      return gdb::StopReason::kReadWatch;
    case gdb::PointKind::kAccess:
      return gdb::StopReason::kAccessWatch;
    default:
      return gdb::StopReason::kWriteWatch;
  }
}

bool IsDebugPort(uint16_t port) { return port == PAGODA_DEBUG_PORT_STEP || port == PAGODA_DEBUG_PORT_BREAKPOINT; }

}  // namespace

DebugAgent::Verdict World::OnExit(uint32_t cpu, kvm_run& run) {
  if (run.exit_reason == KVM_EXIT_IO && run.io.direction == KVM_EXIT_IO_OUT && IsDebugPort(run.io.port)) {
    const std::lock_guard lock(mutex_);
    return OnTrapLocked(cpu, run.io.port);
  }
  if (run.exit_reason == KVM_EXIT_DEBUG) {
    const std::lock_guard lock(mutex_);
    return OnKvmDebugLocked(cpu, run.debug.arch);
  }
  return Verdict::kNotMine;
}

DebugAgent::Verdict World::OnTrapLocked(uint32_t cpu, uint16_t port) {
  Result<CpuContext> read = ReadContext(machine_.vcpu(cpu), machine_.memory(), StandingAt::kDebugExit);
  if (!read.ok() || !read.value().frame) {
    return Verdict::kRun;  // the guest has broken its own trap stack, and continues into what that leads to
  }
  CpuContext& context = read.value();
  if (phase_ == Phase::kCalling) {
    return Verdict::kPause;
  }
  if (context.in_nucleus()) {
    return Verdict::kRun;  // a #DB that came late, behind a load of SS (SDM volume 3A, section 6.8.3)
  }
  return port == PAGODA_DEBUG_PORT_BREAKPOINT ? OnBreakpointLocked(cpu, context)
                                              : OnStepTrapLocked(cpu, context, StandingAt::kDebugExit);
}

DebugAgent::Verdict World::OnBreakpointLocked(uint32_t cpu, CpuContext& context) {
  const uint64_t address = context.registers.rip - 1;
  const std::optional<uint64_t> planted = breakpoints_.FindPlanted(address, context.root);
  const bool is_landing = breakpoints_.IsWantedOnce(address, context.root);
  const std::optional<Step> step = is_landing ? TakeLandingLocked(cpu, address, context.root) : std::nullopt;
  if (HasStepHereLocked(cpu)) {
    DisarmLocked(cpu, context);
  }
  if (!planted) {
    return OnForeignTrapLocked(cpu, context);
  }
  context.registers.rip = address;
  (void)WriteContext(machine_.vcpu(cpu), machine_.memory(), context, StandingAt::kDebugExit);
  if (breakpoints_.IsWanted(address)) {
    return StopLocked(cpu, gdb::StopReason::kSoftwareBreakpoint);
  }
  if (step) {
    return FinishStepLocked(cpu, *step, context, StandingAt::kDebugExit);
  }
  cpus_[cpu].step_over = planted;
  GatherLocked();
  return Verdict::kPause;
}

// An `int3` that is not ours.
DebugAgent::Verdict World::OnForeignTrapLocked(uint32_t cpu, CpuContext& context) {
  const uint64_t address = context.registers.rip - 1;
  const GuestView view(machine_.memory(), context.root);
  if (const auto byte = view.ReadValue<uint8_t>(address); byte && *byte != 0xcc) {
    context.registers.rip = address;  // it was ours when it was hit
    (void)WriteContext(machine_.vcpu(cpu), machine_.memory(), context, StandingAt::kDebugExit);
    return Verdict::kRun;
  }
  (void)WriteContext(machine_.vcpu(cpu), machine_.memory(), context, StandingAt::kDebugExit);
  if (has_client_) {
    return StopLocked(cpu, gdb::StopReason::kPlain);
  }
  cpus_[cpu].give_to_guest = true;
  return Verdict::kPause;
}

DebugAgent::Verdict World::OnStepTrapLocked(uint32_t cpu, CpuContext& context, StandingAt standing) {
  const std::optional<gdb::Point> watched = TakeWatchedLocked(cpu);
  const std::optional<Step> step = TakeStepLocked(cpu, context.root);
  if (watched) {
    if (step) {
      DisarmLocked(cpu, context);
    }
    (void)WriteContext(machine_.vcpu(cpu), machine_.memory(), context, standing);
    return StopLocked(cpu, WatchReasonOf(watched->kind), watched->address);
  }
  if (step) {
    return FinishStepLocked(cpu, *step, context, standing);
  }
  if (is_watching_memory_) {
    KeepWatchingLocked(cpu, context);
    (void)WriteContext(machine_.vcpu(cpu), machine_.memory(), context, standing);
    return Verdict::kRun;
  }
  if (has_stray_flags_) {
    context.registers.rflags = ProgramFlags(context.registers.rflags, IsKernelCode(context));
    (void)WriteContext(machine_.vcpu(cpu), machine_.memory(), context, standing);
    return Verdict::kRun;
  }
  if (standing == StandingAt::kRest) {
    return Verdict::kRun;
  }
  cpus_[cpu].give_to_guest = true;  // its own trap flag
  return Verdict::kPause;
}

DebugAgent::Verdict World::FinishStepLocked(uint32_t cpu, Step step, CpuContext& context, StandingAt standing) {
  DisarmLocked(cpu, context);
  if (step.plan.pushes_flags) {
    const GuestView view(machine_.memory(), context.root);
    if (const auto pushed = view.ReadValue<uint64_t>(context.registers.rsp)) {
      const uint64_t flags = ProgramFlags(*pushed, step.is_kernel);
      (void)view.Write(context.registers.rsp, std::as_bytes(std::span(&flags, 1)));
    }
  }
  (void)WriteContext(machine_.vcpu(cpu), machine_.memory(), context, standing);
  if (step.purpose == Purpose::kStepOver) {
    for (Cpu& other : cpus_) {
      if (!other.step) {
        other.step = std::exchange(other.parked, std::nullopt);
      }
    }
    KeepWatchingLocked(cpu, context);
    (void)WriteContext(machine_.vcpu(cpu), machine_.memory(), context, standing);
    watching_ = false;
    if (phase_ == Phase::kRunning) {
      RunHeldLocked();
    }
    return Verdict::kRun;
  }
  const uint64_t rip = context.registers.rip;
  const bool goes_on = phase_ == Phase::kRunning && rip >= step.range_start && rip < step.range_end;
  if (goes_on && ArmLocked(cpu, context, step, standing)) {
    return Verdict::kRun;
  }
  watching_ = false;
  return StopLocked(cpu, gdb::StopReason::kPlain);
}

DebugAgent::Verdict World::OnKvmDebugLocked(uint32_t cpu, const kvm_debug_exit_arch& debug) {
  Result<CpuContext> read = ReadContext(machine_.vcpu(cpu), machine_.memory(), StandingAt::kRest);
  if (phase_ == Phase::kCalling) {
    call_end_ = CallEnd::kStoppedByKvm;
    return Verdict::kPause;
  }
  if (!read.ok()) {
    return Verdict::kRun;
  }
  CpuContext& context = read.value();
  if (WatchResumedLocked(cpu, context)) {
    return Verdict::kRun;
  }
  if (debug.exception != kVectorDebug) {
    return Verdict::kRun;
  }
  if (const std::optional<gdb::Point> point = hardware_.Hit(debug.dr6)) {
    AbandonStepLocked(cpu);
    switch (point->kind) {
      case gdb::PointKind::kSoftware:
        return StopLocked(cpu, gdb::StopReason::kSoftwareBreakpoint);
      case gdb::PointKind::kHardware:
        return StopLocked(cpu, gdb::StopReason::kHardwareBreakpoint);
      default:
        return StopLocked(cpu, WatchReasonOf(point->kind), point->address);
    }
  }
  if ((debug.dr6 & kStatusSingleStep) != 0) {
    return OnStepTrapLocked(cpu, context, StandingAt::kRest);
  }
  ApplyGuestDebugLocked(cpu);  // a breakpoint that is gone
  return Verdict::kRun;
}

DebugAgent::Verdict World::StopLocked(uint32_t cpu, gdb::StopReason reason, uint64_t address) {
  cpus_[cpu].pending = {.thread = cpu + 1, .signal = gdb::Signal::kTrap, .reason = reason, .address = address};
  GatherLocked();
  return Verdict::kPause;
}

// The vCPU stands behind the `out` of a debug stub: sends it into the kernel instead, as without a debugger.
void World::GiveToGuestLocked(uint32_t cpu) {
  KvmVcpu& vcpu = machine_.vcpu(cpu);
  Result<kvm_regs> registers = vcpu.GetRegisters();
  const Result<kvm_sregs> system = vcpu.GetSystemRegisters();
  const std::optional<uint64_t> stack_top = TrapStackTop(cpu);
  if (!registers.ok() || !system.ok() || !stack_top) {
    return;
  }
  const GuestView view(machine_.memory(), system.value().cr3);
  const auto frame = view.ReadValue<TrapFrame>(registers.value().rsp);
  const uint64_t target = *stack_top - sizeof(TrapFrame);
  if (!frame || view.Write(target, std::as_bytes(std::span(&*frame, 1))) != sizeof(*frame)) {
    return;
  }
  registers.value().rsp = target;
  registers.value().rip += PAGODA_DEBUG_IRETQ_SIZE;
  (void)vcpu.SetRegisters(registers.value());
}

void World::OnCodeMapped(uint32_t cpu, uint64_t record_address) {
  abi::CodeMapped record = {};
  if (!machine_.memory().CopyIn(record_address, std::as_writable_bytes(std::span(&record, 1)))) {
    return;
  }
  const std::lock_guard lock(mutex_);
  const bool is_new = breakpoints_.OnCodeMapped(record.root, record.address, record.pages);
  if (is_new && has_client_ && phase_ != Phase::kCalling) {
    (void)StopLocked(cpu, gdb::StopReason::kLibraries);
  }
}

void World::OnDebugArea(uint64_t area_address) {
  const std::lock_guard lock(mutex_);
  debug_area_ = area_address;
}

}  // namespace vmm
