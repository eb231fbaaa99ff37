#include "vmm/kvm/kvm_vcpu.h"

#include <sys/mman.h>

#include <algorithm>
#include <atomic>
#include <utility>

#include "vmm/kvm/ioctl.h"
#include "vmm/kvm/kvm_table.h"

namespace vmm {

Result<KvmVcpu> KvmVcpu::Create(UniqueFd fd, size_t run_size) {
  void* run = mmap(nullptr, run_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd.get(), 0);
  if (run == MAP_FAILED) {
    return HostFailure(errno, "mapping a vCPU's kvm_run");
  }
  return KvmVcpu(std::move(fd), static_cast<kvm_run*>(run), run_size);
}

KvmVcpu::KvmVcpu(KvmVcpu&& other) noexcept
    : fd_(std::move(other.fd_)), run_(std::exchange(other.run_, nullptr)), run_size_(other.run_size_) {}

KvmVcpu::~KvmVcpu() {
  if (run_ != nullptr) {
    munmap(run_, run_size_);
  }
}

Result<> KvmVcpu::SetCpuid(std::span<const kvm_cpuid_entry2> entries) {
  if (entries.size() > kMaxCpuidEntries) {
    return HostFailure(E2BIG, "KVM_SET_CPUID2");
  }
  const KvmCpuidTable table = KvmCpuidTable::Holding(entries);
  PAGODA_TRY(KvmIoctl(fd_, kSetCpuid2, &table, "KVM_SET_CPUID2"));
  return {};
}

Result<kvm_regs> KvmVcpu::GetRegisters() const {
  kvm_regs registers = {};
  PAGODA_TRY(KvmIoctl(fd_, KVM_GET_REGS, &registers, "KVM_GET_REGS"));
  return registers;
}

Result<> KvmVcpu::SetRegisters(const kvm_regs& registers) {
  PAGODA_TRY(KvmIoctl(fd_, KVM_SET_REGS, &registers, "KVM_SET_REGS"));
  return {};
}

Result<kvm_sregs> KvmVcpu::GetSystemRegisters() const {
  kvm_sregs registers = {};
  PAGODA_TRY(KvmIoctl(fd_, KVM_GET_SREGS, &registers, "KVM_GET_SREGS"));
  return registers;
}

Result<> KvmVcpu::SetSystemRegisters(const kvm_sregs& registers) {
  PAGODA_TRY(KvmIoctl(fd_, KVM_SET_SREGS, &registers, "KVM_SET_SREGS"));
  return {};
}

Result<kvm_mp_state> KvmVcpu::GetMpState() const {
  kvm_mp_state state = {};
  PAGODA_TRY(KvmIoctl(fd_, KVM_GET_MP_STATE, &state, "KVM_GET_MP_STATE"));
  return state;
}

Result<> KvmVcpu::SetMpState(uint32_t state) {
  kvm_mp_state request = {state};
  PAGODA_TRY(KvmIoctl(fd_, KVM_SET_MP_STATE, &request, "KVM_SET_MP_STATE"));
  return {};
}

Result<kvm_fpu> KvmVcpu::GetFpu() const {
  kvm_fpu fpu = {};
  PAGODA_TRY(KvmIoctl(fd_, KVM_GET_FPU, &fpu, "KVM_GET_FPU"));
  return fpu;
}

Result<> KvmVcpu::SetFpu(const kvm_fpu& fpu) {
  PAGODA_TRY(KvmIoctl(fd_, KVM_SET_FPU, &fpu, "KVM_SET_FPU"));
  return {};
}

Result<kvm_vcpu_events> KvmVcpu::GetEvents() const {
  kvm_vcpu_events events = {};
  PAGODA_TRY(KvmIoctl(fd_, KVM_GET_VCPU_EVENTS, &events, "KVM_GET_VCPU_EVENTS"));
  return events;
}

Result<> KvmVcpu::SetEvents(const kvm_vcpu_events& events) {
  PAGODA_TRY(KvmIoctl(fd_, KVM_SET_VCPU_EVENTS, &events, "KVM_SET_VCPU_EVENTS"));
  return {};
}

Result<kvm_debugregs> KvmVcpu::GetDebugRegisters() const {
  kvm_debugregs registers = {};
  PAGODA_TRY(KvmIoctl(fd_, KVM_GET_DEBUGREGS, &registers, "KVM_GET_DEBUGREGS"));
  return registers;
}

Result<> KvmVcpu::SetDebugRegisters(const kvm_debugregs& registers) {
  PAGODA_TRY(KvmIoctl(fd_, KVM_SET_DEBUGREGS, &registers, "KVM_SET_DEBUGREGS"));
  return {};
}

Result<> KvmVcpu::SetGuestDebug(const kvm_guest_debug& debug) {
  PAGODA_TRY(KvmIoctl(fd_, KVM_SET_GUEST_DEBUG, &debug, "KVM_SET_GUEST_DEBUG"));
  return {};
}

uint64_t KvmVcpu::TscKhz() const {
  const int khz = ioctl(fd_.get(), KVM_GET_TSC_KHZ, 0);
  return khz > 0 ? static_cast<uint64_t>(khz) : 0;
}

int KvmVcpu::Run() { return ioctl(fd_.get(), KVM_RUN, 0) < 0 ? errno : 0; }

void KvmVcpu::RequestExit() const {
  // ORDER: release, so that whatever led to the request is visible to the thread that sees its Run return.
  std::atomic_ref<uint8_t>(run_->immediate_exit).store(1, std::memory_order_release);
}

void KvmVcpu::WithdrawExit() const {
  // ORDER: relaxed; whoever decides between the two holds a lock.
  std::atomic_ref<uint8_t>(run_->immediate_exit).store(0, std::memory_order_relaxed);
}

}  // namespace vmm
