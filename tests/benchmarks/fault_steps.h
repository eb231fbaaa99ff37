// Where the time of a touch goes that a pager on the host answers: the guest's steps, the monitor's, and the program's
// own view of them, put on one clock.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "tests/benchmarks/observed_guest.h"

namespace bench {

// In the order in which they happen.
enum class FaultPhase : uint8_t {
  kTrapIn,       // the access faults in ring 3; ring 0 and the nucleus; the first instruction of the kernel
  kLock,         // the kernel's lock
  kLookup,       // mapping, object, page source; RAM for the page
  kQueue,        // the request and its descriptors are written
  kWake,         // shown to the device, with a doorbell if it sleeps, until the monitor has taken it
  kPager,        // the pager's read
  kWakeBack,     // given back, until the guest's kernel has seen it
  kInstall,      // the object gets the page, which is looked up again and mapped
  kLeave,        // until the last instruction of the kernel
  kBackInRing3,  // nucleus, ring 0, the access again, and KVM's shadow of the page table where it has one
};
inline constexpr size_t kFaultPhases = 10;

// A touch, phase by phase; ns.
struct TouchSteps {
  std::array<double, kFaultPhases> phases;
  double whole;  // as the program measured it
  bool slept;    // the program's CPU went idle meanwhile
};

// What the probe said, in ns of the guest's clock but for the time stamp counter.
struct Interval {
  double begin;
  double end;
};
struct ClockPoint {
  double ns;
  double ticks;
};
struct ProbedTouches {
  std::array<ClockPoint, 2> clock;  // at its start and at its end
  std::vector<Interval> touches;
  std::vector<Interval> calls;  // null system calls
};
// Lines "clock NS TICKS" (two), "touch BEGIN END", "call BEGIN END" in any number. Fails on anything else.
vmm::Result<ProbedTouches> ParseProbedTouches(const std::string& text);

// The touches whose steps are all there. The time stamp counters of guest and host may differ: the monitor's times are
// moved by as little as brings every request behind its question and before its answer.
vmm::Result<std::vector<TouchSteps>> StepsOf(const ProbedTouches& probed, const ObservedRun& run);

// The way back alone, ns for each null system call: from the kernel's last step to the program.
std::vector<double> WaysBack(const ProbedTouches& probed, std::span<const abi::GuestEvent> events);

}  // namespace bench
