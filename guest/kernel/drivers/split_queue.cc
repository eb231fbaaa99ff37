#include "guest/kernel/drivers/split_queue.h"

#define VIRTIO_RING_NO_LEGACY  // its functions are not C++
#include <linux/virtio_ring.h>

#include <utility>

#include "guest/kernel/lib/heap.h"
#include "guest/kernel/lib/panic.h"
#include "guest/kernel/vm/pmm.h"

namespace gk::drivers {
namespace {

constexpr uint16_t kLargestQueue = 1024;

// The rings of a queue lie one after the other (section 2.7: alignments 16, 2 and 4). Bytes from the start.
struct Layout {
  explicit constexpr Layout(uint64_t size)
      : available(size * sizeof(vring_desc)),
        used(base::AlignUp(available + sizeof(vring_avail) + (size + 1) * sizeof(uint16_t), VRING_USED_ALIGN_SIZE)),
        end(used + sizeof(vring_used) + size * sizeof(vring_used_elem) + sizeof(uint16_t)) {}

  uint64_t available;
  uint64_t used;
  uint64_t end;
};

}  // namespace

Result<SplitQueue> SplitQueue::Create(uint16_t size, bool event_index) {
  if (!base::IsPowerOfTwo(size) || size > kLargestQueue) {
    return Error(ZX_ERR_INVALID_ARGS);
  }
  const Layout layout(size);
  SplitQueue queue;
  queue.memory_pages_ = static_cast<uint32_t>(base::AlignUp(layout.end, kPageSize) / kPageSize);
  queue.memory_ = AllocateContiguous(queue.memory_pages_, kPageSize);
  queue.shadow_ = static_cast<Shadow*>(HeapAllocate(size * sizeof(Shadow)));
  if (queue.memory_ == nullptr || queue.shadow_ == nullptr) {
    return Error(ZX_ERR_NO_MEMORY);
  }
  for (uint32_t i = 0; i < queue.memory_pages_; ++i) {
    ZeroPage(queue.memory_[i]);
  }
  auto* start = queue.memory_->data<uint8_t>();
  queue.descriptors_ = reinterpret_cast<vring_desc*>(start);
  queue.available_ = reinterpret_cast<vring_avail*>(start + layout.available);
  queue.used_ = reinterpret_cast<vring_used*>(start + layout.used);
  for (uint16_t i = 0; i < size; ++i) {
    queue.shadow_[i] = {.token = 0, .writable = 0, .next = static_cast<uint16_t>(i + 1), .count = 0};
  }
  queue.size_ = queue.free_count_ = size;
  queue.event_index_ = event_index;
  queue.DisableInterrupts();
  return queue;
}

SplitQueue::~SplitQueue() {
  if (memory_ != nullptr) {
    FreeContiguous(memory_, memory_pages_);
  }
  HeapFree(shadow_);
}

void SplitQueue::Swap(SplitQueue& other) {
  std::swap(memory_, other.memory_);
  std::swap(memory_pages_, other.memory_pages_);
  std::swap(descriptors_, other.descriptors_);
  std::swap(available_, other.available_);
  std::swap(used_, other.used_);
  std::swap(shadow_, other.shadow_);
  std::swap(size_, other.size_);
  std::swap(free_head_, other.free_head_);
  std::swap(free_count_, other.free_count_);
  std::swap(outstanding_, other.outstanding_);
  std::swap(next_available_, other.next_available_);
  std::swap(published_available_, other.published_available_);
  std::swap(next_used_, other.next_used_);
  std::swap(event_index_, other.event_index_);
  std::swap(broken_, other.broken_);
}

PhysicalAddress SplitQueue::available_address() const { return arch::VirtualToPhysical(available_); }
PhysicalAddress SplitQueue::used_address() const { return arch::VirtualToPhysical(used_); }

// Each side's event index lies behind the other side's ring (sections 2.7.7 and 2.7.10).
uint16_t* SplitQueue::used_event() const { return &available_->ring[size_]; }
uint16_t* SplitQueue::available_event() const {
  // SAFETY: the layout has room for two bytes behind the used ring, aligned to four.
  return reinterpret_cast<uint16_t*>(&used_->ring[size_]);
}

void SplitQueue::Add(std::span<const QueueBuffer> buffers, uint32_t token) {
  GK_ASSERT(!broken_ && !buffers.empty() && buffers.size() <= free_count_);
  const uint16_t head = free_head_;
  uint32_t writable = 0;
  uint16_t index = head;
  for (size_t i = 0; i < buffers.size(); ++i) {
    const bool last = i + 1 == buffers.size();
    const uint16_t next = shadow_[index].next;
    descriptors_[index] = {
        .addr = buffers[i].address,
        .len = buffers[i].length,
        .flags =
            static_cast<uint16_t>((last ? 0 : VRING_DESC_F_NEXT) | (buffers[i].device_writes ? VRING_DESC_F_WRITE : 0)),
        .next = last ? uint16_t{0} : next,
    };
    writable += buffers[i].device_writes ? buffers[i].length : 0;
    // Stays linked in the shadow: Recycle puts the chain back as it is. The last one's link is where the free list goes
    // on.
    if (last) {
      free_head_ = next;
    }
    index = next;
  }
  shadow_[head].token = token;
  shadow_[head].writable = writable;
  shadow_[head].count = static_cast<uint16_t>(buffers.size());
  free_count_ = static_cast<uint16_t>(free_count_ - buffers.size());
  ++outstanding_;
  available_->ring[next_available_ & (size_ - 1)] = head;
  ++next_available_;
}

bool SplitQueue::Publish() {
  if (published_available_ == next_available_) {
    return false;
  }
  const uint16_t before = std::exchange(published_available_, next_available_);
  // ORDER: the store releases the descriptors and the ring's entries; with the load behind it it is sequentially
  // consistent, so that either the device sees the new index or we see its wish to be notified (section 2.7.13.4.1).
  __atomic_store_n(&available_->idx, next_available_, __ATOMIC_SEQ_CST);
  if (event_index_) {
    const uint16_t event = __atomic_load_n(available_event(), __ATOMIC_SEQ_CST);
    return vring_need_event(event, next_available_, before) != 0;
  }
  return (__atomic_load_n(&used_->flags, __ATOMIC_SEQ_CST) & VRING_USED_F_NO_NOTIFY) == 0;
}

base::Failure<Status> SplitQueue::Break() {
  broken_ = true;
  return Error(ZX_ERR_IO_DATA_INTEGRITY);
}

// Puts the chain that starts at `head` back at the front of the free list, linked as it is.
void SplitQueue::Recycle(uint16_t head) {
  uint16_t last = head;
  for (uint16_t i = 1; i < shadow_[head].count; ++i) {
    last = shadow_[last].next;
  }
  shadow_[last].next = free_head_;
  free_head_ = head;
  free_count_ = static_cast<uint16_t>(free_count_ + shadow_[head].count);
  shadow_[head].count = 0;
  --outstanding_;
}

Result<std::optional<UsedChain>> SplitQueue::PopUsed() {
  if (broken_) {
    return Error(ZX_ERR_IO_DATA_INTEGRITY);
  }
  // ORDER: acquires the used entries and what the device has written into the buffers.
  const uint16_t index = __atomic_load_n(&used_->idx, __ATOMIC_ACQUIRE);
  if (index == next_used_) {
    return std::optional<UsedChain>();
  }
  if (static_cast<uint16_t>(index - next_used_) > outstanding_) {
    return Break();
  }
  vring_used_elem& entry = used_->ring[next_used_ & (size_ - 1)];
  // Atomic so that each is read once and the copy is what is checked.
  const uint32_t head = __atomic_load_n(&entry.id, __ATOMIC_RELAXED);
  const uint32_t length = __atomic_load_n(&entry.len, __ATOMIC_RELAXED);
  if (head >= size_ || shadow_[head].count == 0 || length > shadow_[head].writable) {
    return Break();
  }
  const UsedChain used{.token = shadow_[head].token, .length = length};
  __atomic_store_n(&next_used_, static_cast<uint16_t>(next_used_ + 1), __ATOMIC_RELAXED);  // for HasUsed elsewhere
  Recycle(static_cast<uint16_t>(head));
  return std::optional<UsedChain>(used);
}

uint16_t SplitQueue::LoadUsedIndex() const { return __atomic_load_n(&used_->idx, __ATOMIC_SEQ_CST); }
bool SplitQueue::HasUsed() const { return LoadUsedIndex() != __atomic_load_n(&next_used_, __ATOMIC_RELAXED); }

// With event indices there is no flag to say "never" (section 2.7.7.2): an index that the device has passed lies as far
// away as one can.
void SplitQueue::DisableInterrupts() {
  if (event_index_) {
    __atomic_store_n(used_event(), static_cast<uint16_t>(next_used_ - 1), __ATOMIC_RELAXED);
  } else {
    __atomic_store_n(&available_->flags, static_cast<uint16_t>(VRING_AVAIL_F_NO_INTERRUPT), __ATOMIC_RELAXED);
  }
}

bool SplitQueue::EnableInterrupts() {
  // ORDER: sequentially consistent with HasUsed: either the device sees the wish or we see what it has used.
  if (event_index_) {
    __atomic_store_n(used_event(), next_used_, __ATOMIC_SEQ_CST);
  } else {
    __atomic_store_n(&available_->flags, uint16_t{0}, __ATOMIC_SEQ_CST);
  }
  return HasUsed();
}

// The index is the device's word; it decides about nothing but its own interrupts.
void SplitQueue::InterruptForNext() {
  if (!event_index_) {
    __atomic_store_n(&available_->flags, uint16_t{0}, __ATOMIC_SEQ_CST);
    return;
  }
  // ORDER: as in EnableInterrupts: until no chain has been used between the look and the wish.
  constexpr int kLooks = 1000;  // a device that goes on for longer uses chains that it does not have
  for (int i = 0; i < kLooks; ++i) {
    const uint16_t index = LoadUsedIndex();
    __atomic_store_n(used_event(), index, __ATOMIC_SEQ_CST);
    if (LoadUsedIndex() == index) {
      return;
    }
  }
}

}  // namespace gk::drivers
