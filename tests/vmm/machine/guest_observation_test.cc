// What a guest lets us watch may be anything: the place is checked, the ring is read once, nothing is believed.
#include "vmm/machine/guest_observation.h"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

#include "tests/devices/support/test_memory.h"

namespace vmm {
namespace {

constexpr uint64_t kCapacity = 8;

class GuestObservationTest : public testing::Test {
 protected:
  GuestObservationTest() {
    header_.counters.program_faults = 3;
    memory_.Store(place_, header_);
  }

  std::optional<GuestObservation> Create(uint64_t place) {
    return GuestObservation::Create(memory_.guest(), {.address = place, .at = {}});
  }
  std::optional<GuestObservation> CreateWith(const abi::Observation& header) {
    memory_.Store(place_, header);
    return Create(place_);
  }
  // The guest writes events up to number `end`.
  void WriteUpTo(uint64_t end) {
    for (; written_ < end; ++written_) {
      memory_.Store(
          ring_ + written_ % kCapacity * sizeof(abi::GuestEvent),
          abi::GuestEvent{
              .time = 0, .object = written_, .offset = 0, .pages = 0, .kind = abi::GuestEventKind::kFault, .cpu = 0});
    }
    SetWritten(end);
  }
  void SetWritten(uint64_t count) { memory_.Store(place_ + offsetof(abi::Observation, events_written), count); }

  test::TestMemory memory_;
  uint64_t place_ = memory_.Allocate(4096);
  uint64_t ring_ = memory_.Allocate(4096);
  uint64_t written_ = 0;
  abi::Observation header_ = {.magic = abi::kObservationMagic,
                              .version = abi::kObservationVersion,
                              .size = sizeof(abi::Observation),
                              .clock = 1000,
                              .events = ring_,
                              .event_capacity = kCapacity,
                              .events_written = 0,
                              .counters = {}};
};

TEST_F(GuestObservationTest, CountersAreReadAnew) {
  const auto guest = Create(place_);
  ASSERT_TRUE(guest);
  EXPECT_EQ(guest->counters().program_faults, 3u);
  header_.counters.program_faults = 4;
  memory_.Store(place_, header_);
  EXPECT_EQ(guest->counters().program_faults, 4u);
}

TEST_F(GuestObservationTest, AnAddressThatIsNotRamIsNone) {
  for (const uint64_t place :
       {uint64_t{0}, test::TestMemory::end() - 8, test::TestMemory::end(), UINT64_MAX, UINT64_MAX - 4095, place_ + 8}) {
    EXPECT_FALSE(Create(place)) << place;
  }
}

TEST_F(GuestObservationTest, AnotherVersionOrSizeIsNone) {
  abi::Observation other = header_;
  other.version = 2;
  EXPECT_FALSE(CreateWith(other));
  other = header_;
  other.size = 8;
  EXPECT_FALSE(CreateWith(other));
  other = header_;
  other.magic ^= 1;
  EXPECT_FALSE(CreateWith(other));
}

TEST_F(GuestObservationTest, EventsComeOnceAndInOrder) {
  auto guest = Create(place_);
  std::vector<abi::GuestEvent> events;
  WriteUpTo(3);
  EXPECT_EQ(guest->TakeEvents(events), 0u);
  WriteUpTo(5);
  EXPECT_EQ(guest->TakeEvents(events), 0u);
  ASSERT_EQ(events.size(), 5u);
  for (uint64_t i = 0; i < 5; ++i) {
    EXPECT_EQ(events[i].object, i);
  }
  EXPECT_EQ(guest->TakeEvents(events), 0u);
  EXPECT_EQ(events.size(), 5u);
}

TEST_F(GuestObservationTest, OverwrittenEventsAreCounted) {
  auto guest = Create(place_);
  std::vector<abi::GuestEvent> events;
  WriteUpTo(20);
  // The oldest that is still there may just be overwritten.
  EXPECT_EQ(guest->TakeEvents(events), 13u);
  ASSERT_EQ(events.size(), 7u);
  EXPECT_EQ(events.front().object, 13u);
  EXPECT_EQ(events.back().object, 19u);
}

TEST_F(GuestObservationTest, ACounterThatMakesNoSenseGivesAtMostARing) {
  auto guest = Create(place_);
  std::vector<abi::GuestEvent> events;
  SetWritten(UINT64_MAX);
  static_cast<void>(guest->TakeEvents(events));
  SetWritten(2);
  EXPECT_EQ(guest->TakeEvents(events), 0u);
  EXPECT_LE(events.size(), kCapacity);
}

TEST_F(GuestObservationTest, ARingThatIsNotRamOrTooLongIsNoRing) {
  const std::vector<std::pair<uint64_t, uint64_t>> rings = {{0, 8},
                                                            {test::TestMemory::end() - 32, 8},
                                                            {UINT64_MAX - 10, 1},
                                                            {ring_, UINT64_MAX},
                                                            {ring_, UINT64_MAX / 32 + 2},
                                                            {ring_, abi::kMaxEventCapacity + 1},
                                                            {ring_, 0}};
  for (const auto& [address, capacity] : rings) {
    abi::Observation other = header_;
    other.events = address;
    other.event_capacity = capacity;
    other.events_written = 5;
    auto guest = CreateWith(other);
    ASSERT_TRUE(guest);
    std::vector<abi::GuestEvent> events;
    EXPECT_EQ(guest->TakeEvents(events), 0u);
    EXPECT_TRUE(events.empty());
  }
}

TEST_F(GuestObservationTest, TimesBeforeTheStartAndAtTheEndOfTimeAreBounded) {
  const auto guest = Create(place_);
  EXPECT_EQ(guest->TimeOf({.time = 5, .object = 0, .offset = 0, .pages = 0, .kind = {}, .cpu = 0}),
            GuestObservation::Clock::time_point());
  EXPECT_EQ(guest->TimeOf({.time = 3000, .object = 0, .offset = 0, .pages = 0, .kind = {}, .cpu = 0}),
            GuestObservation::Clock::time_point() + std::chrono::nanoseconds(2000));
  EXPECT_GT(guest->TimeOf({.time = UINT64_MAX, .object = 0, .offset = 0, .pages = 0, .kind = {}, .cpu = 0}),
            GuestObservation::Clock::time_point());
}

}  // namespace
}  // namespace vmm
