#include "tests/benchmarks/fault_steps.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <sstream>

#include "vmm/cli/exit_codes.h"

namespace bench {
namespace {

using Kind = abi::GuestEventKind;

constexpr uint64_t kPageFaultVector = 14;
// Two clocks that are the same still read a little differently.
constexpr double kSameClock = 100;  // ns

vmm::Error Nonsense(const std::string& what) { return vmm::Error(vmm::kExitHostFailure, what); }

double TimeOf(const abi::GuestEvent& event) { return static_cast<double>(event.time); }

// The guest's clock at a reading of its time stamp counter.
double TimeAt(const ProbedTouches& probed, double ticks) {
  const auto& [first, last] = probed.clock;
  return first.ns + (ticks - first.ticks) * (last.ns - first.ns) / (last.ticks - first.ticks);
}

// A request on the guest's clock, as the guest saw it and as the monitor did.
struct Exchange {
  double asks;
  double asked;
  double arrived;
  double given;
  double seen;
};

// The events of one interval of the program's.
std::span<const abi::GuestEvent> EventsIn(std::span<const abi::GuestEvent> events, const Interval& interval) {
  const auto first = std::find_if(events.begin(), events.end(),
                                  [&](const abi::GuestEvent& event) { return TimeOf(event) >= interval.begin; });
  const auto last =
      std::find_if(first, events.end(), [&](const abi::GuestEvent& event) { return TimeOf(event) > interval.end; });
  return {first, last};
}

std::optional<double> FirstOf(std::span<const abi::GuestEvent> events, Kind kind) {
  const auto found =
      std::find_if(events.begin(), events.end(), [kind](const abi::GuestEvent& event) { return event.kind == kind; });
  return found == events.end() ? std::nullopt : std::optional(TimeOf(*found));
}

std::optional<double> LastOf(std::span<const abi::GuestEvent> events, Kind kind) {
  const auto found =
      std::find_if(events.rbegin(), events.rend(), [kind](const abi::GuestEvent& event) { return event.kind == kind; });
  return found == events.rend() ? std::nullopt : std::optional(TimeOf(*found));
}

size_t CountOf(std::span<const abi::GuestEvent> events, Kind kind) {
  return static_cast<size_t>(
      std::count_if(events.begin(), events.end(), [kind](const abi::GuestEvent& event) { return event.kind == kind; }));
}

// The guest's steps of one touch.
struct Found {
  std::span<const abi::GuestEvent> events;
  Interval touch;
};

// How much later the guest's clock is than `TimeAt` makes of the host's counter, ns.
std::optional<double> ClockDistance(std::span<const Exchange> exchanges) {
  double least = -std::numeric_limits<double>::infinity();
  double most = std::numeric_limits<double>::infinity();
  for (const Exchange& exchange : exchanges) {
    least = std::max(least, exchange.asked - exchange.arrived);
    most = std::min(most, exchange.seen - exchange.given);
  }
  if (least <= kSameClock && most >= -kSameClock) {
    return 0;
  }
  return least > most ? std::nullopt : std::optional((least + most) / 2);
}

TouchSteps Divide(const Found& found, const Exchange& exchange) {
  const auto& events = found.events;
  const std::array<double, kFaultPhases + 1> times = {found.touch.begin,
                                                      *FirstOf(events, Kind::kEntered),
                                                      *FirstOf(events, Kind::kLocked),
                                                      exchange.asks,
                                                      exchange.asked,
                                                      exchange.arrived,
                                                      exchange.given,
                                                      exchange.seen,
                                                      *LastOf(events, Kind::kHandled),
                                                      *LastOf(events, Kind::kLeft),
                                                      found.touch.end};
  TouchSteps steps = {
      .phases = {}, .whole = found.touch.end - found.touch.begin, .slept = FirstOf(events, Kind::kIdle).has_value()};
  for (size_t i = 0; i < kFaultPhases; ++i) {
    steps.phases[i] = times[i + 1] - times[i];
  }
  return steps;
}

// Exactly one question and one answer in it, and the whole way in and out.
bool IsWhole(std::span<const abi::GuestEvent> events) {
  return !events.empty() && events.front().kind == Kind::kEntered && events.front().object == kPageFaultVector &&
         events.back().kind == Kind::kLeft && CountOf(events, Kind::kAsks) == 1 && CountOf(events, Kind::kAsked) >= 1 &&
         CountOf(events, Kind::kAnswered) == 1 && CountOf(events, Kind::kHandled) >= 1;
}

}  // namespace

vmm::Result<ProbedTouches> ParseProbedTouches(const std::string& text) {
  ProbedTouches probed = {};
  size_t clocks = 0;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string name;
    double first = 0;
    double second = 0;
    if (!(words >> name >> first >> second)) {
      return base::Failure{Nonsense(fmt::format("a probe printed '{}'", line))};
    }
    if (name == "touch") {
      probed.touches.push_back({first, second});
    } else if (name == "call") {
      probed.calls.push_back({first, second});
    } else if (name == "clock" && clocks < probed.clock.size()) {
      probed.clock[clocks++] = {first, second};
    } else {
      return base::Failure{Nonsense(fmt::format("a probe printed '{}'", line))};
    }
  }
  if (clocks != probed.clock.size() || probed.clock[0].ticks >= probed.clock[1].ticks) {
    return base::Failure{Nonsense("a probe printed no clock")};
  }
  return probed;
}

vmm::Result<std::vector<TouchSteps>> StepsOf(const ProbedTouches& probed, const ObservedRun& run) {
  std::vector<Found> found;
  std::vector<Exchange> exchanges;
  std::span<const abi::GuestEvent> rest = run.events;
  size_t asked_later = CountOf(rest, Kind::kAsks);  // of the requests from `rest` on, to match them from the end
  for (const Interval& touch : probed.touches) {
    const std::span<const abi::GuestEvent> events = EventsIn(rest, touch);
    asked_later -= CountOf(rest.first(static_cast<size_t>(events.data() - rest.data())), Kind::kAsks);
    rest = rest.subspan(static_cast<size_t>(events.data() - rest.data()));
    if (!IsWhole(events) || asked_later > run.requests.size()) {
      continue;
    }
    const ServedRequest& request = run.requests[run.requests.size() - asked_later];
    found.push_back({.events = events, .touch = touch});
    exchanges.push_back({.asks = *FirstOf(events, Kind::kAsks),
                         .asked = *FirstOf(events, Kind::kAsked),
                         .arrived = TimeAt(probed, static_cast<double>(request.arrived)),
                         .given = TimeAt(probed, static_cast<double>(request.answered)),
                         .seen = *FirstOf(events, Kind::kAnswered)});
  }
  const std::optional<double> distance = ClockDistance(exchanges);
  if (found.empty() || !distance) {
    return base::Failure{Nonsense("the steps of the guest and of the monitor do not fit together")};
  }
  std::vector<TouchSteps> steps;
  for (size_t i = 0; i < found.size(); ++i) {
    exchanges[i].arrived += *distance;
    exchanges[i].given += *distance;
    steps.push_back(Divide(found[i], exchanges[i]));
  }
  return steps;
}

std::vector<double> WaysBack(const ProbedTouches& probed, std::span<const abi::GuestEvent> events) {
  std::vector<double> ways;
  for (const Interval& call : probed.calls) {
    const std::span<const abi::GuestEvent> inside = EventsIn(events, call);
    if (CountOf(inside, Kind::kEntered) == 1 && CountOf(inside, Kind::kLeft) == 1) {
      ways.push_back(call.end - *FirstOf(inside, Kind::kLeft));
    }
  }
  return ways;
}

}  // namespace bench
