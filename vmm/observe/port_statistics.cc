#include "vmm/observe/port_statistics.h"

#include <zircon/errors.h>
#include <zircon/syscalls/pager.h>

#include "shared/base/range.h"

namespace vmm {

using Kind = dev::abi::PortRequestKind;
using Operation = dev::abi::PortOperationKind;

void ObjectStatistics::Add(const ObjectStatistics& other) {
  size += other.size;
  opens += other.opens;
  requests += other.requests;
  failed += other.failed;
  pages_in += other.pages_in;
  supplied += other.supplied;
  dirty_requests += other.dirty_requests;
  dirtied += other.dirtied;
  passes += other.passes;
  written += other.written;
  reads.Add(other.reads);
}

std::vector<ObjectStatistics> PortStatistics::Snapshot() const {
  const std::lock_guard lock(mutex_);
  std::vector<ObjectStatistics> all;
  all.reserve(objects_.size());
  for (const auto& entry : objects_) {
    all.push_back(entry.second);
  }
  return all;
}

void PortStatistics::OnOpened(uint64_t object, std::string_view name, const pager::PageSource& source) {
  const uint64_t size = source.info().size;
  const std::lock_guard lock(mutex_);
  auto found = objects_.find(name);
  if (found == objects_.end()) {
    const std::string_view key = objects_.size() < kMaxObjects ? name : kOthers;
    found = objects_.try_emplace(std::string(key)).first;
    found->second.name = key;
  }
  ++found->second.opens;
  found->second.size = size;
  open_.insert_or_assign(object, Open{.statistics = &found->second});
}

void PortStatistics::OnClosed(uint64_t object, const pager::PageSource& /*source*/) {
  const std::lock_guard lock(mutex_);
  open_.erase(object);
}

PortStatistics::Open* PortStatistics::FindLocked(uint64_t object) {
  const auto found = open_.find(object);
  return found == open_.end() ? nullptr : &found->second;
}

void PortStatistics::OnRequest(uint64_t /*ticket*/, const dev::PortHeldRequest& request,
                               dev::PortClock::time_point /*now*/) {
  const std::lock_guard lock(mutex_);
  if (Open* open = FindLocked(request.object); open != nullptr) {
    open->statistics->requests += request.kind == Kind::kRead && !request.unasked ? 1 : 0;
    open->statistics->dirty_requests += request.kind == Kind::kDirty ? 1 : 0;
  }
}

void PortStatistics::OnAnswered(uint64_t /*ticket*/, const dev::PortHeldRequest& request, zx_status_t status,
                                dev::PortClock::duration took) {
  const std::lock_guard lock(mutex_);
  Open* open = FindLocked(request.object);
  if (open == nullptr || request.unasked) {
    return;  // what is supplied counts when all of it is with the guest
  }
  const uint64_t pages = request.length / base::kPageSize;
  if (request.kind == Kind::kRead) {
    open->statistics->reads.Add(took);
    open->statistics->pages_in += status == ZX_OK ? pages : 0;
    open->statistics->failed += status == ZX_OK ? 0 : 1;
  } else if (request.kind == Kind::kDirty && status == ZX_OK) {
    open->statistics->dirtied += pages;
  }
}

// A pass begins by asking what is dirty, from the start on (pager::WritebackPass).
void PortStatistics::OnOperation(const dev::abi::PortOperation& operation) {
  const std::lock_guard lock(mutex_);
  if (Open* open = FindLocked(operation.object);
      open != nullptr && operation.kind == Operation::kQueryDirtyRanges && operation.offset == 0) {
    open->pass_has_written = false;
  }
}

void PortStatistics::OnOperationAnswered(const dev::abi::PortOperation& operation, zx_status_t status) {
  const std::lock_guard lock(mutex_);
  Open* open = FindLocked(operation.object);
  if (open == nullptr || status != ZX_OK) {
    return;
  }
  const uint64_t pages = operation.length / base::kPageSize;
  if (operation.kind == Operation::kSupply) {
    open->statistics->supplied += pages;
    open->statistics->pages_in += pages;
  } else if (operation.kind == Operation::kOpRange && operation.argument == ZX_PAGER_OP_WRITEBACK_END) {
    open->statistics->written += pages;
    open->statistics->passes += open->pass_has_written ? 0 : 1;
    open->pass_has_written = true;
  }
}

}  // namespace vmm
