#include "vmm/debug/watchpoints.h"

#include <algorithm>

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
  if (point.kind != gdb::PointKind::kWrite) {
    return gdb::Fail(gdb::ErrorCode::kNotSupported,
                     "on this host only writes can be watched: its KVM reports no reads");
  }
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

bool Watchpoints::WatchesKernel(uint64_t kernel_root) const {
  return std::any_of(watched_.begin(), watched_.end(), [kernel_root](const Watched& watched) {
    return watched.point.address >= kKernelBase || watched.root == kernel_root;
  });
}

std::optional<gdb::Point> Watchpoints::TakeChanged() {
  std::optional<gdb::Point> changed;
  for (Watched& watched : watched_) {
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

}  // namespace vmm
