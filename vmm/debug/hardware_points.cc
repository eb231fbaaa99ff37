#include "vmm/debug/hardware_points.h"

#include <algorithm>

#include "shared/base/range.h"

namespace vmm {
namespace {

// SDM volume 3B, section 17.2.4: R/W and LEN fields of DR7.
constexpr uint64_t kExecute = 0;
constexpr uint64_t kWrite = 1;
constexpr uint64_t kReadOrWrite = 3;
constexpr uint64_t kLocalExact = 1u << 8;
constexpr uint64_t kAlwaysOne = 1u << 10;

uint64_t AccessField(gdb::PointKind kind) {
  switch (kind) {
    case gdb::PointKind::kWrite:
      return kWrite;
    case gdb::PointKind::kAccess:
      return kReadOrWrite;
    default:
      return kExecute;
  }
}

uint64_t LengthField(uint64_t length) {
  switch (length) {
    case 2:
      return 1;
    case 4:
      return 3;
    case 8:
      return 2;
    default:
      return 0;
  }
}

bool IsExecution(const gdb::Point& point) {
  return point.kind == gdb::PointKind::kHardware || point.kind == gdb::PointKind::kSoftware;
}

bool IsPossible(const gdb::Point& point) {
  if (IsExecution(point)) {
    return true;
  }
  return (point.length == 1 || point.length == 2 || point.length == 4 || point.length == 8) &&
         base::IsAligned(point.address, point.length);
}

}  // namespace

gdb::Outcome<> HardwarePoints::Insert(const gdb::Point& point) {
  if (point.kind == gdb::PointKind::kRead) {
    return gdb::Fail(gdb::ErrorCode::kNotSupported, "x86 watches writes, or reads and writes");
  }
  if (!IsPossible(point)) {
    return gdb::Fail(gdb::ErrorCode::kInvalid, "1, 2, 4 or 8 bytes at a multiple of their number can be watched");
  }
  if (std::find(points_.begin(), points_.end(), point) != points_.end()) {
    return {};
  }
  const auto free = std::find(points_.begin(), points_.end(), std::nullopt);
  if (free == points_.end()) {
    return gdb::Fail(gdb::ErrorCode::kNoRoom, "a CPU has four breakpoint registers");
  }
  *free = point;
  return {};
}

void HardwarePoints::Remove(const gdb::Point& point) {
  std::replace(points_.begin(), points_.end(), std::optional(point), std::optional<gdb::Point>());
}

void HardwarePoints::Clear() { points_.fill(std::nullopt); }

bool HardwarePoints::any() const {
  return std::any_of(points_.begin(), points_.end(), [](const auto& point) { return point.has_value(); });
}

std::optional<gdb::Point> HardwarePoints::Hit(uint64_t dr6) const {
  for (size_t index = 0; index < points_.size(); ++index) {
    if ((dr6 >> index & 1) != 0 && points_[index]) {
      return points_[index];
    }
  }
  return std::nullopt;
}

void HardwarePoints::Fill(kvm_guest_debug& debug) const {
  uint64_t control = kAlwaysOne;
  for (size_t index = 0; index < points_.size(); ++index) {
    if (!points_[index]) {
      continue;
    }
    const gdb::Point& point = *points_[index];
    const uint64_t length = IsExecution(point) ? 0 : LengthField(point.length);
    control |= kLocalExact | uint64_t{1} << (2 * index);
    control |= (AccessField(point.kind) | length << 2) << (16 + 4 * index);
    debug.arch.debugreg[index] = point.address;
  }
  if (any()) {
    debug.control |= KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_USE_HW_BP;
    debug.arch.debugreg[7] = control;
  }
}

}  // namespace vmm
