// The threads of one process that wait for a futex, found by the futex's address.
//
// Nothing is kept for a futex that nobody waits for: a waiter's entry lives on its own stack. The comparison of the
// futex's value is the caller's; the kernel lock makes comparison and enqueueing one step for everybody in the kernel,
// and a program that changes the value before it wakes finds the waiter in the table.
//
// The owner of a futex is what programs say it is: the thread that holds the lock. It exists while somebody waits.
#pragma once

#include <zircon/types.h>

#include <array>

#include "guest/kernel/arch/types.h"
#include "guest/kernel/lib/status.h"
#include "guest/kernel/object/dispatcher.h"
#include "guest/kernel/sched/wait_queue.h"
#include "shared/base/intrusive_list.h"

namespace gk {

class FutexTable {
 public:
  // Blocks the calling thread, which programs know as `self`, until a wake-up at the same address takes it, in order of
  // arrival. `owner`, which may be null, is the futex's owner from now on. ZX_OK, ZX_ERR_TIMED_OUT,
  // ZX_ERR_INTERNAL_INTR_KILLED, ZX_ERR_INTERNAL_INTR_RETRY.
  Status Wait(VirtualAddress address, Dispatcher& self, RefPtr<Dispatcher> owner, zx_time_t deadline);

  // Wakes at most `count` threads that wait at `address`, the longest waiting first, and leaves the futex without an
  // owner. Returns how many.
  uint32_t Wake(VirtualAddress address, uint32_t count);
  // Wakes one, which becomes the owner.
  void WakeSingleOwner(VirtualAddress address);

  // Lets at most `count` threads wait at `to` instead of `from`, behind those that wait there; `owner` owns that futex.
  void Requeue(VirtualAddress from, VirtualAddress to, uint32_t count, RefPtr<Dispatcher> owner);

  // True when `thread` waits at `address`.
  [[nodiscard]] bool IsWaiting(VirtualAddress address, const Dispatcher& thread);
  // Null: nobody, as always when nobody waits.
  [[nodiscard]] const Dispatcher* OwnerOf(VirtualAddress address);

 private:
  struct Waiting : base::ListNode<Waiting> {
    VirtualAddress address = 0;
    Dispatcher* thread = nullptr;
    RefPtr<Dispatcher> owner;  // of the futex: the same for all that wait at the address
    WaitQueue queue;
  };
  using Bucket = base::IntrusiveList<Waiting>;
  static constexpr uint32_t kBucketBits = 5;

  Bucket& BucketOf(VirtualAddress address) { return buckets_[(address * 0x9e3779b97f4a7c15) >> (64 - kBucketBits)]; }
  // Who has waited longest at `address`; null: nobody.
  [[nodiscard]] Waiting* First(VirtualAddress address);
  void SetOwner(VirtualAddress address, const RefPtr<Dispatcher>& owner);
  // Wakes `waiting`. False when its deadline has passed already: that must not use up a wake-up.
  bool Wake(Waiting& waiting);

  std::array<Bucket, 1u << kBucketBits> buckets_;
};

}  // namespace gk
