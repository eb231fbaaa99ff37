#include "vmm/debug/world.h"

#include <algorithm>

#include "vmm/base/log.h"

namespace vmm {
namespace {

// How long a step may take before those who are held back for it go on: its instruction may wait for one of them.
constexpr std::chrono::milliseconds kStepPatience(50);

gdb::Signal SignalOf(const StopReason& reason) {
  if (std::holds_alternative<GuestPanic>(reason)) {
    return gdb::Signal::kAbrt;
  }
  const auto* failure = std::get_if<VcpuFailure>(&reason);
  return failure != nullptr && failure->fault == VcpuFault::kTripleFault ? gdb::Signal::kSegv : gdb::Signal::kIll;
}

// Worth a look, and possible: the vCPU is there and its state whole.
bool CanBeHeld(const StopReason& reason) {
  const auto* failure = std::get_if<VcpuFailure>(&reason);
  return std::holds_alternative<GuestPanic>(reason) || (failure != nullptr && failure->fault != VcpuFault::kHostError);
}

// The code that a report is about. Both kinds have the same names for the registers.
template <typename Report>
CpuContext ContextOf(const Report& report, uint64_t root) {
  constexpr uint64_t kCodeSelector = 0x33;
  constexpr uint64_t kDataSelector = 0x2b;
  CpuContext context = {.registers = {}, .cs = kCodeSelector, .ss = kDataSelector, .root = root, .frame = {}};
  context.registers = {.rax = report.rax,
                       .rbx = report.rbx,
                       .rcx = report.rcx,
                       .rdx = report.rdx,
                       .rsi = report.rsi,
                       .rdi = report.rdi,
                       .rsp = report.rsp,
                       .rbp = report.rbp,
                       .r8 = report.r8,
                       .r9 = report.r9,
                       .r10 = report.r10,
                       .r11 = report.r11,
                       .r12 = report.r12,
                       .r13 = report.r13,
                       .r14 = report.r14,
                       .r15 = report.r15,
                       .rip = report.rip,
                       .rflags = report.rflags};
  return context;
}

gdb::Signal SignalOfVector(uint32_t vector) {
  switch (vector) {
    case 0:
    case 16:
    case 19:
      return gdb::Signal::kFpe;
    case 6:
      return gdb::Signal::kIll;
    case 1:
    case 3:
      return gdb::Signal::kTrap;
    default:
      return gdb::Signal::kSegv;
  }
}

gdb::StopEvent EventOf(const StopReason& reason) {
  if (const auto* exit = std::get_if<GuestExit>(&reason)) {
    return gdb::GuestExited{static_cast<uint8_t>(exit->code)};
  }
  if (std::holds_alternative<Signalled>(reason) || std::holds_alternative<TimedOut>(reason)) {
    return gdb::GuestTerminated{gdb::Signal::kKill};
  }
  return gdb::GuestTerminated{SignalOf(reason)};
}

}  // namespace

World::World(DebuggedMachine& machine, Options options)
    : machine_(machine), options_(std::move(options)), breakpoints_(machine.memory()), watchpoints_(machine.memory()) {
  auto watch = dev::ServiceThread::Start("debug watch", [this] { WatchLoop(); });
  if (watch.ok()) {
    watch_ = std::move(watch).value();
  } else {
    spdlog::warn("{}; a single step that waits for another vCPU will not end", watch.error().message);
  }
}

World::~World() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
  }
  watch_wake_.notify_all();
}

// --- Running and resting

void World::RunCpuLocked(uint32_t cpu) {
  ApplyGuestDebugLocked(cpu);
  if (is_watching_memory_) {
    StartWatchingLocked(cpu);
  }
  cpus_[cpu].run = CpuRun::kRunning;
  machine_.ResumeCpu(cpu);
}

// All that nobody wants to stand still.
void World::RunHeldLocked() {
  for (uint32_t index = 0; index < cpus_.size(); ++index) {
    Cpu& cpu = cpus_[index];
    if (cpu.run == CpuRun::kPaused && !cpu.wanted_paused) {
      cpu.step_over.reset();
      RunCpuLocked(index);
    }
  }
}

