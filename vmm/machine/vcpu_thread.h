// One vCPU and the thread that runs it.
//
//   PARKED ──Start──▶ RUNNING ──▶ FINISHED        RequestStop, a handler that says so, or an error ends RUNNING
//
// A parked vCPU has no thread: most machines never start all of theirs, and a thread costs more than a flag.
//
// Stopping is free of races without a lock: RequestStop first sets kvm_run.immediate_exit and then sends a signal. A
// thread that has not entered KVM yet sees the flag there; one inside the guest is thrown out by the signal. Either way
// KVM first completes the access that the last exit was about, so that registers read afterwards are whole.
#pragma once

#include <pthread.h>

#include <atomic>
#include <cstdint>

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

  enum class Next { kRun, kFinish };
  // KVM_RUN returned with an exit, which `run` describes.
  virtual Next OnVcpuExit(uint32_t cpu, kvm_run& run) = 0;
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

  // Precondition: parked. `start.index` is this vCPU's.
  Result<> Start(const CpuStart& start);

  // Precondition: Start succeeded. Any thread, any number of times; returns at once.
  void RequestStop();

  // Precondition: parked or finished.
  [[nodiscard]] const KvmVcpu& vcpu() const { return vcpu_; }
  [[nodiscard]] KvmVcpu& vcpu() { return vcpu_; }

 private:
  void Loop(const CpuStart& start);
  [[nodiscard]] Result<> SetStartState(const CpuStart& start);

  const uint32_t index_;
  KvmVcpu vcpu_;
  VcpuHandler& handler_;
  std::atomic<bool> stop_requested_{false};
  pthread_t thread_id_{};  // valid once has_thread_id_
  std::atomic<bool> has_thread_id_{false};
  dev::ServiceThread thread_;  // last: it uses all of the above
};

}  // namespace vmm
