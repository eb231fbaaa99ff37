#include "devices/pager/replay/replay_source.h"

#include <zircon/errors.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "shared/base/range.h"

namespace pager::replay {

ReplaySource::ReplaySource(std::shared_ptr<PageSource> source, Plan plan, ReplayCounters& counters)
    : source_(std::move(source)),
      counters_(counters),
      most_bytes_in_flight_(std::clamp(2 * plan.options().step_bytes, kChunkBytes, kMostBytesInFlight)),
      plan_(std::move(plan)) {}

void ReplaySource::Attach(std::shared_ptr<VmoControl> vmo) {
  {
    const std::lock_guard lock(mutex_);
    vmo_ = vmo;
  }
  source_->Attach(std::move(vmo));
  Pump();
}

void ReplaySource::Read(ReadRequest request) {
  counters_.reads.fetch_add(1, std::memory_order_relaxed);
  bool given_up = false;
  {
    const std::lock_guard lock(mutex_);
    const bool stopped = plan_.stopped();
    held_ = false;
    const ReadRange read = {.offset = request.offset(), .length = request.length()};
    FollowGuest(read);
    given_up = plan_.stopped() && !stopped;
  }
  counters_.objects_stopped.fetch_add(given_up ? 1 : 0, std::memory_order_relaxed);
  source_->Read(std::move(request));
  Pump();
}

void ReplaySource::Complete(CompleteRequest request) {
  StopFetching();
  source_->Complete(std::move(request));
}

void ReplaySource::StopFetching() {
  const std::lock_guard lock(mutex_);
  vmo_ = nullptr;
  chunks_.clear();
}

// Null: nothing may be fetched now.
std::shared_ptr<VmoControl> ReplaySource::TakeChunk(Chunk& chunk) {
  const std::lock_guard lock(mutex_);
  if (!vmo_ || held_ || in_flight_ >= kMostInFlight || bytes_in_flight_ >= most_bytes_in_flight_) {
    return nullptr;
  }
  if (chunks_.empty()) {
    const Plan::Fetch fetch = plan_.TakeStep();
    for (const ReadRange& range : fetch.ranges) {
      for (uint64_t at = range.offset, end = range.offset + range.length; at < end;) {
        const uint64_t next = std::min(end, base::AlignDown(at, kChunkBytes) + kChunkBytes);
        chunks_.push_back({.range = {.offset = at, .length = next - at}, .step = fetch.step, .order = next_order_++});
        at = next;
      }
    }
    if (chunks_.empty()) {
      return nullptr;
    }
    std::reverse(chunks_.begin(), chunks_.end());
    left_.resize(std::max(left_.size(), fetch.step + 1));
    left_[fetch.step] = chunks_.size();
  }
  chunk = chunks_.back();
  chunks_.pop_back();
  ++in_flight_;
  bytes_in_flight_ += chunk.range.length;
  return vmo_;
}

// The guest's requests do not keep the source alive, because it is what holds the source that they go to.
void ReplaySource::Pump() {
  Chunk chunk;
  while (const std::shared_ptr<VmoControl> vmo = TakeChunk(chunk)) {
    vmo->FetchPages(
        chunk.range.offset, chunk.range.length,
        [owner = weak_from_this()](ReadRequest request) {
          if (const auto self = owner.lock()) {
            self->source_->Read(std::move(request));
          }
        },
        [owner = weak_from_this(), chunk](zx_status_t status) {
          if (const auto self = owner.lock()) {
            self->OnFetched(status, chunk);
          }
        });
  }
}

void ReplaySource::OnFetched(zx_status_t status, const Chunk& chunk) {
  if (status == ZX_ERR_NO_MEMORY || status == ZX_ERR_SHOULD_WAIT) {
    TryAgainLater(chunk);
    return;
  }
  if (status == ZX_OK) {
    counters_.pages_fetched.fetch_add(chunk.range.length / base::kPageSize, std::memory_order_relaxed);
  } else if (AsRequestStatus(status) != status || status == ZX_ERR_BAD_STATE) {
    StopFetching();  // it is not the medium that has failed: there is no VMO any more
  }
  {
    const std::lock_guard lock(mutex_);
    held_ = held_ && status != ZX_OK;
    bytes_in_flight_ -= chunk.range.length;
    --in_flight_;
    if (--left_[chunk.step] == 0) {
      plan_.OnFetched(chunk.step);
    }
  }
  Pump();
}

void ReplaySource::TryAgainLater(const Chunk& chunk) {
  std::shared_ptr<VmoControl> ask;
  {
    const std::lock_guard lock(mutex_);
    held_ = true;
    bytes_in_flight_ -= chunk.range.length;
    --in_flight_;
    if (vmo_) {
      const auto place = std::find_if(chunks_.begin(), chunks_.end(),
                                      [&chunk](const Chunk& other) { return other.order < chunk.order; });
      chunks_.insert(place, chunk);
      ask = std::exchange(awaiting_, true) ? nullptr : vmo_;
    }
  }
  if (ask) {
    ask->AwaitRoom([owner = weak_from_this()](zx_status_t status) {
      if (const auto self = owner.lock()) {
        self->OnRoom(status);
      }
    });
  }
}

void ReplaySource::OnRoom(zx_status_t status) {
  {
    const std::lock_guard lock(mutex_);
    awaiting_ = false;
    held_ = held_ && status != ZX_OK;
  }
  Pump();
}

// With the mutex. A guest that has overtaken what is on its way would stay ahead of it if that went on.
void ReplaySource::FollowGuest(const ReadRange& read) {
  const std::optional<size_t> found = plan_.OnRead(read);
  const bool waits = std::any_of(chunks_.begin(), chunks_.end(), [&read](const Chunk& chunk) {
    return chunk.range.offset <= read.offset && read.offset - chunk.range.offset < chunk.range.length;
  });
  if (found && (waits || plan_.IsAhead(*found))) {
    chunks_.clear();
    plan_.GoOnBehind(*found, read.length);
  }
}

}  // namespace pager::replay
