#include "tests/devices/support/driver_queue.h"

#include <cstdlib>
#include <utility>

namespace test {

DriverQueue::DriverQueue(TestMemory& memory, uint16_t size) : memory_(&memory) {
  layout_.size = size;
  layout_.descriptors = memory.Allocate(sizeof(vring_desc) * size, VRING_DESC_ALIGN_SIZE);
  layout_.available = memory.Allocate(6 + uint64_t{2} * size, VRING_AVAIL_ALIGN_SIZE);
  layout_.used = memory.Allocate(6 + uint64_t{8} * size, VRING_USED_ALIGN_SIZE);
  for (uint16_t index = size; index > 0; --index) {
    free_.push_back(static_cast<uint16_t>(index - 1));
  }
}

uint16_t DriverQueue::Post(std::span<const DriverBuffer> buffers) {
  if (buffers.empty() || buffers.size() > free_.size()) {
    std::abort();  // a mistake in the test
  }
  std::vector<uint16_t> chain(free_.rbegin(), free_.rbegin() + static_cast<ptrdiff_t>(buffers.size()));
  free_.resize(free_.size() - buffers.size());
  for (size_t i = 0; i < buffers.size(); ++i) {
    const bool last = i + 1 == buffers.size();
    const int flags = (buffers[i].writable ? VRING_DESC_F_WRITE : 0) | (last ? 0 : VRING_DESC_F_NEXT);
    SetDescriptor(chain[i], {.addr = buffers[i].address,
                             .len = buffers[i].length,
                             .flags = static_cast<uint16_t>(flags),
                             .next = last ? uint16_t{0} : chain[i + 1]});
  }
  const uint16_t head = chain.front();
  chains_[head] = std::move(chain);
  MakeAvailable(head);
  return head;
}

std::optional<Used> DriverQueue::TakeUsed() {
  if (Field(layout_.used + 2).LoadAcquire() == used_) {
    return std::nullopt;
  }
  const uint64_t slot = used_ % layout_.size;
  const auto element = memory_->Load<vring_used_elem>(layout_.used + 4 + slot * sizeof(vring_used_elem));
  ++used_;
  const auto chain = chains_.find(static_cast<uint16_t>(element.id));
  if (chain != chains_.end()) {
    free_.insert(free_.end(), chain->second.rbegin(), chain->second.rend());
    chains_.erase(chain);
  }
  return Used{.head = element.id, .length = element.len};
}

bool DriverQueue::ShouldNotify() {
  const uint16_t before = std::exchange(notified_, available_);
  if (layout_.event_idx) {
    return vring_need_event(Field(available_event_address()).LoadSequential(), available_, before) != 0;
  }
  return before != available_ && (Field(layout_.used).LoadSequential() & VRING_USED_F_NO_NOTIFY) == 0;
}

bool DriverQueue::EnableInterrupts() {
  if (layout_.event_idx) {
    Field(used_event_address()).StoreSequential(used_);
  } else {
    Field(layout_.available).StoreSequential(0);
  }
  return Field(layout_.used + 2).LoadSequential() != used_;
}

void DriverQueue::DisableInterrupts() {
  if (layout_.event_idx) {
    Field(used_event_address()).StoreSequential(static_cast<uint16_t>(used_ - 1));
  } else {
    Field(layout_.available).StoreSequential(VRING_AVAIL_F_NO_INTERRUPT);
  }
}

void DriverQueue::SetDescriptor(uint16_t index, const vring_desc& descriptor) {
  memory_->Store(layout_.descriptors + index * sizeof(descriptor), descriptor);
}

void DriverQueue::SetAvailableEntry(uint16_t slot, uint16_t head) {
  memory_->Store(layout_.available + 4 + uint64_t{2} * slot, head);
}

void DriverQueue::SetAvailableIndex(uint16_t index) {
  available_ = index;
  Field(layout_.available + 2).StoreSequential(index);
}

void DriverQueue::SetUsedEvent(uint16_t index) { Field(used_event_address()).StoreSequential(index); }

void DriverQueue::MakeAvailable(uint16_t head) {
  SetAvailableEntry(static_cast<uint16_t>(available_ % layout_.size), head);
  SetAvailableIndex(static_cast<uint16_t>(available_ + 1));
}

uint16_t DriverQueue::available_event() const { return Field(available_event_address()).LoadSequential(); }
uint16_t DriverQueue::used_flags() const { return Field(layout_.used).LoadSequential(); }
uint16_t DriverQueue::used_index() const { return Field(layout_.used + 2).LoadSequential(); }

dev::GuestAtomic<uint16_t> DriverQueue::Field(uint64_t address) const {
  return *memory_->guest().Atomic<uint16_t>(address);
}

}  // namespace test
