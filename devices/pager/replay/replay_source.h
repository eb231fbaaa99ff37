// A page source that fetches pages of another one ahead of the guest, as its plan says.
//
//   guest ──Read──▶ ReplaySource ──▶ the other source
//                       │                   ▲
//                       └── FetchPages ──▶ guest: makes room for what it has not, which the other source fills
//
// To the guest's kernel the pages of a fetch are on their way like those that a program waits for. So nothing here can
// bring back a page of before a write, and who touches one waits for it and asks for nothing.
//
// Threads: as PageSource; the ends of fetches may come from any.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
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
  std::atomic<uint64_t> pages_fetched{0};    // unasked
  std::atomic<uint64_t> objects_stopped{0};  // where fetching ahead was given up
};

class ReplaySource final : public PageSource, public std::enable_shared_from_this<ReplaySource> {
 public:
  // Of one fetch, bytes: what a guest reads in one go, and shows with one page-table entry. None crosses a multiple.
  static constexpr uint64_t kChunkBytes = uint64_t{2} << 20;
  // Fetches on their way: so many that a single page each is not one turn of the guest and the host each, but not all
  // that a guest works on at a time. And bytes in them: two steps of the plan, which are a part of its memory, and not
  // so much that its own requests wait long behind.
  static constexpr size_t kMostInFlight = 6;
  static constexpr uint64_t kMostBytesInFlight = 4 * kChunkBytes;

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
    size_t order;  // in which they are fetched
  };

  // Fetches what may be fetched now.
  void Pump();
  [[nodiscard]] std::shared_ptr<VmoControl> TakeChunk(Chunk& chunk);
  void OnFetched(zx_status_t status, const Chunk& chunk);
  void TryAgainLater(const Chunk& chunk);
  void OnRoom(zx_status_t status);
  void StopFetching();
  void FollowGuest(const ReadRange& read);

  const std::shared_ptr<PageSource> source_;
  ReplayCounters& counters_;
  const uint64_t most_bytes_in_flight_;

  std::mutex mutex_;  // guards what follows; nothing is called under it
  Plan plan_;
  std::shared_ptr<VmoControl> vmo_;  // null: not attached, or stopped
  std::vector<Chunk> chunks_;        // of the step that was taken last, the next one last
  std::vector<size_t> left_;         // by step: chunks that are not with the guest yet
  size_t next_order_ = 0;
  size_t in_flight_ = 0;
  uint64_t bytes_in_flight_ = 0;
  bool held_ = false;      // the guest had no room; until it has, a fetch succeeds, or the guest reads
  bool awaiting_ = false;  // AwaitRoom has not answered
};

}  // namespace pager::replay
