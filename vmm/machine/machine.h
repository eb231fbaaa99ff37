// A virtual machine: owner of everything that it is made of, and of the one answer to why it stopped.
//
//   CREATED ──Run──▶ RUNNING ──first StopReason──▶ STOPPING ──all vCPUs finished──▶ STOPPED (Run returns)
//
// The first reason to stop wins; whoever finds it throws all vCPUs out of the guest. A vCPU that does not come back in
// bounded time is declared stuck: the machine then cannot be destroyed (its thread cannot be joined), but the process
// can still say so and exit.
//
// Threads: vCPU threads run the guest and carry out its register accesses; devices have threads of their own; the
// thread that calls Run is the control plane. `mutex_` guards what decides about starting and stopping; nothing blocks
// under it.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "devices/core/guest_memory.h"
#include "devices/pager/registry.h"
#include "devices/system_control/system_control.h"
#include "vmm/base/error.h"
#include "vmm/loader/boot_loader.h"
#include "vmm/machine/control_plane.h"
#include "vmm/machine/cpu_state.h"
#include "vmm/machine/debug_agent.h"
#include "vmm/machine/device_set.h"
#include "vmm/machine/exit_counters.h"
#include "vmm/machine/exit_dispatch.h"
#include "vmm/machine/guest_observation.h"
#include "vmm/machine/guest_ram.h"
#include "vmm/machine/host_check.h"
#include "vmm/machine/stop_reason.h"
#include "vmm/machine/user_fault.h"
#include "vmm/machine/vcpu_observer.h"
#include "vmm/machine/vcpu_thread.h"

namespace vmm {

// Whether the guest is told of a debugger (abi::BootInfo): its #DB and #BP then exit to us.
enum class DebuggerPresence { kNone, kPresent };

struct MachineConfig {
  GuestRam ram;
  LoadedGuest guest;  // what LoadGuest put into `ram`
  pager::Registry pagers;
  dev::PortOptions port = {};
  uint32_t cpu_count;  // 1..abi::kMaxCpus
  dev::ConsoleFiles console;
  DebuggerPresence debugger = DebuggerPresence::kNone;
  UserFaultObserver* fault_observer = nullptr;  // outlives the machine; null: nobody wants to hear
  uint32_t observe = 0;                         // abi::kObserve*: what the guest's kernel is to let us watch
  VcpuObserver* vcpu_observer = nullptr;        // as fault_observer
};

// The machine after it stopped.
struct RunOutcome {
  StopReason reason;
  std::vector<CpuState> cpus;  // those that were started, ascending
  dev::LostOutput lost;        // of what the guest wrote to its console
};

class Machine final : public DebuggedMachine, private VcpuHandler, private dev::SystemControlHandler {
 public:
  // Nothing of the guest has run when this returns. Does not refer to `host` later.
  static Result<std::unique_ptr<Machine>> Create(const UsableHost& host, MachineConfig config);
  // Precondition: no vCPU is stuck.
  ~Machine() override;

  // Boots the guest and returns when it has stopped and its output is written out, or can be no more. Once only.
  // Handles SIGINT and SIGTERM meanwhile.
  [[nodiscard]] Result<RunOutcome> Run(std::optional<std::chrono::milliseconds> timeout);

  // Before Run, with DebuggerPresence::kPresent. `agent` outlives the machine's last call of Run.
  void SetDebugAgent(DebugAgent& agent) { agent_ = &agent; }

  // DebuggedMachine
  [[nodiscard]] uint32_t cpu_count() const override { return static_cast<uint32_t>(cpus_.size()); }
  [[nodiscard]] const dev::GuestMemory& memory() const override { return memory_; }
  KvmVcpu& vcpu(uint32_t cpu) override { return cpus_[cpu].thread->vcpu(); }
  void PauseCpu(uint32_t cpu) override { cpus_[cpu].thread->RequestPause(); }
  void ResumeCpu(uint32_t cpu) override { cpus_[cpu].thread->Resume(); }
  [[nodiscard]] uint64_t kernel_root() const override { return kernel_root_.load(std::memory_order_relaxed); }
  void End(StopReason reason) override { StopWith(std::move(reason)); }

