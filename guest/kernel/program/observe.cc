#include "guest/kernel/program/observe.h"

#include "guest/kernel/arch/physical_map.h"
#include "guest/kernel/drivers/drivers.h"
#include "guest/kernel/sched/clock.h"
#include "guest/kernel/sched/observation.h"
#include "guest/kernel/vm/pmm.h"

namespace gk::program {
namespace {

// 8192 events: the monitor looks every few milliseconds, and an event that matters costs the guest microseconds.
constexpr size_t kRingPages = 64;
constexpr uint64_t kRingEvents = kRingPages * kPageSize / sizeof(abi::GuestEvent);

}  // namespace

void StartObservation(uint32_t wanted) {
  if (wanted == 0) {
    return;
  }
  if ((wanted & (abi::kObserveEvents | abi::kObserveSteps)) != 0) {
    if (const Page* ring = AllocateContiguous(kRingPages, kPageSize); ring != nullptr) {
      RecordEventsIn(arch::PhysicalToVirtual<abi::GuestEvent>(ring->physical_address()), ring->physical_address(),
                     kRingEvents);
      observes_steps = (wanted & abi::kObserveSteps) != 0;
    }
  }
  observation.magic = abi::kObservationMagic;
  observation.version = abi::kObservationVersion;
  observation.size = sizeof(observation);
  observation.clock = static_cast<uint64_t>(CurrentTime());
  drivers::system_control().AnnounceObservation(arch::ImagePhysicalAddress(&observation));
}

}  // namespace gk::program
