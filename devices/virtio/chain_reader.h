// Reads one descriptor chain out of the guest's tables: each descriptor once, each checked on the copy.
//
// Internal to SplitQueue. What bounds the walk is the count of buffers taken so far: a chain may not be longer than the
// queue (virtio 1.2 section 2.7.5.3.1), and a loop is a chain that is.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "devices/core/guest_memory.h"
#include "devices/virtio/linux_virtio.h"
#include "devices/virtio/split_queue.h"
#include "shared/base/result.h"

namespace dev {

class ChainReader {
 public:
  // `table`: the queue's descriptor table in guest memory, layout.size entries.
  ChainReader(const GuestMemory& memory, const QueueLayout& layout, std::span<const std::byte> table)
      : memory_(memory), layout_(layout), table_(table) {}

  [[nodiscard]] base::Result<DescriptorChain, QueueError> Read(uint16_t head);

 private:
  // A table that descriptors are taken from, in guest memory.
  struct Table {
    std::span<const std::byte> bytes;
    uint32_t entries;
    bool indirect;
  };

  [[nodiscard]] base::Result<void, QueueError> ReadTable(const Table& table, uint32_t first);
  [[nodiscard]] base::Result<void, QueueError> EnterIndirect(const Table& from, const vring_desc& descriptor);
  [[nodiscard]] base::Result<void, QueueError> AddBuffer(const vring_desc& descriptor);

  const GuestMemory& memory_;
  const QueueLayout& layout_;
  const std::span<const std::byte> table_;
  DescriptorChain chain_;
};

}  // namespace dev
