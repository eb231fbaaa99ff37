// The console's transmit queue, drained into a descriptor that may be slow, closed or gone.
//
// A batch of chains is taken from the queue, written in pieces that a ready descriptor accepts without blocking, and
// given back when all of it is out. Between two calls the rest of the batch waits here.
#pragma once

#include <sys/uio.h>

#include <cstdint>
#include <vector>

#include "devices/virtio/split_queue.h"
#include "shared/base/result.h"

namespace dev {

// Somebody who also writes where the output goes. Called by the thread that writes it, which waits.
class ConsoleWatcher {
 public:
  ConsoleWatcher() = default;
  ConsoleWatcher(const ConsoleWatcher&) = delete;
  ConsoleWatcher& operator=(const ConsoleWatcher&) = delete;
  virtual ~ConsoleWatcher() = default;

  // Output follows, then AfterOutput.
  virtual void BeforeOutput() = 0;
  // `last`: of the bytes that are out. When nothing could be written it is that of the last time, '\n' at first.
  virtual void AfterOutput(char last) = 0;
};

// What the descriptor refused.
struct LostOutput {
  uint64_t bytes = 0;
  int error = 0;  // why it refused the first of them: an errno; 0: nothing was lost
};

class ConsoleOutput {
 public:
  enum class Progress {
    kIdle,     // nothing left to write
    kMore,     // call again
    kBlocked,  // call again when the descriptor is writable
  };
  struct Step {
    Progress progress;
    bool interrupt;   // the driver wants to hear of chains given back
    LostOutput lost;  // in this step
  };

  // `watcher` may be null; it outlives this object.
  explicit ConsoleOutput(int descriptor, ConsoleWatcher* watcher = nullptr)
      : descriptor_(descriptor), watcher_(watcher) {}

  // True when no chain of the driver's is held.
  [[nodiscard]] bool idle() const { return batch_.empty(); }

  // Writes at most one piece. Does not block on a descriptor that poll() calls writable honestly.
  [[nodiscard]] base::Result<Step, QueueError> Advance(SplitQueue& queue);

 private:
  [[nodiscard]] base::Result<bool, QueueError> TakeBatch(SplitQueue& queue);
  [[nodiscard]] std::vector<iovec> NextPiece() const;
  [[nodiscard]] bool WritePiece(Step& step);
  void Skip(uint64_t bytes);
  [[nodiscard]] bool GiveBack(SplitQueue& queue);

  [[nodiscard]] int64_t WriteWatched(const std::vector<iovec>& piece);

  const int descriptor_;
  ConsoleWatcher* const watcher_;
  char last_ = '\n';                    // of what is out
  std::vector<DescriptorChain> batch_;  // with the device; given back together
  std::vector<iovec> unwritten_;        // what is left of the batch's bytes, in guest memory
  size_t next_ = 0;                     // first of unwritten_ that is not out
};

}  // namespace dev
