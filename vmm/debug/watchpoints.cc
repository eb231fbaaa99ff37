#include "vmm/debug/watchpoints.h"

#include <algorithm>

#include "shared/base/range.h"
#include "vmm/debug/breakpoint_table.h"
#include "vmm/debug/guest_view.h"

namespace vmm {

std::vector<std::byte> Watchpoints::Read(const Watched& watched) const {
  std::vector<std::byte> value(watched.point.length);
  if (GuestView(*memory_, watched.root).Read(watched.point.address, value) != value.size()) {
    value.clear();
  }
  return value;
}

gdb::Outcome<> Watchpoints::Insert(const gdb::Point& point, uint64_t root) {
  if (point.length == 0 || point.length > kMostBytes) {
    return gdb::Fail(gdb::ErrorCode::kInvalid, "1 to 4096 bytes can be watched");
  }
  Remove(point);
  Watched watched = {.point = point, .root = root, .value = {}};
  watched.value = Read(watched);
  watched_.push_back(std::move(watched));
  return {};
}

void Watchpoints::Remove(const gdb::Point& point) {
  std::erase_if(watched_, [&point](const Watched& watched) { return watched.point == point; });
}

bool Watchpoints::Has(const gdb::Point& point) const {
  return std::any_of(watched_.begin(), watched_.end(),
                     [&point](const Watched& watched) { return watched.point == point; });
}

bool Watchpoints::WatchesKernel(uint64_t kernel_root) const {
  return std::any_of(watched_.begin(), watched_.end(), [kernel_root](const Watched& watched) {
    return watched.point.address >= kKernelBase || watched.root == kernel_root;
  });
}

std::optional<gdb::Point> Watchpoints::TakeChanged() {
  std::optional<gdb::Point> changed;
  for (Watched& watched : watched_) {
    if (watched.point.kind != gdb::PointKind::kWrite) {
      continue;
    }
    std::vector<std::byte> now = Read(watched);
    if (now.empty() || now == watched.value) {
      continue;
    }
    if (!watched.value.empty()) {
      changed = watched.point;
    }
    watched.value = std::move(now);
  }
  return changed;
}

bool Watchpoints::NeedsAccesses() const {
  return std::any_of(watched_.begin(), watched_.end(),
                     [](const Watched& watched) { return watched.point.kind != gdb::PointKind::kWrite; });
}

// The first point for which `counts` says that one of the accesses is of its kind.
template <typename Counts>
std::optional<gdb::Point> Watchpoints::Find(uint64_t root, std::span<const MemoryAccess> accesses,
                                            Counts counts) const {
  for (const auto& [point, point_root, value] : watched_) {
    const auto hits = [&point = point, counts](const MemoryAccess& access) {
      return counts(point.kind, access) &&
             base::RangesOverlap(point.address, point.length, access.address, access.size);
    };
    if (point_root == root && std::any_of(accesses.begin(), accesses.end(), hits)) {
      return point;
    }
  }
  return std::nullopt;
}

std::optional<gdb::Point> Watchpoints::FindAccessed(uint64_t root, std::span<const MemoryAccess> accesses) const {
  return Find(root, accesses, [](gdb::PointKind kind, const MemoryAccess& access) {
    return kind == gdb::PointKind::kAccess || (kind == gdb::PointKind::kRead && access.reads);
  });
}

std::optional<gdb::Point> Watchpoints::FindWritten(uint64_t root, std::span<const MemoryAccess> accesses) const {
  return Find(root, accesses, [](gdb::PointKind kind, const MemoryAccess& access) {
    return kind == gdb::PointKind::kWrite && access.writes;
  });
}

}  // namespace vmm
