#include "guest/kernel/object/futex_table.h"

namespace gk {

Status FutexTable::Wait(VirtualAddress address, zx_time_t deadline) {
  Waiting waiting;
  waiting.address = address;
  BucketOf(address).PushBack(waiting);
  const Status status = waiting.queue.Block(deadline, BlockReason::kFutex);
  if (waiting.is_linked()) {  // nobody took it out: timed out or killed
    waiting.Unlink();
  }
  return status;
}

uint32_t FutexTable::Wake(VirtualAddress address, uint32_t count) {
  uint32_t woken = 0;
  Bucket& bucket = BucketOf(address);
  for (auto it = bucket.begin(); it != bucket.end() && woken < count;) {
    Waiting& waiting = *it;
    ++it;
    if (waiting.address == address) {
      waiting.Unlink();
      // A waiter whose deadline has passed stays in the table until it runs. It must not use up a wake-up.
      woken += waiting.queue.WakeOne();
    }
  }
  return woken;
}

}  // namespace gk
