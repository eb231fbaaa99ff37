#include "vmm/machine/guest_observation.h"

#include <algorithm>
#include <cstddef>
#include <span>

namespace vmm {
namespace {

// The ring is in RAM, not absurdly long, and its counter can be read as one.
bool HasRing(const dev::GuestMemory& memory, const ObservationNotice& notice, const abi::Observation& header) {
  if (header.events == 0 || header.event_capacity == 0 || header.event_capacity > abi::kMaxEventCapacity) {
    return false;
  }
  const auto ring = dev::GuestRange::Create(header.events, header.event_capacity * sizeof(abi::GuestEvent));
  return ring && memory.Contains(*ring) &&
         memory.Atomic<uint64_t>(notice.address + offsetof(abi::Observation, events_written));
}

}  // namespace

std::optional<GuestObservation> GuestObservation::Create(const dev::GuestMemory& memory,
                                                         const ObservationNotice& notice) {
  abi::Observation header;
  if (!dev::GuestRange::Create(notice.address, sizeof(header)) ||
      !memory.CopyIn(notice.address, std::as_writable_bytes(std::span(&header, 1)))) {
    return std::nullopt;
  }
  if (header.magic != abi::kObservationMagic || header.version != abi::kObservationVersion ||
      header.size < sizeof(header)) {
    return std::nullopt;
  }
  if (!HasRing(memory, notice, header)) {
    header.event_capacity = 0;
  }
  return GuestObservation(memory, notice, header);
}

abi::GuestCounters GuestObservation::counters() const {
  abi::GuestCounters counters = {};
  static_cast<void>(memory_->CopyIn(notice_.address + offsetof(abi::Observation, counters),
                                    std::as_writable_bytes(std::span(&counters, 1))));
  return counters;
}

uint64_t GuestObservation::written() const {
  // Create has looked.
  return memory_->Atomic<uint64_t>(notice_.address + offsetof(abi::Observation, events_written))->LoadAcquire();
}

uint64_t GuestObservation::TakeEvents(std::vector<abi::GuestEvent>& events) {
  const uint64_t capacity = header_.event_capacity;
  if (capacity == 0) {
    return 0;
  }
  const uint64_t end = written();
  if (end < next_) {
    next_ = end;  // a counter that goes back: nonsense, and no more than that
    return 0;
  }
  const uint64_t first = end - next_ > capacity ? end - capacity : next_;
  uint64_t lost = first - next_;
  const size_t before = events.size();
  for (uint64_t number = first; number < end; ++number) {
    abi::GuestEvent event;
    if (memory_->CopyIn(header_.events + number % capacity * sizeof(event),
                        std::as_writable_bytes(std::span(&event, 1)))) {
      events.push_back(event);
    }
  }
  // What the guest has come round to meanwhile may be torn; it writes an event before it counts it.
  const uint64_t now = written();
  const uint64_t intact = now + 1 > capacity ? now + 1 - capacity : 0;
  if (intact > first) {
    const size_t torn = std::min<uint64_t>(intact - first, events.size() - before);
    const auto from = events.begin() + static_cast<std::ptrdiff_t>(before);
    events.erase(from, from + static_cast<std::ptrdiff_t>(torn));
    lost += torn;
  }
  next_ = end;
  return lost;
}

GuestObservation::Clock::time_point GuestObservation::TimeOf(const abi::GuestEvent& event) const {
  constexpr uint64_t kCentury = uint64_t{3'000'000'000} * 1'000'000'000;
  const uint64_t since = event.time > header_.clock ? event.time - header_.clock : 0;
  return notice_.at + std::chrono::nanoseconds(std::min(since, kCentury));
}

}  // namespace vmm