  [[nodiscard]] StrayCounters stray_accesses() const { return dispatcher_->stray_accesses(); }
  // By CPU, those that were never started included. Any thread.
  [[nodiscard]] std::vector<ExitCounts> exit_counts() const;
  // What the guest's kernel lets us watch; nullopt: nothing, or nothing yet. Any thread. The machine outlives it.
  [[nodiscard]] std::optional<GuestObservation> observation() const;
  // Requests to SystemControl that made no sense.
  [[nodiscard]] uint64_t ignored_requests() const { return ignored_requests_.load(std::memory_order_relaxed); }

 private:
  struct CpuSlot {
    std::unique_ptr<VcpuThread> thread;
    CpuPhase phase = CpuPhase::kParked;  // guarded by mutex_
    std::unique_ptr<ExitCounters> exits = std::make_unique<ExitCounters>();
  };

  Machine(GuestRam ram, dev::GuestMemory memory, pager::Registry pagers, KvmVm vm)
      : ram_(std::move(ram)), memory_(std::move(memory)), pagers_(std::move(pagers)), vm_(std::move(vm)) {}

  Result<> MapMemory();
  Result<> CreateCpus(const UsableHost& host, abi::BootInfo& info, uint32_t cpu_count);

  // VcpuHandler
  Next OnVcpuExit(uint32_t cpu, kvm_run& run) override;
  void OnVcpuError(uint32_t cpu, const Error& error) override;
  void OnVcpuPaused(uint32_t cpu) override;
  void OnVcpuFinished(uint32_t cpu) override;

  // dev::SystemControlHandler
  void OnExit(uint32_t exit_code) override;
  void OnCpuStart(uint32_t cpu_index) override;
  void OnCpuRoot(uint64_t page_table_root) override;
  void OnCrash(uint64_t report_address) override;
  void OnDebugArea(uint64_t area_address) override;
  void OnCodeMapped(uint64_t record_address) override;
  void OnUserFault(uint64_t report_address) override;
  void OnObservation(uint64_t address) override;

  Result<> StartCpuLocked(uint32_t index);
  void AnnounceStart(uint32_t cpu);
  std::optional<VcpuFailure> DispatchExit(uint32_t cpu, kvm_run& run);
  [[nodiscard]] bool AllFinishedLocked() const;
  // For a call that a vCPU's thread makes.
  [[nodiscard]] uint32_t CallingCpu() const;
  // Any thread. Only the first call decides.
  void StopWith(StopReason reason);
  void OnSignal(int signal);
  void FlushConsole();
  [[nodiscard]] RunOutcome CollectOutcome();
  void LogSummary() const;

  GuestRam ram_;
  dev::GuestMemory memory_;
  pager::Registry pagers_;
  KvmVm vm_;
  std::unique_ptr<DeviceSet> devices_;
  std::optional<ExitDispatcher> dispatcher_;
  std::atomic<uint64_t> ignored_requests_{0};
  ControlPlane control_;
  DebugAgent* agent_ = nullptr;           // constant while vCPUs run
  std::atomic<uint64_t> kernel_root_{0};  // a copy of start_'s for whoever debugs
  UserFaultObserver* fault_observer_ = nullptr;
  VcpuObserver* vcpu_observer_ = nullptr;

  mutable std::mutex mutex_;
  CpuStart start_{};                              // guarded by mutex_; how the next CPU starts, but for its index
  std::optional<StopReason> reason_;              // guarded by mutex_
  std::optional<ObservationNotice> observation_;  // guarded by mutex_
  bool flush_abandoned_ = false;                  // control plane only

  std::vector<CpuSlot> cpus_;  // last: their threads use all of the above
};

}  // namespace vmm
