#include "devices/pager/replay/replay_source.h"

#include <zircon/errors.h>
#include <zircon/syscalls/pager.h>

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <utility>

#include "shared/base/range.h"

namespace pager::replay {

void ReplaySource::FreeMemory::operator()(void* memory) const { std::free(memory); }

// The memory of one chunk on its way.
struct ReplaySource::Buffer {
  Buffer(const Chunk& wanted, Memory kept)
      : chunk(wanted), memory(kept ? std::move(kept) : Memory(std::aligned_alloc(base::kPageSize, SizeFor(wanted)))) {}

  // Few that are large, and so can be used for each other.
  static bool IsLarge(const Chunk& chunk) { return chunk.range.length > kChunkBytes / 8; }
  static size_t SizeFor(const Chunk& chunk) { return IsLarge(chunk) ? kChunkBytes : chunk.range.length; }

  Chunk chunk;
  Memory memory;  // null: the host has none
  [[nodiscard]] std::vector<iovec> pieces() const {
    return {{.iov_base = memory.get(), .iov_len = chunk.range.length}};
  }
};

// Of a read of ours. Does not keep the source alive: the source it asks may be what holds it.
class ReplaySource::FetchAnswer final : public Answer {
 public:
  FetchAnswer(std::weak_ptr<ReplaySource> owner, std::shared_ptr<Buffer> buffer)
      : owner_(std::move(owner)), buffer_(std::move(buffer)) {}
  void OnAnswer(zx_status_t status) override {
    if (const auto owner = owner_.lock()) {
      owner->OnFetched(status, std::move(buffer_));
    }
  }

 private:
  const std::weak_ptr<ReplaySource> owner_;
  std::shared_ptr<Buffer> buffer_;
};

// What the wrapped source gets of an object that it can write back.
class ReplaySource::FencedControl final : public VmoControl {
 public:
  FencedControl(std::weak_ptr<ReplaySource> owner, std::shared_ptr<VmoControl> vmo)
      : owner_(std::move(owner)), vmo_(std::move(vmo)) {}

  void SupplyPages(uint64_t offset, std::vector<iovec> data, StatusHandler handler) override {
    vmo_->SupplyPages(offset, std::move(data), std::move(handler));
  }
  void OpRange(uint32_t op, uint64_t offset, uint64_t length, uint64_t data, StatusHandler handler) override {
    const auto owner = op == ZX_PAGER_OP_WRITEBACK_BEGIN ? owner_.lock() : nullptr;
    if (!owner) {
      vmo_->OpRange(op, offset, length, data, std::move(handler));
      return;
    }
    owner->WhenQuiet([vmo = vmo_, op, offset, length, data, handler = std::move(handler)]() mutable {
      vmo->OpRange(op, offset, length, data, std::move(handler));
    });
  }
  void QueryDirtyRanges(uint64_t offset, uint64_t length, DirtyRangesHandler handler) override {
    vmo_->QueryDirtyRanges(offset, length, std::move(handler));
  }
  void QueryVmoStats(uint32_t options, VmoStatsHandler handler) override {
    vmo_->QueryVmoStats(options, std::move(handler));
  }
  void Detach(StatusHandler handler) override { vmo_->Detach(std::move(handler)); }
  void Lend(uint64_t offset, uint64_t length, LendHandler handler) override {
    vmo_->Lend(offset, length, std::move(handler));
  }

