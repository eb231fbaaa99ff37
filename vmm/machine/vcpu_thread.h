// One vCPU and the thread that runs it.
//
//              ┌────────Resume────────┐
//              ▼                      │
//   PARKED ──Start──▶ RUNNING ──▶ PAUSED      RequestPause, or a handler that says so
//                        └────────────┴──▶ FINISHED      RequestStop; from RUNNING also a handler or an error
//
// A parked vCPU has no thread: most machines never start all of theirs, and a thread costs more than a flag. A paused
// one sleeps in its thread, so that it goes on in microseconds.
//
// Leaving the guest is free of races: RequestPause and RequestStop first set kvm_run.immediate_exit and then send a
// signal. A thread that has not entered KVM yet sees the flag there; one inside the guest is thrown out by the signal.
// Either way KVM first completes the access that the last exit was about, so that registers read afterwards are whole.
#pragma once

#include <pthread.h>

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>

#include "devices/core/service_thread.h"
#include "vmm/arch/x86_64/start_state.h"
#include "vmm/base/error.h"
#include "vmm/kvm/kvm_vcpu.h"

namespace vmm {

// Called in the vCPU's thread.
class VcpuHandler {
 public:
  VcpuHandler() = default;
  VcpuHandler(const VcpuHandler&) = delete;
  VcpuHandler& operator=(const VcpuHandler&) = delete;
  virtual ~VcpuHandler() = default;

  enum class Next { kRun, kPause, kFinish };
  // KVM_RUN returned with an exit, which `run` describes.
  virtual Next OnVcpuExit(uint32_t cpu, kvm_run& run) = 0;
  // The vCPU is about to sleep until Resume or RequestStop, which may come from within: its registers are anybody's
  // until then. Called once for each time.
  virtual void OnVcpuPaused(uint32_t cpu) = 0;
  // KVM_RUN (or a step before it) failed; the vCPU is finished.
  virtual void OnVcpuError(uint32_t cpu, const Error& error) = 0;
  // The last call: the vCPU's registers may now be read by anybody.
  virtual void OnVcpuFinished(uint32_t cpu) = 0;
};

class VcpuThread {
 public:
  // `handler` outlives this object.
  VcpuThread(uint32_t index, KvmVcpu vcpu, VcpuHandler& handler)
      : index_(index), vcpu_(std::move(vcpu)), handler_(handler) {}
  VcpuThread(const VcpuThread&) = delete;
  VcpuThread& operator=(const VcpuThread&) = delete;
  // Precondition: parked or finished, or RequestStop has been called; waits for the thread.
  ~VcpuThread() = default;

  // Precondition: parked. `start.index` is this vCPU's. After RequestPause it pauses before its first instruction.
  Result<> Start(const CpuStart& start);

  // The rest: any thread, any number of times; they return at once.

  // Leads to OnVcpuPaused, unless Resume is faster or the vCPU finishes.
  void RequestPause();
  // Lets a paused vCPU go on, and takes a RequestPause back that has not been obeyed yet.
  void Resume();
  // Leads to OnVcpuFinished, once started. Beats the other two.
  void RequestStop();

  // Whether the caller is this vCPU's thread.
  [[nodiscard]] bool IsCaller() const;

  // Precondition: parked, paused, finished, or the caller is its thread.
  [[nodiscard]] const KvmVcpu& vcpu() const { return vcpu_; }
  [[nodiscard]] KvmVcpu& vcpu() { return vcpu_; }

 private:
  enum class Order { kRun, kPause, kFinish };

  void Loop(const CpuStart& start);
  [[nodiscard]] Result<> SetStartState(const CpuStart& start);
  // Runs until the next exit and deals with it; false: finished.
  [[nodiscard]] bool RunOnce();
  // Something interrupted Run; false: finished.
  [[nodiscard]] bool ObeyOrder();
  void GiveOrderLocked(Order order);

  const uint32_t index_;
  KvmVcpu vcpu_;
  VcpuHandler& handler_;

  mutable std::mutex mutex_;  // guards what follows and writes of immediate_exit; nothing is called under it
  std::condition_variable resumed_;
  Order order_ = Order::kRun;
  uint64_t resumes_ = 0;  // how often Resume or RequestStop was called: a pause ends when this changes
  std::optional<pthread_t> thread_id_;

  dev::ServiceThread thread_;  // last: it uses all of the above
};

}  // namespace vmm
