#include "vmm/machine/interrupt_line.h"

#include <vector>

namespace vmm {
namespace {

// SDM 3A, section 10.11: physical destination 0 in bits 19:12; the data of an edge interrupt is its vector.
constexpr uint32_t kMessageAddress = 0xfee0'0000;

kvm_irq_routing_entry MessageRoute(uint32_t gsi, uint32_t vector) {
  kvm_irq_routing_entry entry = {};
  entry.gsi = gsi;
  entry.type = KVM_IRQ_ROUTING_MSI;
  entry.u.msi.address_lo = kMessageAddress;
  entry.u.msi.data = vector;
  return entry;
}

}  // namespace

Result<std::unique_ptr<KvmInterruptLine>> KvmInterruptLine::Create(KvmVm& vm, uint32_t gsi) {
  auto event = dev::EventFd::Create();
  if (!event.ok()) {
    return base::Failure{Error(kExitHostFailure, event.error().message)};
  }
  PAGODA_TRY(vm.AssignIrqFd(event.value().fd(), gsi));
  return std::unique_ptr<KvmInterruptLine>(new KvmInterruptLine(std::move(event).value()));
}

Result<> RouteInterrupts(KvmVm& vm, std::span<const uint32_t> vectors) {
  std::vector<kvm_irq_routing_entry> routes;
  for (const uint32_t vector : vectors) {
    routes.push_back(MessageRoute(static_cast<uint32_t>(routes.size()), vector));
  }
  return vm.SetGsiRouting(routes);
}

}  // namespace vmm