void World::GatherLocked() {
  if (phase_ != Phase::kRunning) {
    return;
  }
  phase_ = Phase::kGathering;
  for (uint32_t index = 0; index < cpus_.size(); ++index) {
    if (cpus_[index].run == CpuRun::kRunning) {
      cpus_[index].run = CpuRun::kPausing;
      machine_.PauseCpu(index);
    }
  }
  if (AllRestLocked()) {
    AtRestLocked();
  }
}

bool World::AllRestLocked() const {
  return std::none_of(cpus_.begin(), cpus_.end(),
                      [](const Cpu& cpu) { return cpu.run == CpuRun::kRunning || cpu.run == CpuRun::kPausing; });
}

void World::AtRestLocked() {
  PrepareWatchLocked();  // the watchpoints of a client that is gone
  std::optional<gdb::ThreadStop> stop = TakePendingLocked();
  if (!stop && interrupt_) {
    stop = gdb::ThreadStop{.thread = MostInterestingCpuLocked() + 1, .signal = *interrupt_};
  }
  if (stop) {
    ReportLocked(*stop);
  } else if (!BeginStepOverLocked()) {
    phase_ = Phase::kRunning;
    RunHeldLocked();
  }
}

// One stop that was found. The others that are breakpoints will be hit again, if they are still there.
std::optional<gdb::ThreadStop> World::TakePendingLocked() {
  std::optional<gdb::ThreadStop> taken;
  for (Cpu& cpu : cpus_) {
    if (!cpu.pending) {
      continue;
    }
    if (!taken) {
      taken = std::exchange(cpu.pending, std::nullopt);
    } else if (cpu.pending->reason == gdb::StopReason::kSoftwareBreakpoint ||
               cpu.pending->reason == gdb::StopReason::kHardwareBreakpoint) {
      cpu.pending.reset();
    }
  }
  return taken;
}

void World::ReportLocked(const gdb::ThreadStop& stop) {
  phase_ = Phase::kAtRest;
  interrupt_.reset();
  watching_ = false;
  for (uint32_t index = 0; index < cpus_.size(); ++index) {
    AbandonStepLocked(index);
    HideWatchingLocked(index);
    cpus_[index].step_over.reset();
  }
  stop_ = stop;
  changed_.notify_all();
  WakeClientLocked();
}

void World::WakeClientLocked() {
  const std::lock_guard lock(wake_up_mutex_);
  if (wake_up_) {
    wake_up_();
  }
}

// Where a person would want to look first: a program, else the kernel, else whatever there is.
uint32_t World::MostInterestingCpuLocked() {
  uint32_t best = 0;
  int best_rank = -1;
  for (uint32_t index = 0; index < cpus_.size(); ++index) {
    if (cpus_[index].run != CpuRun::kPaused) {
      continue;
    }
    const Result<CpuContext> context = ReadContext(machine_.vcpu(index), machine_.memory(), StandingAt::kRest);
    const int rank = !context.ok() || context.value().in_nucleus() ? 0 : IsKernelCode(context.value()) ? 1 : 2;
    if (rank > best_rank) {
      best = index;
      best_rank = rank;
    }
  }
  return best;
}

// --- The machine

void World::OnStarted(uint32_t cpu) {
  const std::lock_guard lock(mutex_);
  if (cpu == 0 && options_.at_start == Waiting::kForClient) {
    interrupt_ = gdb::Signal::kTrap;
    phase_ = Phase::kGathering;
  }
  const bool has_paused = cpus_[cpu].run == CpuRun::kPaused;
  if (!has_paused) {
    cpus_[cpu].run = CpuRun::kPausing;
  }
  if (phase_ == Phase::kRunning) {
    RunCpuLocked(cpu);
  } else if (phase_ == Phase::kGathering && AllRestLocked()) {
    AtRestLocked();
  }
}

