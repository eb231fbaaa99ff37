// What a pager can ask about a VMO of its own: which ranges are dirty, and whether it was modified.
#include <array>

#include "guest/kernel/lib/min_max.h"
#include "guest/kernel/syscall/info_sink.h"
#include "guest/kernel/syscall/pager_vmo.h"
#include "guest/kernel/vm/long_loop.h"

namespace gk::syscall {
namespace {

// Storing a range may block, and the VMO change meanwhile, so ranges are gathered piece by piece. What was dirty before
// the call is found: each piece starts where the one before ended.
class RangePiece final : public DirtyRangeSink {
 public:
  bool OnDirtyRange(const DirtyRange& range) override {
    ranges_[count_++] = {
        .offset = range.offset, .length = range.length, .options = range.zero ? ZX_VMO_DIRTY_RANGE_IS_ZERO : 0};
    return !full();
  }

  [[nodiscard]] bool full() const { return count_ == ranges_.size(); }
  [[nodiscard]] std::span<const zx_vmo_dirty_range_t> ranges() const { return {ranges_.data(), count_}; }
  // Precondition: not empty.
  [[nodiscard]] uint64_t end() const { return ranges_[count_ - 1].offset + ranges_[count_ - 1].length; }

 private:
  std::array<zx_vmo_dirty_range_t, 32> ranges_;
  size_t count_ = 0;
};

// All of [offset, end) that is dirty goes to `sink`; `count_all`: also what it only counts.
Result<> AddRanges(Vmo& vmo, uint64_t offset, uint64_t end, bool count_all, InfoSink& sink) {
  LongLoop loop;
  for (;;) {
    RangePiece piece;
    PAGODA_TRY(vmo.ForEachDirtyRange(offset, end - offset, piece));
    PAGODA_TRY(sink.AddAll(piece.ranges()));
    if (!piece.full() || (!count_all && !sink.HasRoomFor(sizeof(zx_vmo_dirty_range_t)))) {
      return {};
    }
    PAGODA_TRY(
        loop.OnProgress(piece.ranges().size() * kPageSize));  // finding one takes about as long as copying a page
    offset = piece.end();
    end = Min(end, vmo.size());
    if (offset >= end) {
      return {};
    }
  }
}

struct Query {
  uint64_t offset;
  uint64_t length;
};

Result<> FindDirtyRanges(Vmo& vmo, const Query& query, bool count_all, InfoSink& sink) {
  if (!base::RangeFits(query.offset, query.length, vmo.size())) {
    return Error(ZX_ERR_OUT_OF_RANGE);
  }
  const uint64_t first = base::AlignDown(query.offset, kPageSize);
  const uint64_t end = query.length != 0 ? base::AlignUp(query.offset + query.length, kPageSize) : first;
  return AddRanges(vmo, first, end, count_all, sink);
}

Result<> WriteIfWanted(Caller& caller, UserOut<size_t> out, size_t value) {
  return out.is_null() ? Result<>() : out.Write(caller, value);
}

Result<> QueryStats(Caller& caller, Vmo& vmo, uint32_t options, UserOutBytes buffer, size_t size) {
  if ((options & ~ZX_PAGER_RESET_VMO_STATS) != 0) {
    return Error(ZX_ERR_INVALID_ARGS);
  }
  if (size < sizeof(zx_pager_vmo_stats_t)) {
    return Error(ZX_ERR_BUFFER_TOO_SMALL);
  }
  // Once the buffer was written to it can be again without blocking: nothing that was reset is lost on the way.
  PAGODA_TRY(CopyToUser(caller.address_space(), buffer.address, zx_pager_vmo_stats_t{}));
  const bool modified = vmo.TakeModified((options & ZX_PAGER_RESET_VMO_STATS) != 0);
  const zx_pager_vmo_stats_t stats{.modified = modified ? ZX_PAGER_VMO_STATS_MODIFIED : 0};
  return CopyToUser(caller.address_space(), buffer.address, stats);
}

Result<RefPtr<VmoDispatcher>> GetQueried(Caller& caller, zx_handle_t pager, zx_handle_t vmo) {
  return GetPagerVmo(caller, {pager, ZX_RIGHT_MANAGE_VMO}, {vmo, ZX_RIGHT_READ});
}

}  // namespace

Status pager_query_dirty_ranges(Caller& caller, zx_handle_t pager, zx_handle_t handle, uint64_t offset, uint64_t length,
                                UserOutBytes buffer, size_t size, UserOut<size_t> actual, UserOut<size_t> available) {
  const Result<RefPtr<VmoDispatcher>> vmo = GetQueried(caller, pager, handle);
  if (!vmo) {
    return vmo.error();
  }
  InfoSink sink(caller, buffer, size);
  Result<> result = FindDirtyRanges((*vmo)->vmo(), {offset, length}, !available.is_null(), sink);
  result = result ? WriteIfWanted(caller, actual, sink.actual()) : result;
  return StatusOf(result ? WriteIfWanted(caller, available, sink.available()) : result);
}

Status pager_query_vmo_stats(Caller& caller, zx_handle_t pager, zx_handle_t handle, uint32_t options,
                             UserOutBytes buffer, size_t size) {
  const Result<RefPtr<VmoDispatcher>> vmo = GetQueried(caller, pager, handle);
  return vmo ? StatusOf(QueryStats(caller, (*vmo)->vmo(), options, buffer, size)) : vmo.error();
}

}  // namespace gk::syscall
