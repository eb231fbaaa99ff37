// One virtual CPU of KVM: its registers, and the structure through which KVM reports exits.
//
// Thread: all methods belong to the thread that runs the vCPU, or to anybody while none does; RequestExit is for any
// thread at any time.
#pragma once

#include <linux/kvm.h>

#include <cstddef>
#include <cstdint>
#include <span>

#include "vmm/base/error.h"
#include "vmm/base/unique_fd.h"

namespace vmm {

class KvmVcpu {
 public:
  // Maps the `run_size` bytes that KVM shares with us.
  static Result<KvmVcpu> Create(UniqueFd fd, size_t run_size);

  KvmVcpu(KvmVcpu&& other) noexcept;
  KvmVcpu& operator=(KvmVcpu&&) = delete;
  ~KvmVcpu();

  [[nodiscard]] Result<> SetCpuid(std::span<const kvm_cpuid_entry2> entries);
  [[nodiscard]] Result<kvm_regs> GetRegisters() const;
  [[nodiscard]] Result<> SetRegisters(const kvm_regs& registers);
  [[nodiscard]] Result<kvm_sregs> GetSystemRegisters() const;
  [[nodiscard]] Result<> SetSystemRegisters(const kvm_sregs& registers);
  [[nodiscard]] Result<kvm_mp_state> GetMpState() const;
  [[nodiscard]] Result<> SetMpState(uint32_t state);
  [[nodiscard]] Result<kvm_fpu> GetFpu() const;
  [[nodiscard]] Result<> SetFpu(const kvm_fpu& fpu);
  [[nodiscard]] Result<kvm_vcpu_events> GetEvents() const;
  [[nodiscard]] Result<> SetEvents(const kvm_vcpu_events& events);
  [[nodiscard]] Result<kvm_debugregs> GetDebugRegisters() const;
  [[nodiscard]] Result<> SetDebugRegisters(const kvm_debugregs& registers);
  // KVM_SET_GUEST_DEBUG: what KVM itself stops for, with KVM_EXIT_DEBUG.
  [[nodiscard]] Result<> SetGuestDebug(const kvm_guest_debug& debug);

  // KVM_GET_TSC_KHZ; 0 where KVM does not know.
  [[nodiscard]] uint64_t TscKhz() const;

  // KVM_RUN: 0 when the guest exited (see `run`), else errno; EINTR after a signal or RequestExit.
  [[nodiscard]] int Run();

  // Makes the next (or, together with a signal to its thread, the current) Run return EINTR. KVM document, section 5,
  // immediate_exit.
  void RequestExit() const;
  // Takes that back. Precondition: Run is not executing.
  void WithdrawExit() const;

  // Shared with KVM while Run is executing. It is written by KVM, never by the guest, so it needs no private copy.
  [[nodiscard]] kvm_run& run() { return *run_; }

 private:
  KvmVcpu(UniqueFd fd, kvm_run* run, size_t run_size) : fd_(std::move(fd)), run_(run), run_size_(run_size) {}

  UniqueFd fd_;
  kvm_run* run_;
  size_t run_size_;
};

}  // namespace vmm
