// All vCPUs of a debugged machine: do they run or stand still, and why.
//
//              Resume                    a reason to stop             the last vCPU rests
//   AT REST ──────────▶ RUNNING ───────────────────────▶ GATHERING ───────────────────────▶ AT REST
//      │                   ▲                                                │
//      │                   └──────── nothing to report: a breakpoint ───────┘
//      │                             that nobody wants is stepped over
//      └─ Call ─▶ CALLING ─▶ AT REST                        any ── the machine ended ──▶ ENDED
//
// A vCPU that is paused while the world is RUNNING is held back: the client stays with it, or another steps over a
// breakpoint, which is not there meanwhile. A step that does not end soon (its instruction waits for something that
// another vCPU must do) releases those that are held back for it.
//
// Threads and locks: a vCPU's thread brings its exits, the client's thread asks for the rest, the watch's thread looks
// at the time. `mutex_` guards everything in here and is never held while the machine's locks are taken, but
// VcpuThread's own. While the world is AT REST no vCPU's thread touches anything in here or any vCPU's registers.
#pragma once

#include <array>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <span>
#include <vector>

#include "devices/core/service_thread.h"
#include "shared/abi/boot_info.h"
#include "vmm/debug/breakpoint_table.h"
#include "vmm/debug/cpu_context.h"
#include "vmm/debug/hardware_points.h"
#include "vmm/debug/step_plan.h"
#include "vmm/debug/watchpoints.h"
#include "vmm/gdb/target.h"
#include "vmm/machine/debug_agent.h"

namespace vmm {

class World final : public DebugAgent {
 public:
  // What to do at the machine's first instruction, and when it dies with nobody looking.
  enum class Waiting { kForNobody, kForClient };
  struct Options {
    Waiting at_start = Waiting::kForNobody;
    Waiting at_crash = Waiting::kForNobody;
    std::function<void()> on_crash_wait = {};  // the machine waits for a client because of `at_crash`; any thread
  };

  // `machine` outlives this object.
  World(DebuggedMachine& machine, Options options);
  ~World() override;

  // gdb::Target's, from the client's thread.
  void SetWakeUp(std::function<void()> wake_up);
  std::optional<gdb::StopEvent> stop();
  void Interrupt();
  void OnClientAttached();
  void OnClientGone();
  gdb::Outcome<> Resume(std::span<const gdb::ResumeAction> actions);
  void Kill();

  // The vCPUs that have started, ascending; empty when ENDED.
  std::vector<uint32_t> Cpus();

  // AT REST, or they fail with kNotStopped.
  gdb::Outcome<CpuContext> Context(uint32_t cpu);
  gdb::Outcome<> SetContext(uint32_t cpu, const CpuContext& context);

  // Runs `body` with the breakpoints while no vCPU's thread can look at them. Any state; must not block.
  template <typename Body>
  auto WithBreakpoints(Body body) {
    const std::lock_guard lock(mutex_);
    return body(breakpoints_);
  }
  // AT REST. Break- and watchpoints of the CPU's debug registers, for all vCPUs from the next Resume on.
  gdb::Outcome<> InsertHardware(const gdb::Point& point);
  void RemoveHardware(const gdb::Point& point);
  // A watchpoint that is found by comparing, where the CPU's registers do not help.
  gdb::Outcome<> InsertWatch(const gdb::Point& point, uint64_t root);
  void RemoveAllPoints();

  [[nodiscard]] DebuggedMachine& machine() { return machine_; }

  // AT REST. Lets `cpu` alone run what `prepare` has set up, until it traps or `limit` has passed, and pauses it again.
  // kTrapped: at a #BP; RIP is behind the int3. kStoppedByKvm: at `stop_at`, which KVM watches.
  enum class CallEnd { kTrapped, kStoppedByKvm, kCrashed, kTooLong };
  gdb::Outcome<CallEnd> RunAlone(uint32_t cpu, std::chrono::milliseconds limit, std::optional<uint64_t> stop_at);

