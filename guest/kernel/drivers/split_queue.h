// The driver's end of a split virtqueue (virtio 1.2 section 2.7).
//
// Each chain carries a token of the caller's, which comes back when the device has used the chain. What the device must
// not change, the free list and the length of each chain, is kept outside of the memory that it sees. What it does
// write, the used ring, is read once and checked: the index may not run ahead of what is outstanding, an entry must
// name a chain that the device has, and no more bytes can be written than the chain has room for. A device that breaks
// one of these rules is not asked again: the queue is broken for good.
//
// Memory is allocated by Create and by nothing else. Kernel lock held; nothing blocks; safe in a panic.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <optional>
#include <span>

#include "guest/kernel/arch/types.h"
#include "guest/kernel/lib/status.h"
#include "guest/kernel/vm/page.h"

struct vring_desc;
struct vring_avail;
struct vring_used;

namespace gk::drivers {

// A piece of guest-physical memory that is lent to the device.
struct QueueBuffer {
  PhysicalAddress address;
  uint32_t length;  // bytes, not 0
  bool device_writes = false;
};

struct UsedChain {
  uint32_t token;
  uint32_t length;  // bytes that the device says it has written, at most the room in the chain's writable buffers
};

class SplitQueue {
 public:
  // Nothing yet: what a queue is before it is made and after it is moved from.
  constexpr SplitQueue() = default;
  // `size`: entries, a power of two up to 1024. ZX_ERR_NO_MEMORY, ZX_ERR_INVALID_ARGS.
  static Result<SplitQueue> Create(uint16_t size, bool event_index);
  SplitQueue(SplitQueue&& other) noexcept { Swap(other); }
  SplitQueue& operator=(SplitQueue&& other) noexcept {
    Swap(other);
    return *this;
  }
  // Precondition: the device has given up the queue, or never got it.
  ~SplitQueue();

  [[nodiscard]] PhysicalAddress descriptors_address() const { return memory_->physical_address(); }
  [[nodiscard]] PhysicalAddress available_address() const;
  [[nodiscard]] PhysicalAddress used_address() const;

  [[nodiscard]] uint16_t size() const { return size_; }
  [[nodiscard]] uint16_t free_descriptors() const { return free_count_; }
  [[nodiscard]] uint16_t outstanding() const { return outstanding_; }  // chains
  [[nodiscard]] bool broken() const { return broken_; }

  // Puts a chain into the ring; the device sees it after Publish. Readable buffers come first (section 2.7.4.2).
  // Precondition: 1..free_descriptors() buffers, not broken.
  void Add(std::span<const QueueBuffer> buffers, uint32_t token);

  // Shows the device all chains added so far. True when it wants to be notified of them.
  [[nodiscard]] bool Publish();

  // Whether PopUsed may find something. The one call for which the kernel lock need not be held.
  [[nodiscard]] bool HasUsed() const;
  // The next chain that the device has used; nothing when there is none. ZX_ERR_IO_DATA_INTEGRITY: the device broke the
  // rules; the queue is broken, and its chains stay with the device until it is reset.
  [[nodiscard]] Result<std::optional<UsedChain>> PopUsed();

  // Whether the device shall interrupt when it uses the next chain. Both are hints. Enabling returns true when there is
  // a used chain already, for which no interrupt may come (section 2.7.7.1).
  void DisableInterrupts();
  [[nodiscard]] bool EnableInterrupts();
  // The device shall interrupt for the next chain that it uses, whatever it has used by now: somebody else takes care
  // of that.
  void InterruptForNext();

 private:
  // What is remembered of each descriptor, under its index.
  struct Shadow {
    uint32_t token;
    uint32_t writable;  // bytes; of the chain that starts here
    uint16_t next;      // in the chain, or in the free list
    uint16_t count;     // descriptors of the chain that starts here; 0: no chain with the device starts here
  };

  void Swap(SplitQueue& other);
  void Recycle(uint16_t head);
  [[nodiscard]] base::Failure<Status> Break();
  [[nodiscard]] uint16_t* used_event() const;
  [[nodiscard]] uint16_t* available_event() const;
  [[nodiscard]] uint16_t LoadUsedIndex() const;

  Page* memory_ = nullptr;  // the three rings
  uint32_t memory_pages_ = 0;
  vring_desc* descriptors_ = nullptr;
  vring_avail* available_ = nullptr;
  vring_used* used_ = nullptr;
  Shadow* shadow_ = nullptr;

  uint16_t size_ = 0;
  uint16_t free_head_ = 0;
  uint16_t free_count_ = 0;
  uint16_t outstanding_ = 0;
  uint16_t next_available_ = 0;       // index of the next entry to fill
  uint16_t published_available_ = 0;  // what the device has been shown
  uint16_t next_used_ = 0;            // index of the next used entry to look at
  bool event_index_ = false;
  bool broken_ = false;
};

}  // namespace gk::drivers
