// The threads of one process that wait for a futex, found by the futex's address.
//
// Nothing is kept for a futex that nobody waits for: a waiter's entry lives on its own stack. The comparison of the
// futex's value is the caller's; the kernel lock makes comparison and enqueueing one step for everybody in the kernel,
// and a program that changes the value before it wakes finds the waiter in the table.
#pragma once

#include <zircon/types.h>

#include <array>

#include "guest/kernel/arch/types.h"
#include "guest/kernel/lib/status.h"
#include "guest/kernel/sched/wait_queue.h"
#include "shared/base/intrusive_list.h"

namespace gk {

class FutexTable {
 public:
  // Blocks the calling thread until a Wake at the same address takes it, in order of arrival. ZX_OK, ZX_ERR_TIMED_OUT,
  // ZX_ERR_INTERNAL_INTR_KILLED, ZX_ERR_INTERNAL_INTR_RETRY.
  Status Wait(VirtualAddress address, zx_time_t deadline);

  // Wakes at most `count` threads that wait at `address`, the longest waiting first. Returns how many.
  uint32_t Wake(VirtualAddress address, uint32_t count);

 private:
  struct Waiting : base::ListNode<Waiting> {
    VirtualAddress address = 0;
    WaitQueue queue;
  };
  using Bucket = base::IntrusiveList<Waiting>;
  static constexpr uint32_t kBucketBits = 5;

  Bucket& BucketOf(VirtualAddress address) { return buckets_[(address * 0x9e3779b97f4a7c15) >> (64 - kBucketBits)]; }

  std::array<Bucket, 1u << kBucketBits> buckets_;
};

}  // namespace gk