  // DebugAgent
  Verdict OnExit(uint32_t cpu, kvm_run& run) override;
  void OnStarted(uint32_t cpu) override;
  void OnPaused(uint32_t cpu) override;
  void OnFinished(uint32_t cpu) override;
  bool HoldsEnd(uint32_t cpu, const StopReason& reason) override;
  void OnUserFault(const UserFault& fault) override;
  void OnEnded(const StopReason& reason) override;
  void OnDebugArea(uint64_t area_address) override;
  void OnCodeMapped(uint32_t cpu, uint64_t record_address) override;

  // Where the guest says that debug calls are made; 0: nowhere yet.
  uint64_t debug_area();

 private:
  enum class Phase { kRunning, kGathering, kAtRest, kCalling, kEnded };
  enum class CpuRun { kAbsent, kRunning, kPausing, kPaused, kFinished };
  enum class Purpose { kClient, kStepOver };

  // A step that is under way. That of a program's code belongs to its thread, which may block and go on elsewhere,
  // while others run where it began.
  struct Step {
    Purpose purpose;
    StepPlan plan = {};
    uint64_t root = 0;                              // of the stepped code
    std::optional<uint64_t> thread = std::nullopt;  // whose it is (PAGODA_ENTRY_THREAD); none: the vCPU's
    bool is_kernel = false;
    uint64_t range_start = 0;  // kClient: goes on for as long as RIP is in there
    uint64_t range_end = 0;
  };
  struct Cpu {
    CpuRun run = CpuRun::kAbsent;
    bool wanted_paused = false;    // the client stays with it
    bool has_guest_debug = false;  // KVM stops it for something
    bool give_to_guest = false;    // the trap that it stands at is the guest's own
    std::optional<Step> step;
    std::optional<Step> parked;              // of a thread that is not here, while another one steps over a breakpoint
    std::optional<uint64_t> step_over;       // guest-physical address of a breakpoint that nobody wants
    std::optional<CpuContext> seen;          // AT REST, once it has been asked for: KVM takes its time
    std::optional<CpuContext> shown;         // what its kernel has reported: the code that failed, as it was then
    std::optional<gdb::ThreadStop> pending;  // found, not reported
    std::optional<gdb::Point> accessing;     // what its next instruction is going to access
    std::optional<gdb::Point> writing;       // the same of what is found by comparing
    std::optional<gdb::Point> written;       // found to be changed, by it
    uint64_t written_at = 0;                 // `watched_steps_` then
  };

  // world.cc; all with mutex_ held
  void GatherLocked();
  [[nodiscard]] bool AllRestLocked() const;
  void AtRestLocked();
  void ReportLocked(const gdb::ThreadStop& stop);
  std::optional<gdb::ThreadStop> TakePendingLocked();
  [[nodiscard]] uint32_t MostInterestingCpuLocked();
  void RunCpuLocked(uint32_t cpu);
  void RunHeldLocked();
  void StartWatchLocked();
  void WatchLoop();
  void WakeClientLocked();
  void ReleaseHeldLocked();

  // world_client.cc
  [[nodiscard]] gdb::Outcome<> CheckActionsLocked(std::span<const gdb::ResumeAction> actions) const;
  void ResumeLocked(std::span<const gdb::ResumeAction> actions);

  // world_traps.cc; in the vCPU's thread, with mutex_ held
  Verdict OnTrapLocked(uint32_t cpu, uint16_t port);
  Verdict OnBreakpointLocked(uint32_t cpu, CpuContext& context);
  Verdict OnStepTrapLocked(uint32_t cpu, CpuContext& context, StandingAt standing);
  Verdict OnKvmDebugLocked(uint32_t cpu, const kvm_debug_exit_arch& debug);
  Verdict OnForeignTrapLocked(uint32_t cpu, CpuContext& context);
  Verdict StopLocked(uint32_t cpu, gdb::StopReason reason, uint64_t address = 0);
  Verdict FinishStepLocked(uint32_t cpu, Step step, CpuContext& context, StandingAt standing);
  void GiveToGuestLocked(uint32_t cpu);

