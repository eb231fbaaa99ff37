// The fake target's program.
#include <optional>

#include "tests/vmm/gdb/support/fake_target.h"

namespace gdb_test {

namespace {

using gdb::PointKind;
using gdb::StopReason;

// Farther than any test program is long.
constexpr int kMaxWalk = 1 << 20;

StopReason ReasonOf(PointKind kind) {
  switch (kind) {
    case PointKind::kSoftware:
      return StopReason::kSoftwareBreakpoint;
    case PointKind::kHardware:
      return StopReason::kHardwareBreakpoint;
    case PointKind::kWrite:
      return StopReason::kWriteWatch;
    case PointKind::kRead:
      return StopReason::kReadWatch;
    case PointKind::kAccess:
      return StopReason::kAccessWatch;
  }
  return StopReason::kPlain;
}

bool IsBreakpoint(const gdb::Point& point) {
  return point.kind == PointKind::kSoftware || point.kind == PointKind::kHardware;
}

}  // namespace

std::optional<gdb::StopEvent> FakeTarget::Walk(const gdb::ResumeAction& action) {
  const gdb::ThreadStop plain{.thread = action.thread};
  uint64_t& rip = registers_.at(action.thread).rip;
  if (action.kind == gdb::ResumeAction::Kind::kStepRange) {
    rip = action.range_end;
    return plain;
  }
  for (int steps = 0; steps < kMaxWalk; ++steps) {
    if (rip == program.spin_at && action.kind == gdb::ResumeAction::Kind::kContinue) {
      return std::nullopt;
    }
    ++rip;
    if (rip == program.write_at) {
      WriteByProgram();
    }
    const auto met = MeetAt(action.thread, rip);
    if (rip == program.libraries_at) {
      LoadByProgram(rip);
    }
    if (met) {
      return met;
    }
    if (action.kind == gdb::ResumeAction::Kind::kStep) {
      return plain;
    }
  }
  return std::nullopt;
}

void FakeTarget::WriteByProgram() {
  if (const std::span<char> place = BytesAt(gdb::AddressSpace::kVirtual, program.written); !place.empty()) {
    ++place.front();
  }
}

void FakeTarget::LoadByProgram(uint64_t& rip) {
  libraries.insert(libraries.end(), later_libraries.begin(), later_libraries.end());
  later_libraries.clear();
  if (program.goes_on_at != 0) {
    rip = program.goes_on_at - 1;
  }
}

std::optional<gdb::StopEvent> FakeTarget::MeetAt(gdb::ThreadId thread, uint64_t address) const {
  if (address == program.exit_at) {
    return gdb::GuestExited{.code = 7};
  }
  if (address == program.libraries_at) {
    return gdb::ThreadStop{.thread = thread, .reason = StopReason::kLibraries};
  }
  for (const gdb::Point& point : points_) {
    if (IsBreakpoint(point) && point.address == address) {
      return gdb::ThreadStop{.thread = thread, .reason = ReasonOf(point.kind)};
    }
    const bool written = address == program.write_at && program.written - point.address < point.length;
    if (!IsBreakpoint(point) && written) {
      return gdb::ThreadStop{.thread = thread, .reason = ReasonOf(point.kind), .address = program.written};
    }
  }
  return std::nullopt;
}

}  // namespace gdb_test
