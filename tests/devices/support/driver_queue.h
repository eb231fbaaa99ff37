// The driver's end of a split virtqueue, well-behaved unless told otherwise: what a guest would do, over TestMemory.
//
// Post, TakeUsed and the notification questions follow virtio 1.2 section 2.7; the Set functions write what no correct
// driver would. One thread at a time; the device may run in another.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include "devices/virtio/linux_virtio.h"
#include "devices/virtio/split_queue.h"
#include "tests/devices/support/test_memory.h"

namespace test {

struct DriverBuffer {
  uint64_t address;
  uint32_t length;
  bool writable;
};

inline DriverBuffer Readable(uint64_t address, uint32_t length) { return {address, length, false}; }
inline DriverBuffer Writable(uint64_t address, uint32_t length) { return {address, length, true}; }

struct Used {
  uint32_t head;
  uint32_t length;
  bool operator==(const Used&) const = default;
};

class DriverQueue {
 public:
  DriverQueue(TestMemory& memory, uint16_t size);

  [[nodiscard]] const dev::QueueLayout& layout() const { return layout_; }
  // What was negotiated; takes effect in layout() too.
  void UseEventIdx() { layout_.event_idx = true; }
  void UseIndirect() { layout_.indirect = true; }

  // Makes a chain of the buffers available; returns its head. Precondition: enough free descriptors.
  uint16_t Post(std::span<const DriverBuffer> buffers);
  uint16_t Post(std::initializer_list<DriverBuffer> buffers) {
    return Post(std::span(buffers.begin(), buffers.size()));
  }
  [[nodiscard]] size_t free_descriptors() const { return free_.size(); }

  // The next used chain; its descriptors are free again.
  std::optional<Used> TakeUsed();

  // True when the device wants to hear of what was posted since the last call.
  bool ShouldNotify();
  // Asks for an interrupt when the next chain is used; true when one is used already.
  bool EnableInterrupts();
  void DisableInterrupts();

  void SetDescriptor(uint16_t index, const vring_desc& descriptor);
  void SetAvailableEntry(uint16_t slot, uint16_t head);
  void SetAvailableIndex(uint16_t index);
  void SetUsedEvent(uint16_t index);
  void MakeAvailable(uint16_t head);
  [[nodiscard]] uint16_t available_index() const { return available_; }

  [[nodiscard]] uint16_t available_event() const;
  [[nodiscard]] uint16_t used_flags() const;
  [[nodiscard]] uint16_t used_index() const;

 private:
  [[nodiscard]] dev::GuestAtomic<uint16_t> Field(uint64_t address) const;
  [[nodiscard]] uint64_t used_event_address() const { return layout_.available + 4 + uint64_t{2} * layout_.size; }
  [[nodiscard]] uint64_t available_event_address() const { return layout_.used + 4 + uint64_t{8} * layout_.size; }

  TestMemory* memory_;
  dev::QueueLayout layout_;
  std::vector<uint16_t> free_;
  std::map<uint16_t, std::vector<uint16_t>> chains_;  // by head
  uint16_t available_ = 0;
  uint16_t notified_ = 0;  // value of available_ at the last ShouldNotify
  uint16_t used_ = 0;
};

}  // namespace test
