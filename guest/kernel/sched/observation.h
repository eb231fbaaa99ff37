// What the monitor can watch of this kernel (shared/abi/observation.h): counters, which are always kept because each
// costs one addition, and a ring of events, which there is where the monitor asked for it.
//
// Kernel lock held for every call.
#pragma once

#include <stdint.h>

#include "guest/kernel/arch/types.h"
#include "guest/kernel/sched/clock.h"
#include "shared/abi/observation.h"

namespace gk {

// In the image, so that its guest-physical address is known.
extern constinit abi::Observation observation;

// From here on events are recorded in `ring`, memory for `capacity` of them at guest-physical `address`.
void RecordEventsIn(abi::GuestEvent* ring, PhysicalAddress address, uint64_t capacity);

void RecordEvent(abi::GuestEventKind kind, uint64_t object, uint64_t offset, uint64_t pages);

// One test where nobody watches.
inline void NoteEvent(abi::GuestEventKind kind, uint64_t object, uint64_t offset, uint64_t pages) {
  if (observation.event_capacity != 0) {
    RecordEvent(kind, object, offset, pages);
  }
}

// Whether the steps of each entry into the kernel are events too. Written at boot only.
extern constinit bool observes_steps;

// An event that happened at `time`.
void RecordStep(abi::GuestEventKind kind, uint64_t object, zx_time_t time);

// One test where nobody watches.
inline void NoteStep(abi::GuestEventKind kind, uint64_t object = 0) {
  if (observes_steps) [[unlikely]] {
    RecordStep(kind, object, CurrentTime());
  }
}

}  // namespace gk
