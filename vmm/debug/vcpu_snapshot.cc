#include "vmm/debug/vcpu_snapshot.h"

#include "vmm/debug/guest_view.h"

namespace vmm {
namespace {

// SDM volume 3A, figure 7-11: RSP0 in the 64-bit TSS.
constexpr uint64_t kTssStackOffset = 4;

}  // namespace

Result<VcpuSnapshot> VcpuSnapshot::Take(const KvmVcpu& vcpu, const dev::GuestMemory& memory) {
  VcpuSnapshot snapshot;
  PAGODA_TRY_ASSIGN(snapshot.registers_, vcpu.GetRegisters());
  PAGODA_TRY_ASSIGN(snapshot.system_, vcpu.GetSystemRegisters());
  PAGODA_TRY_ASSIGN(snapshot.fpu_, vcpu.GetFpu());
  PAGODA_TRY_ASSIGN(snapshot.mp_state_, vcpu.GetMpState());
  PAGODA_TRY_ASSIGN(snapshot.events_, vcpu.GetEvents());
  const GuestView view(memory, snapshot.system_.cr3);
  const auto stack_top = view.ReadValue<uint64_t>(snapshot.system_.tr.base + kTssStackOffset);
  const auto page = stack_top ? view.Translate(*stack_top - base::kPageSize) : std::nullopt;
  if (!page || !memory.CopyIn(*page, snapshot.data_)) {
    return HostFailure(EFAULT, "finding the trap stack of a vCPU");
  }
  snapshot.data_page_ = *page;
  return snapshot;
}

Result<> VcpuSnapshot::Restore(KvmVcpu& vcpu, const dev::GuestMemory& memory) const {
  (void)memory.CopyOut(data_page_, data_);
  PAGODA_TRY(vcpu.SetSystemRegisters(system_));
  PAGODA_TRY(vcpu.SetRegisters(registers_));
  PAGODA_TRY(vcpu.SetFpu(fpu_));
  PAGODA_TRY(vcpu.SetEvents(events_));
  return vcpu.SetMpState(mp_state_.mp_state);
}

}  // namespace vmm
