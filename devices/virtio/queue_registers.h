// What a driver has written about one queue before it is ready: size and the addresses of the three rings.
//
// Internal to VirtioMmioTransport, under its lock. Nothing is checked here: SplitQueue::Create takes the layout or not.
#pragma once

#include <cstdint>

#include "devices/virtio/split_queue.h"

namespace dev {

struct QueueRegisters {
  QueueLayout layout;
  bool ready = false;

  // False when `offset` names none of the layout's registers (virtio 1.2 section 4.2.2).
  [[nodiscard]] bool Write(uint64_t offset, uint32_t value);
};

// Replaces the half (0: low, 1: high) of a 64-bit value that is written in two.
constexpr void SetWord(uint64_t& bits, uint32_t half, uint32_t value) {
  const unsigned shift = 32 * half;
  bits = (bits & ~(uint64_t{UINT32_MAX} << shift)) | uint64_t{value} << shift;
}

}  // namespace dev
