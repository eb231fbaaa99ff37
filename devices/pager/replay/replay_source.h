// A page source that fetches pages of another one ahead of the guest, as its plan says.
//
//   guest ──Read──▶ ReplaySource ──▶ the other source
//                       │  what the plan says: Read into memory of ours ──▶ VmoControl::SupplyPages ──▶ guest
//
// A supply never replaces a page that the guest has. What it must not do either is bring back an old page: one that was
// read before the guest changed it, had it written back and gave it up. So the first write-back of an object waits
// until no supply is on its way, and is the end of fetching ahead for it.
//
// Threads: as PageSource; the answers to our own reads may come from any.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "devices/pager/page_source.h"
#include "devices/pager/replay/plan.h"

namespace pager::replay {

// What all sources of a replay count together. Any thread.
struct ReplayCounters {
  std::atomic<uint64_t> reads{0};            // that guests made
  std::atomic<uint64_t> pages_fetched{0};    // supplied unasked
  std::atomic<uint64_t> objects_stopped{0};  // where fetching ahead was given up
};

class ReplaySource final : public PageSource, public std::enable_shared_from_this<ReplaySource> {
 public:
  // Of one supply, bytes: what a guest reads in one go, and shows with one page-table entry. None crosses a multiple.
  static constexpr uint64_t kChunkBytes = uint64_t{2} << 20;
  // Supplies on their way: so many that a single page each is not one turn of the guest and the host each, but not all
  // that a guest works on at a time; and bytes in them, so that its own requests do not wait long behind.
  static constexpr size_t kMostInFlight = 6;
  static constexpr uint64_t kMostBytesInFlight = 2 * kChunkBytes;

  // `counters` outlives the source.
  ReplaySource(std::shared_ptr<PageSource> source, Plan plan, ReplayCounters& counters);

  [[nodiscard]] ObjectInfo info() const override { return source_->info(); }
  [[nodiscard]] std::string content_version() const override { return source_->content_version(); }
  void Attach(std::shared_ptr<VmoControl> vmo) override;
  void Read(ReadRequest request) override;
  void Dirty(DirtyRequest request) override { source_->Dirty(std::move(request)); }
  void Sync(SyncRequest request) override { source_->Sync(std::move(request)); }
  void Complete(CompleteRequest request) override;

  [[nodiscard]] const PageSource* wrapped() const { return source_.get(); }

 private:
  struct Chunk {
    ReadRange range;
    size_t step;
  };
  struct FreeMemory {
    void operator()(void* memory) const;
  };
  using Memory = std::unique_ptr<void, FreeMemory>;
  struct Buffer;
  class FetchAnswer;
  class FencedControl;

  void Keep(Buffer& buffer);
  [[nodiscard]] Memory TakeKept();

  // For the device's thread: reads what may be read now.
  void Pump();
  [[nodiscard]] bool TakeChunk(Chunk& chunk);
  void OnFetched(zx_status_t status, std::shared_ptr<Buffer> buffer);
  void OnSupplied(zx_status_t status, const Chunk& chunk);
  void EndChunk(const Chunk& chunk);
  void TryAgainLater(const Chunk& chunk);
  void OnRoom(zx_status_t status);
  void EndFlight(const Chunk& chunk);
  void StopFetching();
  void FollowGuest(const ReadRange& read);
  // Calls `action` when no supply is on its way, and stops fetching.
  void WhenQuiet(std::function<void()> action);

  const std::shared_ptr<PageSource> source_;
  ReplayCounters& counters_;

  std::mutex mutex_;  // guards what follows; nothing is called under it
  Plan plan_;
  std::shared_ptr<VmoControl> vmo_;  // null: not attached, or stopped
  std::vector<Chunk> chunks_;        // of the step that was taken last, the next one last
  std::vector<size_t> left_;         // by step: chunks that are not with the guest yet
  std::vector<Memory> kept_;         // for large chunks to come
  size_t in_flight_ = 0;
  uint64_t bytes_in_flight_ = 0;
  bool held_ = false;      // the guest had no room; until it has, a supply succeeds, or the guest reads
  bool awaiting_ = false;  // AwaitRoom has not answered
  std::vector<std::function<void()>> when_quiet_;
};

}  // namespace pager::replay
