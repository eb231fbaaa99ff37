// What the guest kernel lets the monitor watch while it runs: counters, and, where they were asked for, events.
//
// The monitor says in BootInfo::observe what it wants. The kernel then writes the guest-physical address of an
// Observation to SystemControl's register for it, once, and keeps the structure up to date from then on; the monitor
// only reads. Nothing depends on any of it: a monitor that reads nonsense shows nonsense.
//
// The counters are plain integers that grow. They are written one by one, so what is read together need not belong
// together.
//
// The events are a ring that is never full: event number n is at n % event_capacity, and is overwritten by number
// n + event_capacity. The kernel writes an event, then (release) `events_written`. Whoever reads an event and finds
// afterwards that `events_written` has come within `event_capacity` of overwriting it has lost that event.
//
// Fields are only ever appended; `size` grows with them, `version` changes when the meaning of one does.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "shared/abi/boot_info.h"
#include "shared/abi/namespace.h"

namespace pagoda::abi {

inline constexpr uint64_t kObservationMagic = 0x31766573624f6750;  // "PgObsev1"
inline constexpr uint32_t kObservationVersion = 1;

// More than this is no ring that a monitor would read.
inline constexpr uint64_t kMaxEventCapacity = uint64_t{1} << 20;

enum class GuestEventKind : uint16_t {
  kFault = 1,       // a program touched page `offset` of `object`, which was not mapped
  kWriteFault = 2,  // the same, to write
  kEvict = 3,       // `pages` from `offset` on were given up
  kIdle = 4,        // the CPU has nothing to do
  kBusy = 5,        // it has again
  // The steps of an entry into the kernel, where kObserveSteps asked for them. What comes between kEntered and kLeft of
  // one CPU belongs together, unless a thread waited. A page fault that asks a pager has all of them, in this order.
  kEntered = 6,    // the kernel's first moment; `object`: the vector, or for system calls what the nucleus has for one
  kLocked = 7,     // and has its lock
  kAsks = 8,       // what is missing is known, and a request for it begins to be put together for `object`
  kAsked = 9,      // it is about to be shown to the device
  kAnswered = 10,  // the answer has been seen
  kHandled = 11,   // the page is mapped, or the system call done
  kLeft = 12,      // about to give the lock back and the CPU to the program
};

struct GuestEvent {
  uint64_t time;    // the kernel's clock, ns
  uint64_t object;  // as given by the port device's kOpen; kIdle, kBusy: 0
  uint64_t offset;  // bytes, page-aligned
  uint32_t pages;
  GuestEventKind kind;
  uint16_t cpu;  // index
};

struct GuestCounters {
  uint64_t program_faults;  // page faults of programs
  uint64_t copy_faults;     // pages that system calls had to bring in to reach a program's memory
  uint64_t evicted_pages;   // given up because memory was short: the source is asked again
  uint64_t syscalls;
  uint64_t interrupts;
  uint64_t halts;    // times that a CPU went idle
  uint64_t idle_ns;  // of all CPUs, up to the last time each became busy
};

struct Observation {
  uint64_t magic;    // kObservationMagic
  uint32_t version;  // kObservationVersion
  uint32_t size;     // of this structure, bytes
  uint64_t clock;    // the kernel's clock at the write to the register, ns: relates event times to the monitor's
  uint64_t events;   // guest-physical address of the ring; 0: there is none
  uint64_t event_capacity;
  uint64_t events_written;
  GuestCounters counters;
};

static_assert(sizeof(GuestEvent) == 32);
static_assert(sizeof(GuestCounters) == 7 * 8);
static_assert(offsetof(Observation, events_written) == 40);
static_assert(sizeof(Observation) == 48 + sizeof(GuestCounters));

}  // namespace pagoda::abi
