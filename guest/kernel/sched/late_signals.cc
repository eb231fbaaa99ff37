#include "guest/kernel/sched/late_signals.h"

#include <bit>
#include <span>

#include "guest/kernel/arch/cpu.h"
#include "guest/kernel/arch/mmio.h"

namespace gk {

// Rung already: once is enough, for the device has not been told yet. More bells than there is room for: at once.
void LateSignals::Ring(VirtualAddress doorbell, uint32_t value) {
  for (const Bell& bell : std::span(bells_).first(bell_count_)) {
    if (bell.doorbell == doorbell && bell.value == value) {
      return;
    }
  }
  if (bell_count_ == kBells) {
    arch::WriteRegister32(doorbell, value);
    return;
  }
  bells_[bell_count_++] = {.doorbell = doorbell, .value = value};
}

void LateSignals::Forget(VirtualAddress doorbell) {
  const auto rung = std::span(bells_).first(bell_count_);
  bell_count_ = 0;
  for (const Bell& bell : rung) {
    if (bell.doorbell != doorbell) {
      bells_[bell_count_++] = bell;
    }
  }
}

// Devices first: they work while the CPUs are on their way.
void LateSignals::Send() const {
  for (const Bell& bell : std::span(bells_).first(bell_count_)) {
    arch::WriteRegister32(bell.doorbell, bell.value);
  }
  for (CpuMask left = cpus_; left != 0; left &= left - 1) {
    arch::InterruptCpu(static_cast<uint32_t>(std::countr_zero(left)));
  }
}

}  // namespace gk
