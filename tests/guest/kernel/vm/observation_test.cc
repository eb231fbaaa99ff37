// What the monitor can watch: faults and evictions are counted always, and are events where it has asked for them.
#include "guest/kernel/sched/observation.h"

#include <gtest/gtest.h>

#include <array>

#include "tests/guest/kernel/vm/vm_fixture.h"
#include "tests/support/fake_arch/fibers.h"

namespace gk {
namespace {

class ObservationTest : public VmTest {
 protected:
  ObservationTest() { fake_arch::StartCpu(); }
  ~ObservationTest() override {
    observation = {};
    observes_steps = false;
  }

  std::array<abi::GuestEvent, 4> ring_{};
};

TEST_F(ObservationTest, NothingIsRecordedWithoutARing) {
  NoteEvent(abi::GuestEventKind::kFault, 1, 0, 1);
  EXPECT_EQ(observation.events_written, 0u);
}

TEST_F(ObservationTest, TheRingComesRound) {
  RecordEventsIn(ring_.data(), 0x1000, ring_.size());
  for (uint64_t i = 0; i < 6; ++i) {
    NoteEvent(abi::GuestEventKind::kEvict, 7, i * kPageSize, 2);
  }
  EXPECT_EQ(observation.events, 0x1000u);
  EXPECT_EQ(observation.event_capacity, 4u);
  EXPECT_EQ(observation.events_written, 6u);
  EXPECT_EQ(ring_[1].offset, 5 * kPageSize);
  EXPECT_EQ(ring_[2].offset, 2 * kPageSize);
  EXPECT_EQ(ring_[1].object, 7u);
  EXPECT_EQ(ring_[1].pages, 2u);
  EXPECT_EQ(ring_[1].kind, abi::GuestEventKind::kEvict);
  EXPECT_EQ(ring_[1].cpu, 0u);
}

TEST_F(ObservationTest, StepsAreRecordedWhereTheyWereAskedForAndNowhereElse) {
  RecordEventsIn(ring_.data(), 0x1000, ring_.size());
  NoteStep(abi::GuestEventKind::kAsks, 7);
  EXPECT_EQ(observation.events_written, 0u);
  observes_steps = true;
  NoteStep(abi::GuestEventKind::kAsks, 7);
  RecordStep(abi::GuestEventKind::kLeft, 0, 99);
  ASSERT_EQ(observation.events_written, 2u);
  EXPECT_EQ(ring_[0].kind, abi::GuestEventKind::kAsks);
  EXPECT_EQ(ring_[0].object, 7u);
  EXPECT_EQ(ring_[1].kind, abi::GuestEventKind::kLeft);
  EXPECT_EQ(ring_[1].time, 99u);
}

TEST_F(ObservationTest, FaultsAreCountedByWhoCausedThem) {
  const RefPtr<AddressSpace> space = MakeSpace();
  const VirtualAddress address = MapAll(*space, MakeVmo(2), kMapReadWrite);
  EXPECT_TRUE(space->HandleFault(address, {.read = true}, FaultOrigin::kProgram).ok());
  EXPECT_TRUE(space->HandleFault(address + kPageSize, {.write = true}, FaultOrigin::kCopy).ok());
  EXPECT_TRUE(space->HandleFault(address + kPageSize, {.write = true}, FaultOrigin::kCopy).ok());
  EXPECT_EQ(observation.counters.program_faults, 1u);
  EXPECT_EQ(observation.counters.copy_faults, 2u);
}

}  // namespace
}  // namespace gk
