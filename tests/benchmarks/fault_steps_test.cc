#include "tests/benchmarks/fault_steps.h"

#include <gtest/gtest.h>

#include <numeric>

namespace bench {
namespace {

using Kind = abi::GuestEventKind;

abi::GuestEvent At(uint64_t time, Kind kind, uint64_t object = 0) {
  return {.time = time, .object = object, .offset = 0, .pages = 0, .kind = kind, .cpu = 0};
}

void AddFault(std::vector<abi::GuestEvent>& events, uint64_t start) {
  for (const auto& [after, kind] :
       {std::pair(10u, Kind::kEntered), std::pair(12u, Kind::kLocked), std::pair(20u, Kind::kAsks),
        std::pair(25u, Kind::kAsked), std::pair(80u, Kind::kAnswered), std::pair(90u, Kind::kHandled),
        std::pair(93u, Kind::kLeft)}) {
    events.push_back(At(start + after, kind, kind == Kind::kEntered ? 14 : 0));
  }
}

constexpr const char* kProbe =
    "clock 0 1000000\n"
    "clock 10000 1020000\n"  // two ticks a ns
    "touch 1000 1100\n"
    "touch 2000 2100\n"
    "call 3000 3030\n";

// The counter of a host whose clock is `ahead` ns ahead of the guest's.
uint64_t Ticks(int64_t ns, int64_t ahead) { return static_cast<uint64_t>(1'000'000 + 2 * (ns + ahead)); }

ObservedRun TwoFaults(int64_t ahead) {
  ObservedRun run;
  AddFault(run.events, 1000);
  AddFault(run.events, 2000);
  run.events.push_back(At(3005, Kind::kEntered, 6));
  run.events.push_back(At(3010, Kind::kHandled));
  run.events.push_back(At(3012, Kind::kLeft));
  run.requests = {{Ticks(1035, ahead), Ticks(1060, ahead)}, {Ticks(2035, ahead), Ticks(2060, ahead)}};
  return run;
}

std::vector<TouchSteps> Steps(const ObservedRun& run) {
  const auto probed = ParseProbedTouches(kProbe);
  EXPECT_TRUE(probed.ok());
  auto steps = StepsOf(probed.value(), run);
  EXPECT_TRUE(steps.ok());
  return steps.ok() ? steps.value() : std::vector<TouchSteps>();
}

TEST(FaultSteps, EachStepIsTheTimeUntilTheNextAndTheirSumIsTheWhole) {
  const std::vector<TouchSteps> steps = Steps(TwoFaults(0));
  ASSERT_EQ(steps.size(), 2u);
  const std::array<double, kFaultPhases> expected = {10, 2, 8, 5, 10, 25, 20, 10, 3, 7};
  for (size_t i = 0; i < kFaultPhases; ++i) {
    EXPECT_NEAR(steps[0].phases[i], expected[i], 1e-6) << i;
  }
  EXPECT_NEAR(std::accumulate(steps[1].phases.begin(), steps[1].phases.end(), 0.0), steps[1].whole, 1e-6);
  EXPECT_FALSE(steps[0].slept);
}

TEST(FaultSteps, ACounterThatIsAnotherOnTheHostIsMovedBetweenQuestionAndAnswer) {
  const std::vector<TouchSteps> steps = Steps(TwoFaults(5'000'000));
  ASSERT_EQ(steps.size(), 2u);
  // Known: 25 ns with the pager; the other 30 between question and answer are divided equally.
  EXPECT_NEAR(steps[0].phases[size_t(FaultPhase::kPager)], 25, 1e-6);
  EXPECT_NEAR(steps[0].phases[size_t(FaultPhase::kWake)], 15, 1e-6);
  EXPECT_NEAR(steps[0].phases[size_t(FaultPhase::kWakeBack)], 15, 1e-6);
}

TEST(FaultSteps, ATouchWhoseEventsWereOverwrittenIsLeftOutAndTheOthersKeepTheirRequests) {
  ObservedRun run = TwoFaults(0);
  run.events.erase(run.events.begin(), run.events.begin() + 4);
  run.requests[0] = {.arrived = 1, .answered = 2};
  const std::vector<TouchSteps> steps = Steps(run);
  ASSERT_EQ(steps.size(), 1u);
  EXPECT_NEAR(steps[0].phases[size_t(FaultPhase::kPager)], 25, 1e-6);
}

TEST(FaultSteps, TimesThatContradictEachOtherAreNoResult) {
  ObservedRun run = TwoFaults(0);
  run.requests[1].answered += 1'000'000;
  run.requests[0].arrived -= 1'000'000;
  const auto probed = ParseProbedTouches(kProbe);
  ASSERT_TRUE(probed.ok());
  EXPECT_FALSE(StepsOf(probed.value(), run).ok());
}

TEST(FaultSteps, TheWayBackIsTheRestOfACallAfterTheKernel) {
  const auto probed = ParseProbedTouches(kProbe);
  ASSERT_TRUE(probed.ok());
  EXPECT_EQ(WaysBack(probed.value(), TwoFaults(0).events), std::vector<double>{18});
}

TEST(FaultSteps, AnotherLineOfAProbeIsAnError) {
  EXPECT_FALSE(ParseProbedTouches("clock 0 1\nclock 1 2\nhello\n").ok());
  EXPECT_FALSE(ParseProbedTouches("clock 0 1\ntouch 1 2\n").ok());
}

}  // namespace
}  // namespace bench
