// Single steps: how a vCPU is made to execute one instruction, and how that is undone.
#include <algorithm>

#include "shared/abi/debug_trap.h"
#include "shared/abi/nucleus_area.h"
#include "vmm/debug/world.h"

namespace vmm {
namespace {

// SDM volume 3A, figure 7-11: RSP0 in the 64-bit TSS.
constexpr uint64_t kTssStackOffset = 4;

}  // namespace

// The bytes at `address`, as the guest wrote them.
std::span<std::byte> World::ReadCode(uint64_t root, uint64_t address, std::span<std::byte, kMostCode> into) {
  const GuestView view(machine_.memory(), root);
  size_t done = 0;
  for (; done < into.size(); ++done) {
    const std::optional<uint64_t> physical = view.Translate(address + done);
    const std::span<std::byte> byte = into.subspan(done, 1);
    if (!physical || !machine_.memory().CopyIn(*physical, byte)) {
      break;
    }
    breakpoints_.Hide(*physical, byte);
  }
  return std::span<std::byte>(into).first(done);
}

std::optional<uint64_t> World::TrapStackTop(uint32_t cpu) {
  const Result<kvm_sregs> system = machine_.vcpu(cpu).GetSystemRegisters();
  if (!system.ok()) {
    return std::nullopt;
  }
  const GuestView view(machine_.memory(), system.value().cr3);
  return view.ReadValue<uint64_t>(system.value().tr.base + kTssStackOffset);
}

// Where the frame lies that this vCPU's nucleus resumes programs with: in the data page, on whose end the trap stack
// is.
std::optional<uint64_t> World::ResumeFrameOf(uint32_t cpu) {
  const std::optional<uint64_t> stack_top = TrapStackTop(cpu);
  return stack_top ? std::optional(*stack_top - PAGODA_RESUME_FRAME_BELOW_TRAP_STACK) : std::nullopt;
}

// Where an iretq of the nucleus leads, or the kernel's `ud2`.
std::optional<ResumeTarget> World::ResumeTargetOf(uint32_t cpu, const CpuContext& context) {
  const std::optional<uint64_t> frame = context.in_nucleus()    ? std::optional<uint64_t>(context.registers.rsp)
                                        : IsKernelCode(context) ? ResumeFrameOf(cpu)
                                                                : std::nullopt;
  const auto target = frame ? GuestView(machine_.memory(), context.root).ReadValue<TrapFrame>(*frame) : std::nullopt;
  return target ? std::optional(ResumeTarget{.rip = target->rip, .cs = target->cs}) : std::nullopt;
}

// False where it cannot be done; nothing is changed then.
bool World::ArmLocked(uint32_t cpu, CpuContext& context, Step step, StandingAt standing) {
  std::array<std::byte, kMostCode> buffer{};
  const std::span<std::byte> code = ReadCode(context.root, context.registers.rip, buffer);
  step.root = context.root;
  step.is_kernel = IsKernelCode(context);
  step.thread = step.is_kernel || context.in_nucleus() ? std::nullopt : ThreadOn(cpu);
  step.plan = PlanStep(context, code, ResumeTargetOf(cpu, context));
  switch (step.plan.way) {
    case StepPlan::Way::kTrapFlag:
      context.registers.rflags |= kFlagTrap;
      if (!step.is_kernel) {
        context.registers.rflags &= ~kFlagInterrupts;
      }
      if (!WriteContext(machine_.vcpu(cpu), machine_.memory(), context, standing).ok()) {
        return false;
      }
      break;
    case StepPlan::Way::kBreakpoint:
      breakpoints_.WantOnce(step.plan.landing, step.plan.landing_root);
      break;
    case StepPlan::Way::kKvm:
      break;
  }
  cpus_[cpu].step = step;
  ApplyGuestDebugLocked(cpu);
  return true;
}

// Makes `context`, in which the vCPU stopped, what it would be without the step, and ends the step.
void World::DisarmLocked(uint32_t cpu, CpuContext& context) {
  std::optional<Step>& step = cpus_[cpu].step;
  if (!step) {
    return;
  }
  switch (step->plan.way) {
    case StepPlan::Way::kTrapFlag:
      if (IsThreadOfLocked(*step, cpu) && !context.in_nucleus() && context.root == step->root &&
          (context.registers.rflags & kFlagTrap) != 0) {
        context.registers.rflags = ProgramFlags(context.registers.rflags, step->is_kernel);
      } else {
        has_stray_flags_ = true;  // in registers that the kernel has put aside
      }
      break;
    case StepPlan::Way::kBreakpoint:
      breakpoints_.ForgetOnce(step->plan.landing, step->plan.landing_root);
      break;
    case StepPlan::Way::kKvm:
      break;
  }
  if (step->purpose == Purpose::kStepOver && cpus_[cpu].step_over) {
    breakpoints_.Replant(*cpus_[cpu].step_over);
    cpus_[cpu].step_over.reset();
  }
  step.reset();
  ApplyGuestDebugLocked(cpu);
}

// Of a vCPU that stands still: its step has been overtaken by something else.
void World::AbandonStepLocked(uint32_t cpu) {
  if (const std::optional<Step> parked = std::exchange(cpus_[cpu].parked, std::nullopt)) {
    has_stray_flags_ = true;
    breakpoints_.ForgetOnce(parked->plan.landing, parked->plan.landing_root);
  }
  if (!cpus_[cpu].step) {
    return;
  }
  Result<CpuContext> context = ReadContext(machine_.vcpu(cpu), machine_.memory(), StandingAt::kRest);
  if (!context.ok()) {
    return;
  }
  const uint64_t flags = context.value().registers.rflags;
  DisarmLocked(cpu, context.value());
  if (context.value().registers.rflags != flags) {
    (void)WriteContext(machine_.vcpu(cpu), machine_.memory(), context.value(), StandingAt::kRest);
  }
}

// The thread whose code this vCPU executes; it does not change while the kernel works for it.
std::optional<uint64_t> World::ThreadOn(uint32_t cpu) const {
  const GuestView view(machine_.memory(), machine_.kernel_root());
  const auto frame =
      view.ReadValue<TrapFrame>(NUCLEUS_BASE + uint64_t{cpu} * NUCLEUS_STRIDE + uint64_t{PAGODA_ENTRY_FRAMES});
  return frame ? view.ReadValue<uint64_t>(frame->rsp + PAGODA_ENTRY_THREAD) : std::nullopt;
}

bool World::IsThreadOfLocked(const Step& step, uint32_t cpu) const {
  return !step.thread || step.thread == ThreadOn(cpu);
}

// Whether the step that was begun on this vCPU is that of the code that is there now.
bool World::HasStepHereLocked(uint32_t cpu) const { return cpus_[cpu].step && IsThreadOfLocked(*cpus_[cpu].step, cpu); }

// Makes the first step for which `matches` holds, wherever it was begun, that of `cpu`.
template <typename Matches>
std::optional<World::Step> World::TakeStepIfLocked(uint32_t cpu, Matches matches) {
  for (uint32_t offset = 0; offset < cpus_.size(); ++offset) {
    const uint32_t home = (cpu + offset) % static_cast<uint32_t>(cpus_.size());
    for (std::optional<Step>* step : {&cpus_[home].step, &cpus_[home].parked}) {
      if (!*step || !IsThreadOfLocked(**step, cpu) || !matches(**step, home)) {
        continue;
      }
      if (step == &cpus_[home].step) {
        std::swap(cpus_[home].step_over, cpus_[cpu].step_over);
      }
      std::swap(*step, cpus_[cpu].step);
      return cpus_[cpu].step;
    }
  }
  return std::nullopt;
}

// The step that a trap of `cpu` in the address space `root` ends.
std::optional<World::Step> World::TakeStepLocked(uint32_t cpu, uint64_t root) {
  return TakeStepIfLocked(cpu, [cpu, root](const Step& step, uint32_t home) {
    const bool is_elsewhere = step.thread || home != cpu;  // then it may have come here by the trap flag only
    return !is_elsewhere || (step.root == root && step.plan.way == StepPlan::Way::kTrapFlag);
  });
}

// The one that ends where it was expected to.
std::optional<World::Step> World::TakeLandingLocked(uint32_t cpu, uint64_t address, uint64_t root) {
  return TakeStepIfLocked(cpu, [this, address, root](const Step& step, uint32_t) {
    return step.plan.way == StepPlan::Way::kBreakpoint && step.plan.landing == address &&
           breakpoints_.IsWantedOnce(address, root);
  });
}

// What KVM itself stops this vCPU for. Only called when that may have changed.
void World::ApplyGuestDebugLocked(uint32_t cpu) {
  kvm_guest_debug debug = {};
  if (is_watching_memory_) {
    HardwarePoints with_resume = hardware_;
    (void)with_resume.Insert({.kind = gdb::PointKind::kHardware, .address = ResumeStubOf(cpu), .length = 1});
    with_resume.Fill(debug);
  } else {
    hardware_.Fill(debug);
  }
  if (cpus_[cpu].step && cpus_[cpu].step->plan.way == StepPlan::Way::kKvm) {
    debug.control |= KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_SINGLESTEP;
  }
  const bool is_plain = debug.control == 0;
  if (!is_plain || cpus_[cpu].has_guest_debug) {
    cpus_[cpu].has_guest_debug = !is_plain;
    (void)machine_.vcpu(cpu).SetGuestDebug(debug);
  }
}

// At rest with nothing to report: one of the vCPUs that stand at a breakpoint that nobody wants steps over it, alone.
bool World::BeginStepOverLocked() {
  for (uint32_t index = 0; index < cpus_.size(); ++index) {
    Cpu& cpu = cpus_[index];
    if (cpu.run != CpuRun::kPaused || !cpu.step_over) {
      continue;
    }
    Result<CpuContext> context = ReadContext(machine_.vcpu(index), machine_.memory(), StandingAt::kRest);
    if (!context.ok()) {
      cpu.step_over.reset();
      continue;
    }
    const auto planted = breakpoints_.FindPlanted(context.value().registers.rip, context.value().root);
    if (planted != cpu.step_over) {
      cpu.step_over.reset();  // it is gone, or the client has moved the vCPU
      continue;
    }
    breakpoints_.Lift(*planted);
    if (cpu.step) {
      cpu.parked = std::exchange(cpu.step, std::nullopt);
    }
    if (ArmLocked(index, context.value(), {.purpose = Purpose::kStepOver}, StandingAt::kRest)) {
      phase_ = Phase::kRunning;
      RunCpuLocked(index);
      StartWatchLocked();
      return true;
    }
    cpu.step = std::exchange(cpu.parked, std::nullopt);
    breakpoints_.Replant(*planted);
    cpu.step_over.reset();
  }
  return false;
}

}  // namespace vmm
