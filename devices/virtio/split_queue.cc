#include "devices/virtio/split_queue.h"

#include <cstring>

#include "devices/virtio/chain_reader.h"
#include "devices/virtio/linux_virtio.h"
#include "shared/base/range.h"

namespace dev {

namespace {

// Offsets inside the rings, whose three parts are: flags (2 bytes), index (2), entries, event (2).
// Section 2.7.6, 2.7.8.
constexpr uint64_t kFlagsOffset = 0;
constexpr uint64_t kIndexOffset = 2;
constexpr uint64_t kEntriesOffset = 4;
constexpr uint64_t kAvailableEntrySize = sizeof(uint16_t);
constexpr uint64_t kUsedEntrySize = sizeof(vring_used_elem);
constexpr uint64_t kMaxQueueSize = 32768;  // section 2.7

// Ring indices run through all 16-bit values; the arithmetic on them is modulo 2^16.
uint16_t Distance(uint16_t from, uint16_t to) { return static_cast<uint16_t>(to - from); }
uint16_t Next(uint16_t index) { return static_cast<uint16_t>(index + 1); }

std::optional<std::span<std::byte>> RingSpan(const GuestMemory& memory, uint64_t address, uint64_t size) {
  const auto range = GuestRange::Create(address, size);
  return range ? memory.Span(*range) : std::nullopt;
}

}  // namespace

std::string_view ToString(QueueError error) {
  switch (error) {
    case QueueError::kBadSize:
      return "the queue's size is no power of two or too large";
    case QueueError::kMisaligned:
      return "a ring is not aligned";
    case QueueError::kRingNotInRam:
      return "a ring lies outside RAM";
    case QueueError::kAvailableIndex:
      return "the available index claims more chains than the queue has entries";
    case QueueError::kTooManyOutstanding:
      return "more chains are outstanding than the queue has entries";
    case QueueError::kDescriptorIndex:
      return "a descriptor index lies outside the table";
    case QueueError::kChainTooLong:
      return "a chain is longer than the queue, or a loop";
    case QueueError::kBufferNotInRam:
      return "a buffer lies outside RAM";
    case QueueError::kLengthOverflow:
      return "the buffers of a chain add up to 4 GiB or more";
    case QueueError::kReadableAfterWritable:
      return "a device-readable buffer follows a device-writable one";
    case QueueError::kIndirectNotNegotiated:
      return "an indirect descriptor, which was not negotiated";
    case QueueError::kIndirectNested:
      return "an indirect descriptor inside an indirect table";
    case QueueError::kIndirectWithNext:
      return "an indirect descriptor with a next one";
    case QueueError::kIndirectTable:
      return "an indirect table whose size is no multiple of a descriptor's";
  }
  return "unknown";
}

base::Result<SplitQueue, QueueError> SplitQueue::Create(const GuestMemory& memory, const QueueLayout& layout) {
  if (!base::IsPowerOfTwo(layout.size) || layout.size > kMaxQueueSize) {
    return base::Failure{QueueError::kBadSize};
  }
  if (!base::IsAligned(layout.descriptors, VRING_DESC_ALIGN_SIZE) ||
      !base::IsAligned(layout.available, VRING_AVAIL_ALIGN_SIZE) ||
      !base::IsAligned(layout.used, VRING_USED_ALIGN_SIZE)) {
    return base::Failure{QueueError::kMisaligned};
  }
  PAGODA_TRY_ASSIGN(const Rings rings, Locate(memory, layout));
  return SplitQueue(memory, layout, rings);
}

base::Result<SplitQueue::Rings, QueueError> SplitQueue::Locate(const GuestMemory& memory, const QueueLayout& layout) {
  const uint64_t available_event = kEntriesOffset + layout.size * kAvailableEntrySize;
  const uint64_t used_event = kEntriesOffset + layout.size * kUsedEntrySize;
  const auto descriptors = RingSpan(memory, layout.descriptors, layout.size * sizeof(vring_desc));
  // The event fields are part of the rings whether negotiated or not (section 2.7.6, 2.7.8).
  const auto available = RingSpan(memory, layout.available, available_event + sizeof(uint16_t));
  const auto used = RingSpan(memory, layout.used, used_event + sizeof(uint16_t));
  if (!descriptors || !available || !used) {
    return base::Failure{QueueError::kRingNotInRam};
  }
  const auto available_field = [&](uint64_t offset) { return memory.Atomic<uint16_t>(layout.available + offset); };
  const auto used_field = [&](uint64_t offset) { return memory.Atomic<uint16_t>(layout.used + offset); };
  const auto available_flags = available_field(kFlagsOffset);
  const auto used_flags = used_field(kFlagsOffset);
  if (!available_flags || !used_flags) {
    return base::Failure{QueueError::kMisaligned};  // host memory less aligned than guest addresses; as for the rest
  }
  return Rings{
      .descriptors = *descriptors,
      .available_ring = available->subspan(kEntriesOffset, layout.size * kAvailableEntrySize),
      .used_ring = used->subspan(kEntriesOffset, layout.size * kUsedEntrySize),
      .available_flags = *available_flags,
      .available_index = *available_field(kIndexOffset),
      .used_event = *available_field(available_event),
      .used_flags = *used_flags,
      .used_index = *used_field(kIndexOffset),
      .available_event = *used_field(used_event),
  };
}

base::Failure<QueueError> SplitQueue::Break(QueueError error) {
  broken_ = error;
  return base::Failure{error};
}

bool SplitQueue::HasWork() const {
  return broken_.has_value() || rings_.available_index.LoadAcquire() != next_available_;
}

base::Result<std::optional<DescriptorChain>, QueueError> SplitQueue::Pop() {
  if (broken_) {
    return base::Failure{*broken_};
  }
  // ORDER: acquire pairs with the driver's release of the index: the entry and its descriptors are visible after it.
  const uint16_t available = Distance(next_available_, rings_.available_index.LoadAcquire());
  if (available == 0) {
    return std::optional<DescriptorChain>();
  }
  if (available > layout_.size) {
    return Break(QueueError::kAvailableIndex);
  }
  if (outstanding_ == layout_.size) {
    return Break(QueueError::kTooManyOutstanding);
  }
  uint16_t head;
  const size_t slot = next_available_ % layout_.size;
  CopyOnce(std::as_writable_bytes(std::span(&head, 1)),
           rings_.available_ring.subspan(slot * kAvailableEntrySize, kAvailableEntrySize));
  auto chain = ChainReader(*memory_, layout_, rings_.descriptors).Read(head);
  if (!chain.ok()) {
    return Break(chain.error());
  }
  next_available_ = Next(next_available_);
  ++outstanding_;
  return std::optional(std::move(chain).value());
}

void SplitQueue::AddUsed(uint16_t head, uint32_t written) {
  const vring_used_elem element{.id = head, .len = written};
  const size_t slot = next_used_ % layout_.size;
  std::memcpy(rings_.used_ring.data() + slot * kUsedEntrySize, &element, sizeof(element));
  next_used_ = Next(next_used_);
  --outstanding_;
}

bool SplitQueue::PublishUsed() {
  if (next_used_ == published_used_) {
    return false;
  }
  // ORDER: sequentially consistent, because a store of ours must be ordered before a load of ours: the driver writes
  // used_event (or its flags) and then reads the index again, so one of us sees the other's store (section 2.7.7.2).
  // It is also the release that makes the used entries visible.
  rings_.used_index.StoreSequential(next_used_);
  const uint16_t before = std::exchange(published_used_, next_used_);
  if (layout_.event_idx) {
    return vring_need_event(rings_.used_event.LoadSequential(), next_used_, before) != 0;
  }
  return (rings_.available_flags.LoadSequential() & VRING_AVAIL_F_NO_INTERRUPT) == 0;
}

void SplitQueue::DisableNotifications() {
  if (layout_.event_idx) {
    // There is no "never"; the event that was just passed comes round again after 65,535 chains, and then a spurious
    // notification does no harm.
    rings_.available_event.StoreRelease(static_cast<uint16_t>(next_available_ - 1));
  } else {
    rings_.used_flags.StoreRelease(VRING_USED_F_NO_NOTIFY);
  }
}

bool SplitQueue::EnableNotifications() {
  // ORDER: sequentially consistent as in PublishUsed: our store of the event before our load of the index, against the
  // driver's store of the index before its load of the event (section 2.7.10.1).
  if (layout_.event_idx) {
    rings_.available_event.StoreSequential(next_available_);
  } else {
    rings_.used_flags.StoreSequential(0);
  }
  return broken_.has_value() || rings_.available_index.LoadSequential() != next_available_;
}

}  // namespace dev
