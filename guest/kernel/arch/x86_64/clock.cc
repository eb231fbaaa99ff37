#include "guest/kernel/arch/x86_64/clock.h"

#include <string.h>

#include "guest/kernel/arch/x86_64/nucleus.h"
#include "guest/kernel/sched/clock.h"

namespace gk {
namespace {

constexpr uint32_t kMsrKvmSystemTime = 0x4b564d01;
constexpr uint32_t kKvmFeatureClockSource2 = 1 << 3;
constexpr uint64_t kSystemTimeEnabled = 1;

// struct pvclock_vcpu_time_info, KVM document.
struct KvmTime {
  uint32_t version;
  uint32_t pad;
  uint64_t tsc_timestamp;
  uint64_t system_time;
  uint32_t tsc_to_system_mul;
  int8_t tsc_shift;
  uint8_t flags;
  uint8_t pad2[2];
};
static_assert(sizeof(KvmTime) == 32);

constinit abi::VdsoData parameters = {};

// (value << shift) * multiplier >> 32, without losing the upper bits of the product.
uint64_t Scale(uint64_t value, int32_t shift, uint32_t multiplier) {
  const uint64_t shifted = shift >= 0 ? value << shift : value >> -shift;
  return static_cast<uint64_t>((static_cast<unsigned __int128>(shifted) * multiplier) >> 32);
}

// The line as KVM describes it for this CPU. KVM may rewrite it (an odd version: it is being written), but with a
// stable TSC every later line runs through the same points, so it is read once.
abi::VdsoData ReadKvmClock(arch::PerCpu& cpu) {
  NucleusWriteMsr(kMsrKvmSystemTime, arch::ImagePhysicalAddress(cpu.time_page) | kSystemTimeEnabled);
  const volatile KvmTime* shared = reinterpret_cast<const volatile KvmTime*>(cpu.time_page);
  for (;;) {
    const uint32_t version = shared->version;
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    const abi::VdsoData data{.base_tsc = shared->tsc_timestamp,
                             .base_ns = static_cast<int64_t>(shared->system_time),
                             .multiplier = shared->tsc_to_system_mul,
                             .shift = shared->tsc_shift,
                             .ticks_per_second = 0};
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    if (version == shared->version && (version & 1) == 0) {
      return data;
    }
  }
}

abi::VdsoData FromFrequency(uint64_t tsc_khz) {
  // ns = ticks * 10^6 / kHz; 32 fraction bits hold the quotient for every TSC above 1 MHz.
  return abi::VdsoData{.base_tsc = __builtin_ia32_rdtsc(),
                       .base_ns = 0,
                       .multiplier = static_cast<uint32_t>((uint64_t{1'000'000} << 32) / tsc_khz),
                       .shift = 0,
                       .ticks_per_second = 0};
}

uint64_t TicksPerSecond(const abi::VdsoData& data) {
  // ticks = ns << 32 / multiplier, undone by the shift.
  const uint64_t ticks = static_cast<uint64_t>((static_cast<unsigned __int128>(1'000'000'000) << 32) / data.multiplier);
  return data.shift >= 0 ? ticks >> data.shift : ticks << -data.shift;
}

}  // namespace

zx_time_t CurrentTime() {
  const uint64_t now = __builtin_ia32_rdtsc();
  const uint64_t ticks = now > parameters.base_tsc ? now - parameters.base_tsc : 0;
  return parameters.base_ns + static_cast<int64_t>(Scale(ticks, parameters.shift, parameters.multiplier));
}

abi::VdsoData ClockParameters() { return parameters; }

namespace arch {

void StartClock(PerCpu& cpu, const abi::BootInfo& boot) {
  parameters = (boot.kvm_features & kKvmFeatureClockSource2) != 0
                   ? ReadKvmClock(cpu)
                   : FromFrequency(boot.tsc_khz != 0 ? boot.tsc_khz : 2'000'000);
  parameters.ticks_per_second = TicksPerSecond(parameters);
}

uint64_t TscAt(zx_time_t time) {
  const zx_time_t now = CurrentTime();
  const uint64_t tsc = __builtin_ia32_rdtsc();
  if (time <= now) {
    return tsc;
  }
  const auto wait = static_cast<unsigned __int128>(static_cast<uint64_t>(time - now));
  const auto ticks = wait * parameters.ticks_per_second / 1'000'000'000;
  return ticks > (uint64_t{1} << 62) ? tsc + (uint64_t{1} << 62) : tsc + static_cast<uint64_t>(ticks);
}

}  // namespace arch
}  // namespace gk
