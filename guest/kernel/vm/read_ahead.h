// How far ahead of its readers a source reads: decided from the misses before.
//
// A stream is a run of misses each of which continues where the read before it ended, upwards or downwards. The first
// miss of a stream reads what was asked for, because a random access wants no more; each further one reaches four times
// as far, up to what is offered. A read ends where a multiple of its reach begins, because a fault maps such a part of
// the object at once: what one read brings is seen by one fault. Several streams are told apart, so that threads that
// read different parts do not disturb each other. An object that was never read expects to be read from its start.
//
//   misses at 0, 4, 16, 64, 256, ...   reads of 4, 12, 48, 192, 256 pages
//   misses at 70, 69, 67, ...          reads of 1, 2, 4 pages: 70, 68 to 69, 64 to 67
//   misses at 70, 3, 981               reads of 1 page each
//   misses at 70, 78, 86, 128, ...     reads of 1, 1, 42, 128 pages: 86 to 127, 128 to 255
//
// Steps of the same length are a stream that is read with all that lies between: a few pages more cost less than a
// fault, and need no other kind of request. That is so up to kLongestStride.
//
// A stream that has reached far is read on while its reader uses what came before: the host then works beside the
// guest, not in turns with it. The mark that the reader passes is kDepth reaches before the end of what was asked for:
// with one, the host would wait for the guest between two reads.
//
//        in use      asked for       asked for
//   ...|---------|---------------|---------------|          a reader who comes to the second part
//                ^ reader                         ^ next     causes the fourth to be asked for
//
// Where what it would ask for is there, or on its way, somebody else reads ahead, the host by supplies: to him the
// stream leaves it, as long as he is more than a reach before the reader. If both asked for the same they would race.
//
// A miss inside what a stream has asked for means that pages have gone before they were used. Then less is better: it
// reaches a quarter as far from there.
//
// A read of many pages that failed does not say which of them is at fault. What it would have brought is read page by
// page from then on, so that only who comes to that page is told. The last kFailures such parts of an object are known.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <array>

#include "guest/kernel/vm/page.h"

namespace gk {

class ReadAhead {
 public:
  static constexpr size_t kStreams = 8;
  // Streams that reach as far are read on. Shorter ones may be chance, and end soon.
  static constexpr size_t kFarReach = 64;
  static constexpr size_t kDepth = 2;
  // Pages from one miss to the next. On a host with slow traps a fault costs what a hundred pages in one read cost;
  // this leaves room for those where reading is slow.
  static constexpr size_t kLongestStride = 16;
  static constexpr size_t kFailures = 8;

  struct Range {
    PageIndex first;
    PageIndex end;
  };

  // The page at `missing` must be read for somebody who is going to want `wanted` pages from there (not 0). What to
  // read: it contains the page, and has at most Max(most, wanted) pages; `most` is a power of two. Takes note of the
  // miss. One page where a read has failed, and none of such a part with others.
  Range OnMiss(PageIndex missing, size_t wanted, size_t most);

  // A reader has come to the page at `index`. Whether something should be asked for, so that it is there when he comes
  // to it.
  [[nodiscard]] bool IsDue(PageIndex index) const { return FindDue(index) != nullptr; }
  // What, and takes note of it: up to `most` pages. Precondition: IsDue.
  Range ReadOn(PageIndex index, size_t most);

  // Whether any of that had to be asked for. Right after ReadOn.
  void OnReadOn(bool asked) { streams_.front().depth = asked ? kDepth : 1; }

  // A read of these pages, more than one, has failed as a whole.
  void OnFailure(Range failed);
  // The pages of `range` from its first one on that may be read at once, not 0 of them.
  [[nodiscard]] Range Together(Range range) const;

 private:
  // The last read of a stream was [first, end). Without a direction it may go on at either side.
  enum class Direction : uint8_t { kNone, kUp, kDown };
  struct Stream {
    PageIndex first = 0;
    PageIndex end = 0;
    size_t reach = 0;  // 0: there is no stream
    Direction direction = Direction::kNone;
    size_t depth = kDepth;  // in reaches: how far before the reader it is read on
    int64_t stride = 0;     // without a direction: from the miss before the last to the last; 0: there was none

    // A miss a little further on belongs to the stream too: a reader may skip what it does not need.
    [[nodiscard]] bool GoesUpTo(PageIndex missing) const {
      return direction != Direction::kDown && missing >= end && missing - end < reach;
    }
    [[nodiscard]] bool GoesDownTo(PageIndex missing) const {
      return direction != Direction::kUp && missing < first && first - missing <= reach;
    }
    // From its last miss, if that may become a stride; else 0.
    [[nodiscard]] int64_t StrideTo(PageIndex missing) const {
      const auto step = static_cast<int64_t>(missing - first);
      const auto longest = static_cast<int64_t>(kLongestStride);
      const bool near = -longest <= step && step <= longest;
      return reach != 0 && direction == Direction::kNone && near ? step : 0;
    }
    // Pages asked for that lie before the reader at `index`, who has not come to the last of them; 0: he is elsewhere.
    [[nodiscard]] PageIndex Ahead(PageIndex index) const {
      if (direction == Direction::kUp) {
        return index < end ? end - index : 0;
      }
      return direction == Direction::kDown && index >= first && first != 0 ? index - first + 1 : 0;
    }
    [[nodiscard]] bool IsNear(PageIndex index) const {
      const PageIndex ahead = Ahead(index);
      return reach >= kFarReach && ahead != 0 && ahead <= depth * reach;
    }
    Range Extend(PageIndex from, size_t wanted);
    // The same, reaching further than before.
    Range Continue(Direction where, PageIndex from, size_t wanted, size_t most);
  };

  Range FindRange(PageIndex missing, size_t wanted, size_t most);
  Range OnStride(Stream& stream, PageIndex missing, size_t wanted, size_t most);
  template <typename Fits>
  [[nodiscard]] size_t Find(Fits fits) const;
  [[nodiscard]] const Stream* FindDue(PageIndex index) const;
  Stream& BringToFront(size_t slot);

  // The most recently used first: a miss that fits no stream replaces the last.
  std::array<Stream, kStreams> streams_{Stream{.reach = 1, .direction = Direction::kUp}};
  std::array<Range, kFailures> failures_{};  // the latest before failures_[next_failure_]; empty ones are none
  size_t next_failure_ = 0;
};

}  // namespace gk
