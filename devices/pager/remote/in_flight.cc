#include "devices/pager/remote/in_flight.h"

#include <zircon/errors.h>

#include <algorithm>

#include "devices/pager/pieces.h"

namespace pager::remote {

namespace {

struct Extent {
  RequestKind kind;
  uint64_t offset;
  uint64_t length;
};

Extent ExtentOf(const Request& request) {
  if (const auto* read = std::get_if<ReadRequest>(&request)) {
    return {.kind = RequestKind::kRead, .offset = read->offset(), .length = read->length()};
  }
  if (const auto* dirty = std::get_if<DirtyRequest>(&request)) {
    return {.kind = RequestKind::kDirty, .offset = dirty->offset(), .length = dirty->length()};
  }
  const bool is_sync = std::holds_alternative<SyncRequest>(request);
  return {.kind = is_sync ? RequestKind::kSync : RequestKind::kComplete, .offset = 0, .length = 0};
}

}  // namespace

std::vector<iovec> Part::Pages() const {
  const auto& read = std::get<ReadRequest>(job->request);
  return Slice(read.pages(), offset - read.offset(), length);
}

std::optional<Finished> Part::Finish(zx_status_t status) {
  const std::shared_ptr<Job> done = std::move(job);
  if (done->status == ZX_OK) {
    done->status = status;
  }
  if (--done->parts_left > 0) {
    return std::nullopt;
  }
  return Finished{.request = std::move(done->request), .status = done->status};
}

void InFlight::Add(uint64_t object, Request request) {
  const Extent extent = ExtentOf(request);
  const uint64_t step = extent.kind == RequestKind::kRead ? slot_size_ : std::max<uint64_t>(extent.length, 1);
  const uint64_t count = std::max<uint64_t>((extent.length + step - 1) / step, 1);
  const auto job = std::make_shared<Job>(Job{.request = std::move(request), .parts_left = count});
  for (uint64_t i = 0; i < count; ++i) {
    Enqueue({.id = next_id_++,
             .object = object,
             .kind = extent.kind,
             .offset = extent.offset + i * step,
             .length = std::min(step, extent.length - i * step),
             .job = job});
  }
}

void InFlight::Enqueue(Part part) {
  ++waiting_;
  if (released_.contains(part.object)) {
    ready_.Push(part.object, std::move(part));
  } else {
    held_[part.object].push_back(std::move(part));
  }
}

void InFlight::Release(uint64_t object) {
  released_.insert(object);
  const auto found = held_.find(object);
  if (found == held_.end()) {
    return;
  }
  for (Part& part : found->second) {
    ready_.Push(object, std::move(part));
  }
  held_.erase(found);
}

std::vector<Finished> InFlight::Hold() {
  std::vector<Part> parts;
  std::vector<Finished> finished;
  for (Slot& slot : slots_) {
    auto* part = std::get_if<Part>(&slot);
    if (part != nullptr && part->job && !part->job->wanted) {
      if (auto done = part->Finish(ZX_ERR_BAD_STATE)) {
        finished.push_back(*std::move(done));
      }
    } else if (part != nullptr && part->job) {
      part->place = Part::Place::kArena;
      parts.push_back(std::move(*part));
    }
    slot = Free{};
  }
  sent_ = 0;
  waiting_ += parts.size();
  while (auto part = ready_.Pop()) {
    parts.push_back(*std::move(part));
  }
  released_.clear();
  std::sort(parts.begin(), parts.end(), [](const Part& a, const Part& b) { return a.id < b.id; });
  for (Part& part : parts) {
    std::deque<Part>& held = held_[part.object];
    held.push_back(std::move(part));
  }
  return finished;
}

void InFlight::PlaceInGuestPages(uint32_t slot) { std::get<Part>(slots_[slot]).place = Part::Place::kGuestPages; }

std::optional<InFlight::Assigned> InFlight::NextToSend() {
  const auto slot =
      std::find_if(slots_.begin(), slots_.end(), [](const Slot& each) { return std::holds_alternative<Free>(each); });
  if (slot == slots_.end() || ready_.empty()) {
    return std::nullopt;
  }
  *slot = *ready_.Pop();
  --waiting_;
  ++sent_;
  return Assigned{.slot = static_cast<uint32_t>(slot - slots_.begin()), .part = &std::get<Part>(*slot)};
}

const Part* InFlight::Find(uint32_t slot, uint64_t id) const {
  const Part* part = slot < slots_.size() ? std::get_if<Part>(&slots_[slot]) : nullptr;
  return part != nullptr && part->id == id ? part : nullptr;
}

Part InFlight::TakeAnswered(uint32_t slot) {
  Part taken = std::move(std::get<Part>(slots_[slot]));
  slots_[slot] = Answered{};
  return taken;
}

void InFlight::FreeSlot(uint32_t slot) {
  slots_[slot] = Free{};
  --sent_;
}

void InFlight::CancelParts(std::deque<Part> parts, zx_status_t status, std::vector<Finished>& finished) {
  waiting_ -= parts.size();
  for (Part& part : parts) {
    if (auto done = part.Finish(status)) {
      finished.push_back(*std::move(done));
    }
  }
}

std::vector<Finished> InFlight::Cancel(uint64_t object, zx_status_t status) {
  std::vector<Finished> finished;
  // What has a slot keeps it until the pager answers: it may still write there.
  for (Slot& slot : slots_) {
    auto* part = std::get_if<Part>(&slot);
    if (part == nullptr || part->object != object || !part->job) {
      continue;
    }
    if (part->place == Part::Place::kGuestPages && guest_ == Guest::kRuns) {
      part->job->wanted = false;
      part->job->status = part->job->status == ZX_OK ? status : part->job->status;
    } else if (auto done = part->Finish(status)) {
      finished.push_back(*std::move(done));
    }
  }
  CancelParts(ready_.TakeAll(object), status, finished);
  if (auto held = held_.extract(object)) {
    CancelParts(std::move(held.mapped()), status, finished);
  }
  released_.erase(object);
  return finished;
}

std::vector<Finished> InFlight::OnGuestEnded() {
  guest_ = Guest::kHasEnded;
  std::vector<Finished> finished;
  for (Slot& slot : slots_) {
    auto* part = std::get_if<Part>(&slot);
    if (part != nullptr && part->job && !part->job->wanted) {
      if (auto done = part->Finish(ZX_ERR_BAD_STATE)) {
        finished.push_back(*std::move(done));
      }
    }
  }
  return finished;
}

std::vector<Finished> InFlight::CancelAll(zx_status_t status) {
  std::set<uint64_t> objects = released_;
  for (const auto& [object, parts] : held_) {
    objects.insert(object);
  }
  std::vector<Finished> all;
  for (const uint64_t object : objects) {
    const bool released = released_.contains(object);
    for (Finished& finished : Cancel(object, status)) {
      all.push_back(std::move(finished));
    }
    if (released) {
      released_.insert(object);
    }
  }
  return all;
}

}  // namespace pager::remote
