#include "guest/kernel/vm/read_ahead.h"

#include <bit>

#include "guest/kernel/lib/min_max.h"
#include "shared/base/range.h"

namespace gk {
namespace {

constexpr size_t kGrowth = 4;

}  // namespace

// The read of `reach` pages, or of a part of it up to where a multiple begins, from `from` on in its direction.
// `wanted` pages from there upwards are in it.
ReadAhead::Range ReadAhead::Stream::Extend(PageIndex from, size_t wanted) {
  if (direction == Direction::kDown) {
    end = from + wanted;
    first = Max(base::AlignDown(from, PageIndex{reach}), end - Min(end, PageIndex{Max(reach, wanted)}));
  } else {
    first = from;
    end = Max(base::AlignDown(from, PageIndex{reach}) + reach, from + wanted);
  }
  return {first, end};
}

// The first stream for which `fits` holds; kStreams when there is none.
template <typename Fits>
size_t ReadAhead::Find(Fits fits) const {
  size_t slot = 0;
  while (slot < kStreams && !fits(streams_[slot])) {
    ++slot;
  }
  return slot;
}

ReadAhead::Range ReadAhead::OnMiss(PageIndex missing, size_t wanted, size_t most) {
  const Range range = FindRange(missing, wanted, most);
  const Range from_missing = Together({missing, range.end});
  const bool all_before = range.first != missing && Together({range.first, missing + 1}).end == missing + 1;
  return {all_before ? range.first : missing, from_missing.end};
}

void ReadAhead::OnFailure(Range failed) {
  failures_[next_failure_] = failed;
  next_failure_ = (next_failure_ + 1) % kFailures;
}

ReadAhead::Range ReadAhead::Together(Range range) const {
  for (const Range& failed : failures_) {
    if (failed.first <= range.first && range.first < failed.end) {
      return {range.first, range.first + 1};
    }
    if (range.first < failed.first && failed.first < range.end) {
      range.end = failed.first;
    }
  }
  return range;
}

ReadAhead::Range ReadAhead::FindRange(PageIndex missing, size_t wanted, size_t most) {
  // What a stream without misses so far says is a guess, and somebody who says what he wants knows better.
  const size_t up =
      Find([=](const Stream& stream) { return stream.GoesUpTo(missing) && (stream.end != 0 || wanted == 1); });
  if (up != kStreams) {
    return BringToFront(up).Continue(Direction::kUp, missing, wanted, most);
  }
  if (const size_t near = Find([=](const Stream& stream) { return stream.IsNear(missing); }); near != kStreams) {
    Stream& stream = BringToFront(near);
    stream.reach = Min(stream.reach / kGrowth, most);
    return stream.Extend(missing, wanted);
  }
  const size_t down = Find([=](const Stream& stream) { return stream.GoesDownTo(missing); });
  if (down != kStreams) {
    return BringToFront(down).Continue(Direction::kDown, missing, wanted, most);
  }
  const size_t strided = Find([=](const Stream& stream) { return stream.StrideTo(missing) != 0; });
  if (strided != kStreams) {
    return OnStride(BringToFront(strided), missing, wanted, most);
  }
  BringToFront(kStreams - 1) = {.first = missing,
                                .end = missing + wanted,
                                .reach = Min(std::bit_floor(wanted), most),
                                .direction = Direction::kNone};
  return {missing, missing + wanted};
}

// The third miss of a row shows that the stride is one.
ReadAhead::Range ReadAhead::OnStride(Stream& stream, PageIndex missing, size_t wanted, size_t most) {
  const int64_t stride = stream.StrideTo(missing);
  const size_t step = std::bit_ceil(static_cast<size_t>(stride < 0 ? -stride : stride));
  if (stride == stream.stride && step < most) {
    stream.reach = step;
    return stream.Continue(stride > 0 ? Direction::kUp : Direction::kDown, missing, wanted, most);
  }
  stream.first = missing;
  stream.end = missing + wanted;
  stream.stride = stride;
  return {missing, missing + wanted};
}

ReadAhead::Range ReadAhead::Stream::Continue(Direction where, PageIndex from, size_t wanted, size_t most) {
  direction = where;
  reach = Min(reach * kGrowth, most);
  return Extend(from, wanted);
}

const ReadAhead::Stream* ReadAhead::FindDue(PageIndex index) const {
  const size_t slot = Find([index](const Stream& stream) { return stream.IsNear(index); });
  return slot != kStreams ? &streams_[slot] : nullptr;
}

ReadAhead::Range ReadAhead::ReadOn(PageIndex index, size_t most) {
  Stream& stream = BringToFront(static_cast<size_t>(FindDue(index) - streams_.data()));
  const PageIndex from = stream.direction == Direction::kDown ? stream.first - 1 : stream.end;
  return stream.Continue(stream.direction, from, 1, most);
}

ReadAhead::Stream& ReadAhead::BringToFront(size_t slot) {
  const Stream chosen = streams_[slot];
  for (; slot != 0; --slot) {
    streams_[slot] = streams_[slot - 1];
  }
  return streams_[0] = chosen;
}

}  // namespace gk