  // world_steps.cc; while the vCPU stands still or in its thread, with mutex_ held
  bool ArmLocked(uint32_t cpu, CpuContext& context, Step step, StandingAt standing);
  void DisarmLocked(uint32_t cpu, CpuContext& context);
  void AbandonStepLocked(uint32_t cpu);
  bool BeginStepOverLocked();
  [[nodiscard]] std::optional<uint64_t> ThreadOn(uint32_t cpu) const;
  [[nodiscard]] bool IsThreadOfLocked(const Step& step, uint32_t cpu) const;
  [[nodiscard]] bool HasStepHereLocked(uint32_t cpu) const;
  template <typename Matches>
  std::optional<Step> TakeStepIfLocked(uint32_t cpu, Matches matches);
  std::optional<Step> TakeStepLocked(uint32_t cpu, uint64_t root);
  std::optional<Step> TakeLandingLocked(uint32_t cpu, uint64_t address, uint64_t root);
  void ApplyGuestDebugLocked(uint32_t cpu);
  std::span<std::byte> ReadCode(uint64_t root, uint64_t address, std::span<std::byte, kMostCode> into);
  std::optional<uint64_t> TrapStackTop(uint32_t cpu);
  std::optional<uint64_t> ResumeFrameOf(uint32_t cpu);
  std::optional<ResumeTarget> ResumeTargetOf(uint32_t cpu, const CpuContext& context);

  // world_watch.cc; with mutex_ held
  void SetEntryTrapFlagsLocked(bool on);
  void PrepareWatchLocked();
  void KeepWatchingLocked(uint32_t cpu, CpuContext& context);
  void NoteAccessLocked(uint32_t cpu, const CpuContext& context);
  std::optional<gdb::Point> TakeWatchedLocked(uint32_t cpu);
  void SetResumeTrapFlagLocked(uint32_t cpu, uint64_t root, bool on);
  std::optional<CpuContext> ResumedContextLocked(uint32_t cpu, const CpuContext& context);
  bool WatchResumedLocked(uint32_t cpu, CpuContext& context);
  [[nodiscard]] static uint64_t ResumeStubOf(uint32_t cpu);
  void StartWatchingLocked(uint32_t cpu);
  void HideWatchingLocked(uint32_t cpu);

  DebuggedMachine& machine_;
  const Options options_;

  std::mutex mutex_;
  std::condition_variable changed_;  // a vCPU rests, or the phase has changed
  std::condition_variable watch_wake_;
  Phase phase_ = Phase::kRunning;
  std::array<Cpu, abi::kMaxCpus> cpus_{};
  BreakpointTable breakpoints_;
  HardwarePoints hardware_;
  Watchpoints watchpoints_;
  bool is_watching_memory_ = false;  // every instruction of programs is stepped
  bool is_stepping_kernel_ = false;  // and of the kernel
  uint64_t watched_steps_ = 0;
  std::optional<gdb::StopEvent> stop_;
  std::optional<StopReason> held_end_;    // why the machine will stop when it is let go
  std::optional<gdb::Signal> interrupt_;  // why to gather without anything found
  bool has_client_ = false;
  CallEnd call_end_ = CallEnd::kTrapped;  // CALLING: how it ends, unless it takes too long
  bool has_stray_flags_ = false;          // trap flags of ours may be set in registers that the kernel has put aside
  uint64_t debug_area_ = 0;
  std::chrono::steady_clock::time_point step_deadline_;
  bool watching_ = false;
  bool closing_ = false;

  std::mutex wake_up_mutex_;  // taken after mutex_, or alone; held while the wake-up runs
  std::function<void()> wake_up_;

  dev::ServiceThread watch_;  // last: it uses all of the above
};

}  // namespace vmm