void World::OnPaused(uint32_t cpu) {
  const std::lock_guard lock(mutex_);
  const bool is_started = cpus_[cpu].run != CpuRun::kAbsent;
  cpus_[cpu].run = CpuRun::kPaused;
  if (std::exchange(cpus_[cpu].give_to_guest, false)) {
    GiveToGuestLocked(cpu);
  }
  if (!is_started) {
    return;  // OnStarted decides
  }
  if (phase_ == Phase::kRunning && !cpus_[cpu].wanted_paused) {
    RunCpuLocked(cpu);
  } else if (phase_ == Phase::kGathering && AllRestLocked()) {
    AtRestLocked();
  }
  changed_.notify_all();
}

void World::OnFinished(uint32_t cpu) {
  const std::lock_guard lock(mutex_);
  cpus_[cpu].run = CpuRun::kFinished;
  if (phase_ == Phase::kGathering && AllRestLocked()) {
    AtRestLocked();
  }
  changed_.notify_all();
}

bool World::HoldsEnd(uint32_t cpu, const StopReason& reason) {
  const std::lock_guard lock(mutex_);
  if (phase_ == Phase::kCalling) {
    call_end_ = CallEnd::kCrashed;
    machine_.PauseCpu(cpu);
    return true;
  }
  if (!CanBeHeld(reason) || (!has_client_ && options_.at_crash == Waiting::kForNobody)) {
    return false;
  }
  if (!held_end_) {
    held_end_ = reason;
    cpus_[cpu].pending = {.thread = cpu + 1, .signal = SignalOf(reason)};
    const auto* panic = std::get_if<GuestPanic>(&reason);
    if (panic != nullptr && panic->report.vector != UINT32_MAX) {
      cpus_[cpu].shown = ContextOf(panic->report, panic->report.cr3);
    }
  }
  machine_.PauseCpu(cpu);
  GatherLocked();
  if (!has_client_ && options_.on_crash_wait) {
    options_.on_crash_wait();
  }
  return true;
}

void World::OnUserFault(const UserFault& fault) {
  const std::lock_guard lock(mutex_);
  if (phase_ == Phase::kCalling || (!has_client_ && options_.at_crash == Waiting::kForNobody)) {
    return;
  }
  Cpu& cpu = cpus_[fault.cpu];
  cpu.pending = {.thread = fault.cpu + 1, .signal = SignalOfVector(fault.report.vector)};
  cpu.shown = ContextOf(fault.report.registers, fault.report.page_table_root);
  machine_.PauseCpu(fault.cpu);
  GatherLocked();
  if (!has_client_ && options_.on_crash_wait) {
    options_.on_crash_wait();
  }
}

void World::OnEnded(const StopReason& reason) {
  const std::lock_guard lock(mutex_);
  phase_ = Phase::kEnded;
  stop_ = EventOf(reason);
  changed_.notify_all();
  WakeClientLocked();
}

// --- The watch

void World::StartWatchLocked() {
  step_deadline_ = std::chrono::steady_clock::now() + kStepPatience;
  if (!std::exchange(watching_, true)) {
    watch_wake_.notify_all();
  }
}

void World::WatchLoop() {
  std::unique_lock lock(mutex_);
  while (!closing_) {
    if (!watching_) {
      watch_wake_.wait(lock);
    } else if (std::chrono::steady_clock::now() < step_deadline_) {
      watch_wake_.wait_until(lock, step_deadline_);
    } else {
      watching_ = false;
      ReleaseHeldLocked();
    }
  }
}

// A breakpoint that is being stepped over is there again: whoever steps hits it once more, if it has not gone past it.
void World::ReleaseHeldLocked() {
  if (phase_ != Phase::kRunning) {
    return;
  }
  for (Cpu& cpu : cpus_) {
    if (cpu.step && cpu.step_over) {
      breakpoints_.Replant(*cpu.step_over);
    }
    cpu.wanted_paused = false;
  }
  RunHeldLocked();
}

}  // namespace vmm
