#include "guest/kernel/arch/x86_64/apic.h"

#include <atomic>

#include "guest/kernel/arch/cpu.h"
#include "guest/kernel/arch/x86_64/clock.h"
#include "guest/kernel/arch/x86_64/nucleus.h"
#include "guest/kernel/sched/clock.h"
#include "guest/nucleus/layout.h"

namespace gk::arch {
namespace {

// x2APIC register MSRs, SDM table 11-6.
constexpr uint32_t kMsrEndOfInterrupt = 0x80b;
constexpr uint32_t kMsrSpuriousVector = 0x80f;
constexpr uint32_t kMsrInService = 0x810;  // the first of eight, 32 vectors each
constexpr uint32_t kMsrInterruptCommand = 0x830;
constexpr uint32_t kMsrTimerVector = 0x832;
constexpr uint32_t kMsrTimerInitialCount = 0x838;
constexpr uint32_t kMsrTimerDivide = 0x83e;
constexpr uint32_t kMsrTscDeadline = 0x6e0;

constexpr uint64_t kSoftwareEnable = 1 << 8;
constexpr uint64_t kTimerTscDeadline = 2 << 17;
constexpr uint64_t kDivideByOne = 0b1011;

// KVM document, "MSR_KVM_PV_EOI_EN".
constexpr uint32_t kMsrKvmPvEoi = 0x4b564d04;
constexpr uint32_t kKvmFeaturePvEoi = 1 << 6;
constexpr uint64_t kPvEoiEnabled = 1;

bool tsc_deadline_timer = false;

// Who ends interrupts that KVM's flag does not end. A software KVM may end them itself as it injects them; then our
// write would end nothing, for the price of a trap, for each interrupt. The first interrupt tells.
enum class Ending : uint8_t { kUnknown, kByUs, kByHost };
constinit Ending ending = Ending::kUnknown;

bool IsInService(uint64_t vector) {
  return (NucleusReadMsr(kMsrInService + static_cast<uint32_t>(vector / 32)) >> (vector % 32) & 1) != 0;
}

}  // namespace

void StartApic(PerCpu& cpu, const abi::BootInfo& boot) {
  NucleusWriteMsr(kMsrSpuriousVector, kSoftwareEnable | NUCLEUS_VECTOR_SPURIOUS);
  tsc_deadline_timer = (boot.cpu_features & abi::kCpuFeatureTscDeadline) != 0;
  if (tsc_deadline_timer) {
    NucleusWriteMsr(kMsrTimerVector, kTimerTscDeadline | NUCLEUS_VECTOR_TIMER);
  } else {
    NucleusWriteMsr(kMsrTimerVector, NUCLEUS_VECTOR_TIMER);  // one-shot
    NucleusWriteMsr(kMsrTimerDivide, kDivideByOne);
  }
  if ((boot.kvm_features & kKvmFeaturePvEoi) != 0) {
    NucleusWriteMsr(kMsrKvmPvEoi, ImagePhysicalAddress(&cpu.paravirtual_eoi) | kPvEoiEnabled);
  }
}

void EndInterrupt(PerCpu& cpu, uint64_t vector) {
  // KVM sets bit 0 when it injects an interrupt that needs no more than this bit cleared; where it could not (another
  // interrupt is waiting), the bit is clear and the register must be written.
  if ((std::atomic_ref(cpu.paravirtual_eoi).fetch_and(~1u) & 1) != 0) {
    return;
  }
  if (ending == Ending::kUnknown) {
    ending = IsInService(vector) ? Ending::kByUs : Ending::kByHost;
  }
  if (ending == Ending::kByUs) {
    NucleusWriteMsr(kMsrEndOfInterrupt, 0);
  }
}

void SetTimer(zx_time_t deadline) {
  if (tsc_deadline_timer) {
    NucleusWriteMsr(kMsrTscDeadline, deadline == ZX_TIME_INFINITE ? 0 : TscAt(deadline));
    return;
  }
  // KVM's APIC bus runs at 1 GHz: one count is one nanosecond (APIC_BUS_CYCLE_NS). The count is 32 bits wide; a timer
  // that fires early is set again.
  uint64_t count = 0;
  if (deadline != ZX_TIME_INFINITE) {
    const zx_time_t now = CurrentTime();
    const uint64_t distance = deadline > now ? static_cast<uint64_t>(deadline - now) : 1;
    count = distance < UINT32_MAX ? distance : UINT32_MAX;
  }
  NucleusWriteMsr(kMsrTimerInitialCount, count);
}

void InterruptCpu(uint32_t index) {
  // Fixed delivery to one CPU; the APIC id is the index (boot_info.h).
  NucleusWriteMsr(kMsrInterruptCommand, (uint64_t{index} << 32) | NUCLEUS_VECTOR_IPI);
}

}  // namespace gk::arch
