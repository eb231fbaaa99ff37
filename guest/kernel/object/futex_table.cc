#include "guest/kernel/object/futex_table.h"

namespace gk {

Status FutexTable::Wait(VirtualAddress address, Dispatcher& self, RefPtr<Dispatcher> owner, zx_time_t deadline) {
  Waiting waiting;
  waiting.address = address;
  waiting.thread = &self;
  BucketOf(address).PushBack(waiting);
  SetOwner(address, owner);
  const Status status = waiting.queue.Block(deadline, BlockReason::kFutex);
  if (waiting.is_linked()) {  // nobody took it out: timed out, killed, or to be suspended
    waiting.Unlink();
  }
  return status;
}

bool FutexTable::Wake(Waiting& waiting) {
  waiting.Unlink();
  return waiting.queue.WakeOne() != 0;
}

uint32_t FutexTable::Wake(VirtualAddress address, uint32_t count) {
  SetOwner(address, nullptr);
  uint32_t woken = 0;
  while (woken < count) {
    Waiting* waiting = First(address);
    if (waiting == nullptr) {
      break;
    }
    woken += Wake(*waiting) ? 1u : 0u;
  }
  return woken;
}

void FutexTable::WakeSingleOwner(VirtualAddress address) {
  while (Waiting* waiting = First(address)) {
    const RefPtr<Dispatcher> thread(waiting->thread);
    if (Wake(*waiting)) {
      SetOwner(address, thread);
      return;
    }
  }
}

void FutexTable::Requeue(VirtualAddress from, VirtualAddress to, uint32_t count, RefPtr<Dispatcher> owner) {
  for (; count != 0; --count) {
    Waiting* waiting = First(from);
    if (waiting == nullptr) {
      break;
    }
    waiting->Unlink();
    waiting->address = to;
    BucketOf(to).PushBack(*waiting);
  }
  SetOwner(to, owner);
}

bool FutexTable::IsWaiting(VirtualAddress address, const Dispatcher& thread) {
  for (const Waiting& waiting : BucketOf(address)) {
    if (waiting.address == address && waiting.thread == &thread) {
      return true;
    }
  }
  return false;
}

const Dispatcher* FutexTable::OwnerOf(VirtualAddress address) {
  const Waiting* waiting = First(address);
  const Dispatcher* owner = waiting != nullptr ? waiting->owner.get() : nullptr;
  const bool alive = owner != nullptr && (owner->signals() & ZX_THREAD_TERMINATED) == 0;
  return alive ? owner : nullptr;
}

FutexTable::Waiting* FutexTable::First(VirtualAddress address) {
  for (Waiting& waiting : BucketOf(address)) {
    if (waiting.address == address) {
      return &waiting;
    }
  }
  return nullptr;
}

void FutexTable::SetOwner(VirtualAddress address, const RefPtr<Dispatcher>& owner) {
  for (Waiting& waiting : BucketOf(address)) {
    if (waiting.address == address) {
      waiting.owner = owner;
    }
  }
}

}  // namespace gk
