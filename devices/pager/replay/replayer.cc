#include "devices/pager/replay/replayer.h"

#include <algorithm>
#include <utility>

#include "shared/base/range.h"

namespace pager::replay {

namespace {

// A step is fetched in the order of offsets, and all of it is to have room ahead of the guest, which is a quarter of
// its memory at most.
PlanOptions OptionsFor(uint64_t guest_memory) {
  constexpr uint64_t kLeast = uint64_t{1} << 20;
  constexpr uint64_t kMost = uint64_t{64} << 20;
  return {.step_bytes = std::clamp(guest_memory / 16, kLeast, kMost), .step_reads = 64};
}

std::string Printable(std::string name) {
  std::replace_if(
      name.begin(), name.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
  return name;
}

}  // namespace

Replayer::Replayer(const WorkingSet& set, uint64_t guest_memory, std::function<void(const std::string&)> report)
    : options_(OptionsFor(guest_memory)), report_(std::move(report)) {
  std::vector<Object*> by_number;
  for (const RecordedObject& recorded : set.objects) {
    Object& object = objects_[recorded.name];
    object.recorded = recorded;
    by_number.push_back(&object);
  }
  for (const RecordedRead& read : set.reads) {
    by_number[read.object]->reads.push_back(read.range);
  }
}

bool Replayer::IsUnchanged(Object& object, const PageSource& source) {
  const uint64_t size = source.info().size;
  const std::string version = source.content_version();
  const RecordedObject& recorded = object.recorded;
  const bool same = size == recorded.size && version == recorded.version;
  if (!same && !std::exchange(object.reported, true)) {
    report_("'" + Printable(recorded.name) + "' has changed since its working set was recorded" +
            (size == recorded.size
                 ? ""
                 : " (" + std::to_string(recorded.size) + " bytes then, " + std::to_string(size) + " now)") +
            ": its pages come when they are asked for");
  }
  return same;
}

std::shared_ptr<PageSource> Replayer::Wrap(std::string_view name, std::shared_ptr<PageSource> source) {
  const std::lock_guard lock(mutex_);
  std::erase_if(open_, [](const auto& entry) { return entry.second.expired(); });
  // As long as it is open, what it wraps is, so that the address is not another source's.
  if (const auto open = open_.find(source.get()); open != open_.end()) {
    if (std::shared_ptr<PageSource> known = open->second.lock()) {
      return known;
    }
  }
  const auto found = objects_.find(name);
  if (found == objects_.end() || !IsUnchanged(found->second, *source)) {
    return source;
  }
  Object& object = found->second;
  // What lies outside is of no use to anybody, and a hand-made file may have it.
  const uint64_t size = source->info().size;
  std::erase_if(object.reads,
                [size](const ReadRange& read) { return !base::RangeFits(read.offset, read.length, size); });
  if (!std::exchange(object.counted, true)) {
    recorded_reads_ += object.reads.size();
  }
  const PageSource* key = source.get();
  auto wrapped = std::make_shared<ReplaySource>(std::move(source), Plan(object.reads, options_), counters_);
  open_[key] = wrapped;
  return wrapped;
}

Replayer::Statistics Replayer::statistics() const {
  const std::lock_guard lock(mutex_);
  return {.recorded_reads = recorded_reads_,
          .reads = counters_.reads.load(std::memory_order_relaxed),
          .pages_fetched = counters_.pages_fetched.load(std::memory_order_relaxed),
          .objects_stopped = counters_.objects_stopped.load(std::memory_order_relaxed)};
}

}  // namespace pager::replay