 private:
  const std::weak_ptr<ReplaySource> owner_;
  const std::shared_ptr<VmoControl> vmo_;
};

ReplaySource::ReplaySource(std::shared_ptr<PageSource> source, Plan plan, ReplayCounters& counters)
    : source_(std::move(source)), counters_(counters), plan_(std::move(plan)) {}

void ReplaySource::Attach(std::shared_ptr<VmoControl> vmo) {
  {
    const std::lock_guard lock(mutex_);
    vmo_ = vmo;
  }
  source_->Attach(info().read_only ? std::move(vmo) : std::make_shared<FencedControl>(weak_from_this(), vmo));
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
  kept_.clear();
}

void ReplaySource::WhenQuiet(std::function<void()> action) {
  StopFetching();
  {
    const std::lock_guard lock(mutex_);
    if (in_flight_ != 0) {
      when_quiet_.push_back(std::move(action));
      return;
    }
  }
  action();
}

// False: nothing may be read now.
bool ReplaySource::TakeChunk(Chunk& chunk) {
  const std::lock_guard lock(mutex_);
  if (!vmo_ || held_ || in_flight_ >= kMostInFlight || bytes_in_flight_ >= kMostBytesInFlight) {
    return false;
  }
  if (chunks_.empty()) {
    const Plan::Fetch fetch = plan_.TakeStep();
    for (const ReadRange& range : fetch.ranges) {
      for (uint64_t at = range.offset, end = range.offset + range.length; at < end;) {
        const uint64_t next = std::min(end, base::AlignDown(at, kChunkBytes) + kChunkBytes);
        chunks_.push_back({.range = {.offset = at, .length = next - at}, .step = fetch.step});
        at = next;
      }
    }
    if (chunks_.empty()) {
      return false;
    }
    std::reverse(chunks_.begin(), chunks_.end());
    left_.resize(std::max(left_.size(), fetch.step + 1));
    left_[fetch.step] = chunks_.size();
  }
  chunk = chunks_.back();
  chunks_.pop_back();
  ++in_flight_;
  bytes_in_flight_ += chunk.range.length;
  return true;
}

void ReplaySource::Pump() {
  Chunk chunk;
  while (TakeChunk(chunk)) {
    auto buffer = std::make_shared<Buffer>(chunk, Buffer::IsLarge(chunk) ? TakeKept() : nullptr);
    if (!buffer->memory) {
      StopFetching();
      EndChunk(chunk);
      return;
    }
    std::vector<iovec> pieces = buffer->pieces();
    source_->Read(ReadRequest(chunk.range.offset, std::move(pieces),
                              std::make_unique<FetchAnswer>(weak_from_this(), std::move(buffer))));
  }
}

// Memory that is new to this process costs more than what is read into it.
void ReplaySource::Keep(Buffer& buffer) {
  const std::lock_guard lock(mutex_);
  if (Buffer::IsLarge(buffer.chunk) && kept_.size() < kMostBytesInFlight / kChunkBytes && vmo_) {
    kept_.push_back(std::move(buffer.memory));
  }
}

ReplaySource::Memory ReplaySource::TakeKept() {
  const std::lock_guard lock(mutex_);
  if (kept_.empty()) {
    return nullptr;
  }
  Memory memory = std::move(kept_.back());
  kept_.pop_back();
  return memory;
}

void ReplaySource::OnFetched(zx_status_t status, std::shared_ptr<Buffer> buffer) {
  std::shared_ptr<VmoControl> vmo;
  {
    const std::lock_guard lock(mutex_);
    vmo = status == ZX_OK ? vmo_ : nullptr;
  }
  const Chunk chunk = buffer->chunk;
  if (!vmo) {
    // The guest will ask itself and get the error, if it comes to that.
    EndChunk(chunk);
    return;
  }
  std::vector<iovec> pieces = buffer->pieces();
  vmo->SupplyPages(chunk.range.offset, std::move(pieces),
                   [owner = weak_from_this(), buffer = std::move(buffer), chunk](zx_status_t supplied) {
                     if (const auto self = owner.lock()) {
                       self->Keep(*buffer);
                       self->OnSupplied(supplied, chunk);
                     }
                   });
}

// Success is heard of on the device's thread, which may read on.
void ReplaySource::OnSupplied(zx_status_t status, const Chunk& chunk) {
  if (status == ZX_OK) {
    counters_.pages_fetched.fetch_add(chunk.range.length / base::kPageSize, std::memory_order_relaxed);
    {
      const std::lock_guard lock(mutex_);
      held_ = false;
    }
    EndChunk(chunk);
    Pump();
  } else if (status == ZX_ERR_NO_MEMORY || status == ZX_ERR_SHOULD_WAIT) {
    TryAgainLater(chunk);
  } else {
    // There is no VMO any more.
    StopFetching();
    EndChunk(chunk);
  }
}

void ReplaySource::TryAgainLater(const Chunk& chunk) {
  std::shared_ptr<VmoControl> ask;
  {
    const std::lock_guard lock(mutex_);
    held_ = true;
    if (vmo_) {
      chunks_.push_back(chunk);
      ask = std::exchange(awaiting_, true) ? nullptr : vmo_;
    }
  }
  EndFlight(chunk);
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
    plan_.GoOnBehind(*found);
  }
}

void ReplaySource::EndChunk(const Chunk& chunk) {
  {
    const std::lock_guard lock(mutex_);
    if (--left_[chunk.step] == 0) {
      plan_.OnFetched(chunk.step);
    }
  }
  EndFlight(chunk);
}

void ReplaySource::EndFlight(const Chunk& chunk) {
  std::vector<std::function<void()>> actions;
  {
    const std::lock_guard lock(mutex_);
    bytes_in_flight_ -= chunk.range.length;
    if (--in_flight_ == 0) {
      actions = std::exchange(when_quiet_, {});
    }
  }
  for (const auto& action : actions) {
    action();
  }
}

}  // namespace pager::replay
