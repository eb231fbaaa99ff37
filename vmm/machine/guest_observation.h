// What the guest's kernel lets us watch (shared/abi/observation.h), read while it runs.
//
// All of it is the guest's and may be anything: the numbers are only ever shown, the ring's place is checked, and each
// event is copied once. Threads: counters from any; TakeEvents from one at a time.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

#include "devices/core/guest_memory.h"
#include "shared/abi/observation.h"

namespace vmm {

// Where the guest said that it is, and when.
struct ObservationNotice {
  uint64_t address;
  std::chrono::steady_clock::time_point at;
};

class GuestObservation {
 public:
  using Clock = std::chrono::steady_clock;

  // nullopt when there is no abi::Observation of this version at that place. `memory` outlives this object.
  static std::optional<GuestObservation> Create(const dev::GuestMemory& memory, const ObservationNotice& notice);

  [[nodiscard]] abi::GuestCounters counters() const;

  // Appends the events since the last call, oldest first; returns how many were overwritten before they could be read.
  uint64_t TakeEvents(std::vector<abi::GuestEvent>& events);
  // When an event happened, at most some tens of microseconds off; never before the guest's kernel came up.
  [[nodiscard]] Clock::time_point TimeOf(const abi::GuestEvent& event) const;

 private:
  GuestObservation(const dev::GuestMemory& memory, const ObservationNotice& notice, const abi::Observation& header)
      : memory_(&memory), notice_(notice), header_(header) {}
  [[nodiscard]] uint64_t written() const;

  const dev::GuestMemory* memory_;
  ObservationNotice notice_;
  abi::Observation header_;  // as it was at first; the counters in it are old
  uint64_t next_ = 0;        // number of the next event to take
};

}  // namespace vmm
