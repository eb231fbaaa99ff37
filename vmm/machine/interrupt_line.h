// A device's interrupt: an eventfd that KVM turns into a message-signalled interrupt, without waking the monitor.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "devices/core/event_fd.h"
#include "devices/core/interrupt_line.h"
#include "vmm/base/error.h"
#include "vmm/kvm/kvm_vm.h"

namespace vmm {

class KvmInterruptLine final : public dev::InterruptLine {
 public:
  // Binds the line to `gsi`, which RouteInterrupts has to route to a vector as well, in either order.
  static Result<std::unique_ptr<KvmInterruptLine>> Create(KvmVm& vm, uint32_t gsi);

  void Raise() override { event_.Signal(); }

 private:
  explicit KvmInterruptLine(dev::EventFd event) : event_(std::move(event)) {}

  dev::EventFd event_;
};

// Makes GSI number n an edge interrupt with vector `vectors[n]` to the CPU with APIC id 0. Replaces all routes.
Result<> RouteInterrupts(KvmVm& vm, std::span<const uint32_t> vectors);

}  // namespace vmm
