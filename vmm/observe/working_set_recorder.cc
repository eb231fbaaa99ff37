#include "vmm/observe/working_set_recorder.h"

#include <utility>

namespace vmm {

using pager::replay::WorkingSet;

WorkingSetRecorder::Record WorkingSetRecorder::record() const {
  const std::lock_guard lock(mutex_);
  return record_;
}

void WorkingSetRecorder::OnOpened(uint64_t object, std::string_view name, const pager::PageSource& source) {
  const pager::replay::RecordedObject seen = {
      .name = std::string(name), .size = source.info().size, .version = source.content_version()};
  const std::lock_guard lock(mutex_);
  auto known = numbers_.find(name);
  if (known == numbers_.end()) {
    if (record_.set.objects.size() == WorkingSet::kMaxObjects) {
      return;
    }
    known = numbers_.try_emplace(seen.name, static_cast<uint32_t>(record_.set.objects.size())).first;
    record_.set.objects.push_back(seen);
  }
  record_.set.objects[known->second] = seen;
  open_.insert_or_assign(object, known->second);
}

void WorkingSetRecorder::OnClosed(uint64_t object, const pager::PageSource& source) {
  const std::string version = source.content_version();
  const std::lock_guard lock(mutex_);
  if (const auto known = open_.find(object); known != open_.end()) {
    record_.set.objects[known->second].version = version;
    open_.erase(known);
  }
}

void WorkingSetRecorder::OnRequest(uint64_t /*ticket*/, const dev::PortHeldRequest& request,
                                   dev::PortClock::time_point /*now*/) {
  if (request.kind != dev::abi::PortRequestKind::kRead || request.unasked) {
    return;
  }
  const std::lock_guard lock(mutex_);
  const auto known = open_.find(request.object);
  if (known == open_.end() || record_.set.reads.size() == WorkingSet::kMaxReads) {
    ++record_.left_out;
    return;
  }
  record_.set.reads.push_back({.object = known->second, .range = {.offset = request.offset, .length = request.length}});
}

void WorkingSetRecorder::OnAnswered(uint64_t /*ticket*/, const dev::PortHeldRequest& /*request*/,
                                    zx_status_t /*status*/, dev::PortClock::duration /*took*/) {}
void WorkingSetRecorder::OnOperation(const dev::abi::PortOperation& /*operation*/) {}
void WorkingSetRecorder::OnOperationAnswered(const dev::abi::PortOperation& /*operation*/, zx_status_t /*status*/) {}

}  // namespace vmm
