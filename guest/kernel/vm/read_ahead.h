// How far ahead of a missing page its source reads: decided from the misses before it.
//
// A stream is a run of misses each of which continues where the read before it ended. The first miss of a stream reads
// one page, because a random access wants no more; each further one reaches four times as far, up to what the provider
// offers. A read ends where a multiple of its reach begins, because a fault maps such a part of the object at once:
// what one read brings is seen by one fault. Several streams are told apart, so that threads that read different parts
// do not disturb each other. An object that was never read expects to be read from its start.
//
//   misses at 0, 4, 16, 64, ...   reads of 4, 12, 48, 64 pages
//   misses at 70, 3, 981          reads of 1 page each
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <array>

#include "guest/kernel/vm/page.h"

namespace gk {

class ReadAhead {
 public:
  static constexpr size_t kStreams = 4;

  // How many pages to read from `missing` on: 1 to `most`. Takes note of the miss.
  size_t OnMiss(PageIndex missing, size_t most);

 private:
  struct Stream {
    PageIndex next = 0;  // where the last read of this stream ended
    size_t reach = 0;    // of that read, pages; 0: there was none
    // A miss a little further on belongs to the stream too: a reader may skip what it does not need.
    [[nodiscard]] bool Continues(PageIndex missing) const { return missing >= next && missing - next < reach; }
  };

  // The most recently used first: a miss that fits no stream replaces the last.
  std::array<Stream, kStreams> streams_{Stream{.next = 0, .reach = 1}};
};

}  // namespace gk
