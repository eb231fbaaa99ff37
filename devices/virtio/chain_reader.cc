#include "devices/virtio/chain_reader.h"

#include "shared/base/range.h"

namespace dev {

base::Result<DescriptorChain, QueueError> ChainReader::Read(uint16_t head) {
  chain_.head_ = head;
  PAGODA_TRY(ReadTable({.bytes = table_, .entries = layout_.size, .indirect = false}, head));
  return std::move(chain_);
}

base::Result<void, QueueError> ChainReader::ReadTable(const Table& table, uint32_t first) {
  uint32_t index = first;
  // What ends a loop of descriptors is AddBuffer, which takes layout_.size buffers and no more.
  while (true) {
    if (index >= table.entries) {
      return base::Failure{QueueError::kDescriptorIndex};
    }
    vring_desc descriptor;
    CopyOnce(std::as_writable_bytes(std::span(&descriptor, 1)),
             table.bytes.subspan(size_t{index} * sizeof(descriptor), sizeof(descriptor)));
    if ((descriptor.flags & VRING_DESC_F_INDIRECT) != 0) {
      return EnterIndirect(table, descriptor);  // ends the chain: section 2.7.5.3.1 forbids NEXT beside INDIRECT
    }
    PAGODA_TRY(AddBuffer(descriptor));
    if ((descriptor.flags & VRING_DESC_F_NEXT) == 0) {
      return {};
    }
    index = descriptor.next;
  }
}

base::Result<void, QueueError> ChainReader::EnterIndirect(const Table& from, const vring_desc& descriptor) {
  if (!layout_.indirect) {
    return base::Failure{QueueError::kIndirectNotNegotiated};
  }
  if (from.indirect) {
    return base::Failure{QueueError::kIndirectNested};
  }
  if ((descriptor.flags & VRING_DESC_F_NEXT) != 0) {
    return base::Failure{QueueError::kIndirectWithNext};
  }
  if (descriptor.len == 0 || descriptor.len % sizeof(vring_desc) != 0) {
    return base::Failure{QueueError::kIndirectTable};
  }
  const auto range = GuestRange::Create(descriptor.addr, descriptor.len);
  const auto bytes = range ? memory_.Span(*range) : std::nullopt;
  if (!bytes) {
    return base::Failure{QueueError::kBufferNotInRam};
  }
  const auto entries = static_cast<uint32_t>(descriptor.len / sizeof(vring_desc));
  return ReadTable({.bytes = *bytes, .entries = entries, .indirect = true}, 0);
}

base::Result<void, QueueError> ChainReader::AddBuffer(const vring_desc& descriptor) {
  const bool writable = (descriptor.flags & VRING_DESC_F_WRITE) != 0;
  if (chain_.buffers_.size() >= layout_.size) {
    return base::Failure{QueueError::kChainTooLong};
  }
  if (!writable && chain_.buffers_.size() > chain_.readable_count_) {
    return base::Failure{QueueError::kReadableAfterWritable};
  }
  const auto range = GuestRange::Create(descriptor.addr, descriptor.len);
  const auto bytes = range ? memory_.Span(*range) : std::nullopt;
  if (!bytes) {
    return base::Failure{QueueError::kBufferNotInRam};
  }
  const uint64_t total = uint64_t{chain_.readable_bytes_} + chain_.writable_bytes_;
  if (!base::RangeFits(total, descriptor.len, UINT32_MAX)) {
    return base::Failure{QueueError::kLengthOverflow};
  }
  (writable ? chain_.writable_bytes_ : chain_.readable_bytes_) += descriptor.len;
  chain_.readable_count_ += writable ? 0 : 1;
  chain_.buffers_.push_back({.address = descriptor.addr, .bytes = *bytes});
  return {};
}

}  // namespace dev
