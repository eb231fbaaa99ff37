// What the client's session asks of the world.
#include <csignal>

#include "vmm/debug/world.h"

namespace vmm {

using gdb::ErrorCode;
using gdb::Fail;
using gdb::Outcome;

void World::SetWakeUp(std::function<void()> wake_up) {
  const std::lock_guard lock(wake_up_mutex_);
  wake_up_ = std::move(wake_up);
}

std::optional<gdb::StopEvent> World::stop() {
  const std::lock_guard lock(mutex_);
  return stop_;
}

void World::Interrupt() {
  const std::lock_guard lock(mutex_);
  if (phase_ == Phase::kRunning || phase_ == Phase::kGathering) {
    interrupt_ = gdb::Signal::kInt;
    GatherLocked();
  }
}

void World::OnClientAttached() {
  const std::lock_guard lock(mutex_);
  has_client_ = true;
}

void World::OnClientGone() {
  const std::lock_guard lock(mutex_);
  has_client_ = false;
}

std::vector<uint32_t> World::Cpus() {
  const std::lock_guard lock(mutex_);
  std::vector<uint32_t> started;
  for (uint32_t index = 0; index < cpus_.size() && phase_ != Phase::kEnded; ++index) {
    if (cpus_[index].run != CpuRun::kAbsent) {
      started.push_back(index);
    }
  }
  return started;
}

Outcome<CpuContext> World::Context(uint32_t cpu) {
  const std::lock_guard lock(mutex_);
  if (phase_ != Phase::kAtRest) {
    return Fail(ErrorCode::kNotStopped);
  }
  if (cpu >= cpus_.size() || cpus_[cpu].run == CpuRun::kAbsent) {
    return Fail(ErrorCode::kNoSuchThread);
  }
  if (cpus_[cpu].shown) {
    return *cpus_[cpu].shown;
  }
  if (!cpus_[cpu].seen) {
    const Result<CpuContext> context = ReadContext(machine_.vcpu(cpu), machine_.memory(), StandingAt::kRest);
    if (!context.ok()) {
      return Fail(ErrorCode::kHost, context.error().message());
    }
    cpus_[cpu].seen = context.value();
  }
  return *cpus_[cpu].seen;
}

Outcome<> World::SetContext(uint32_t cpu, const CpuContext& context) {
  PAGODA_TRY(Context(cpu));
  const std::lock_guard lock(mutex_);
  if (cpus_[cpu].shown) {
    return Fail(ErrorCode::kNotAllowed, "these are the registers of a report; the code does not go on");
  }
  cpus_[cpu].seen.reset();
  const Result<> written = WriteContext(machine_.vcpu(cpu), machine_.memory(), context, StandingAt::kRest);
  if (!written.ok()) {
    return Fail(ErrorCode::kHost, written.error().message());
  }
  return {};
}

Outcome<> World::Resume(std::span<const gdb::ResumeAction> actions) {
  std::unique_lock lock(mutex_);
  if (phase_ != Phase::kAtRest) {
    return Fail(ErrorCode::kNotStopped);
  }
  PAGODA_TRY(CheckActionsLocked(actions));
  if (held_end_) {
    // It stood still so that somebody could look: there is nothing to go on with.
    const StopReason reason = *held_end_;
    stop_.reset();
    phase_ = Phase::kRunning;
    lock.unlock();
    machine_.End(reason);
    return {};
  }
  for (const gdb::ResumeAction& action : actions) {
    std::optional<gdb::ThreadStop>& pending = cpus_[action.thread - 1].pending;
    if (action.kind != gdb::ResumeAction::Kind::kStay && pending) {
      ReportLocked(*std::exchange(pending, std::nullopt));
      return {};
    }
  }
  ResumeLocked(actions);
  return {};
}

Outcome<> World::CheckActionsLocked(std::span<const gdb::ResumeAction> actions) const {
  bool runs = false;
  for (const gdb::ResumeAction& action : actions) {
    if (action.thread == 0 || action.thread > cpus_.size() || cpus_[action.thread - 1].run != CpuRun::kPaused) {
      return Fail(ErrorCode::kNoSuchThread);
    }
    runs = runs || action.kind != gdb::ResumeAction::Kind::kStay;
  }
  if (!runs) {
    return Fail(ErrorCode::kInvalid);
  }
  return {};
}

void World::ResumeLocked(std::span<const gdb::ResumeAction> actions) {
  for (Cpu& cpu : cpus_) {
    cpu.wanted_paused = cpu.run == CpuRun::kPaused;
    cpu.shown.reset();
    cpu.seen.reset();
  }
  PrepareWatchLocked();
  bool steps = false;
  for (const gdb::ResumeAction& action : actions) {
    const uint32_t index = action.thread - 1;
    cpus_[index].wanted_paused = action.kind == gdb::ResumeAction::Kind::kStay;
    if (action.kind == gdb::ResumeAction::Kind::kStep || action.kind == gdb::ResumeAction::Kind::kStepRange) {
      steps = true;
      Result<CpuContext> context = ReadContext(machine_.vcpu(index), machine_.memory(), StandingAt::kRest);
      if (context.ok()) {
        const bool ranged = action.kind == gdb::ResumeAction::Kind::kStepRange;
        (void)ArmLocked(index, context.value(),
                        {.purpose = Purpose::kClient,
                         .range_start = ranged ? action.range_start : 0,
                         .range_end = ranged ? action.range_end : 0},
                        StandingAt::kRest);
      }
    }
  }
  stop_.reset();
  phase_ = Phase::kRunning;
  RunHeldLocked();
  if (steps) {
    StartWatchLocked();
  }
}

void World::Kill() { machine_.End(Signalled{SIGKILL}); }

gdb::Outcome<> World::InsertHardware(const gdb::Point& point) {
  const std::lock_guard lock(mutex_);
  return hardware_.Insert(point);
}

void World::RemoveHardware(const gdb::Point& point) {
  const std::lock_guard lock(mutex_);
  hardware_.Remove(point);
  watchpoints_.Remove(point);
}

void World::RemoveAllPoints() {
  const std::lock_guard lock(mutex_);
  breakpoints_.ForgetAll();
  hardware_.Clear();
  watchpoints_.Clear();
  if (is_watching_memory_) {
    GatherLocked();  // whoever is being stepped must not be any more
  }
}

uint64_t World::debug_area() {
  const std::lock_guard lock(mutex_);
  return debug_area_;
}

Outcome<World::CallEnd> World::RunAlone(uint32_t cpu, std::chrono::milliseconds limit,
                                        std::optional<uint64_t> stop_at) {
  std::unique_lock lock(mutex_);
  if (phase_ != Phase::kAtRest || cpus_[cpu].run != CpuRun::kPaused) {
    return Fail(ErrorCode::kNotStopped);
  }
  phase_ = Phase::kCalling;
  call_end_ = CallEnd::kTrapped;
  kvm_guest_debug debug = {};
  if (stop_at) {
    HardwarePoints points;
    (void)points.Insert({.kind = gdb::PointKind::kHardware, .address = *stop_at, .length = 1});
    points.Fill(debug);
  }
  (void)machine_.vcpu(cpu).SetGuestDebug(debug);
  cpus_[cpu].has_guest_debug = true;  // the next Resume puts things right
  cpus_[cpu].run = CpuRun::kRunning;
  cpus_[cpu].seen.reset();
  machine_.ResumeCpu(cpu);
  const auto rests = [this, cpu] { return cpus_[cpu].run != CpuRun::kRunning; };
  const bool in_time = changed_.wait_for(lock, limit, rests);
  if (!in_time) {
    machine_.PauseCpu(cpu);
    changed_.wait(lock, rests);
  }
  if (phase_ == Phase::kEnded || cpus_[cpu].run == CpuRun::kFinished) {
    return Fail(ErrorCode::kNotStopped);
  }
  phase_ = Phase::kAtRest;
  if (!in_time) {
    return CallEnd::kTooLong;
  }
  return call_end_;
}

}  // namespace vmm
