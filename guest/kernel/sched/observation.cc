#include "guest/kernel/sched/observation.h"

#include "guest/kernel/arch/cpu.h"
#include "guest/kernel/sched/cpu.h"

namespace gk {

constinit abi::Observation observation = {};
constinit bool observes_steps = false;

namespace {

constinit abi::GuestEvent* events = nullptr;

void Append(const abi::GuestEvent& event) {
  const uint64_t number = observation.events_written;
  events[number % observation.event_capacity] = event;
  // ORDER: release; the monitor reads the event after it has seen the count.
  __atomic_store_n(&observation.events_written, number + 1, __ATOMIC_RELEASE);
}

}  // namespace

void RecordEventsIn(abi::GuestEvent* ring, PhysicalAddress address, uint64_t capacity) {
  events = ring;
  observation.events = address;
  observation.event_capacity = capacity;
}

void RecordEvent(abi::GuestEventKind kind, uint64_t object, uint64_t offset, uint64_t pages) {
  Append({.time = static_cast<uint64_t>(CurrentTime()),
          .object = object,
          .offset = offset,
          .pages = static_cast<uint32_t>(pages),
          .kind = kind,
          .cpu = static_cast<uint16_t>(arch::CurrentCpu().index)});
}

void RecordStep(abi::GuestEventKind kind, uint64_t object, zx_time_t time) {
  Append({.time = static_cast<uint64_t>(time),
          .object = object,
          .offset = 0,
          .pages = 0,
          .kind = kind,
          .cpu = static_cast<uint16_t>(arch::CurrentCpu().index)});
}

}  // namespace gk
