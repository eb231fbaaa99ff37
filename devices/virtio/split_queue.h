// The device's end of a split virtqueue (virtio 1.2 section 2.7).
//
// Everything in the three rings is written by a driver that may be hostile, and may change while it is read. Pop copies
// each descriptor exactly once, checks the copy and hands out a DescriptorChain that no longer depends on the rings;
// what a buffer *contains* is still the guest's and must be copied before it is interpreted.
//
// A ring that breaks the rules makes the queue broken for good: every later Pop gives the same error without looking at
// the guest's memory, and the device answers with DEVICE_NEEDS_RESET (section 2.1.2).
//
// Threads: none of its own, no lock; one thread at a time.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "devices/core/guest_memory.h"
#include "shared/base/result.h"

namespace dev {

enum class QueueError : uint8_t {
  kBadSize,     // not a power of two, 0, or above what the device offers
  kMisaligned,  // a ring's address (section 2.7: 16, 2 and 4 bytes)
  kRingNotInRam,
  kAvailableIndex,      // the driver claims more available chains than the queue has entries
  kTooManyOutstanding,  // more chains are with the device than the queue has entries: heads were posted twice
  kDescriptorIndex,     // a head or a next field beyond the table
  kChainTooLong,        // longer than the queue, which is also what a loop looks like (section 2.7.5.3.1)
  kBufferNotInRam,
  kLengthOverflow,         // the chain's buffers add up to more than 2^32 - 1 bytes (section 2.7.5.2)
  kReadableAfterWritable,  // section 2.7.4.2
  kIndirectNotNegotiated,
  kIndirectNested,  // section 2.7.5.3.1
  kIndirectWithNext,
  kIndirectTable,  // its size is 0 or no multiple of a descriptor's
};
std::string_view ToString(QueueError error);

// One buffer of a chain. `bytes` lies in guest RAM: the guest may change its content at any time.
struct GuestBuffer {
  uint64_t address;  // guest-physical
  std::span<std::byte> bytes;
};

// One request of the driver: device-readable buffers, then device-writable ones.
class DescriptorChain {
 public:
  [[nodiscard]] uint16_t head() const { return head_; }  // names the chain when it is given back
  [[nodiscard]] std::span<const GuestBuffer> readable() const { return std::span(buffers_).first(readable_count_); }
  [[nodiscard]] std::span<const GuestBuffer> writable() const { return std::span(buffers_).subspan(readable_count_); }
  [[nodiscard]] uint32_t readable_bytes() const { return readable_bytes_; }
  [[nodiscard]] uint32_t writable_bytes() const { return writable_bytes_; }

 private:
  friend class ChainReader;

  std::vector<GuestBuffer> buffers_;
  size_t readable_count_ = 0;
  uint32_t readable_bytes_ = 0;
  uint32_t writable_bytes_ = 0;
  uint16_t head_ = 0;
};

// Where the driver put a queue, and what was negotiated for it.
struct QueueLayout {
  uint16_t size = 0;         // entries
  uint64_t descriptors = 0;  // guest-physical
  uint64_t available = 0;
  uint64_t used = 0;
  bool event_idx = false;  // VIRTIO_RING_F_EVENT_IDX
  bool indirect = false;   // VIRTIO_RING_F_INDIRECT_DESC
};

class SplitQueue {
 public:
  // `memory` outlives the queue. Fails with one of the first three errors; nothing in RAM is read or written.
  static base::Result<SplitQueue, QueueError> Create(const GuestMemory& memory, const QueueLayout& layout);

  [[nodiscard]] uint16_t size() const { return layout_.size; }

  // The next available chain; nullopt when there is none. The chain is with the device until AddUsed names its head.
  [[nodiscard]] base::Result<std::optional<DescriptorChain>, QueueError> Pop();

  // True when Pop would give a chain or an error. Cheap: what a polling loop asks.
  [[nodiscard]] bool HasWork() const;

  // Gives a chain back: `written` bytes of its writable buffers have been filled. The driver sees it after PublishUsed.
  // Precondition: `head` came from Pop and was not given back yet.
  void AddUsed(uint16_t head, uint32_t written);

  // Shows the driver all chains given back so far. True when it wants an interrupt for them.
  [[nodiscard]] bool PublishUsed();

  // Whether the driver shall notify when it makes chains available. Enabling returns true when there is work already,
  // for which no notification comes: serve it before going to sleep (section 2.7.10).
  void DisableNotifications();
  [[nodiscard]] bool EnableNotifications();

 private:
  struct Rings {
    std::span<std::byte> descriptors;
    std::span<std::byte> available_ring;  // the entries only
    std::span<std::byte> used_ring;
    GuestAtomic<uint16_t> available_flags;
    GuestAtomic<uint16_t> available_index;
    GuestAtomic<uint16_t> used_event;
    GuestAtomic<uint16_t> used_flags;
    GuestAtomic<uint16_t> used_index;
    GuestAtomic<uint16_t> available_event;
  };
  static base::Result<Rings, QueueError> Locate(const GuestMemory& memory, const QueueLayout& layout);
  SplitQueue(const GuestMemory& memory, const QueueLayout& layout, const Rings& rings)
      : memory_(&memory), layout_(layout), rings_(rings) {}

  [[nodiscard]] base::Result<uint16_t, QueueError> NextHead();
  [[nodiscard]] base::Failure<QueueError> Break(QueueError error);

  const GuestMemory* memory_;
  QueueLayout layout_;
  Rings rings_;
  std::optional<QueueError> broken_;
  uint16_t next_available_ = 0;  // index of the next chain to pop
  uint16_t next_used_ = 0;       // index of the next used entry to fill
  uint16_t published_used_ = 0;  // what the driver has been shown
  uint16_t outstanding_ = 0;     // popped, not given back
};

}  // namespace dev
