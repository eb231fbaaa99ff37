// Messages to and from the port device: where they lie, and how what the device wrote is taken over.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "guest/kernel/lib/status.h"
#include "shared/abi/port_device.h"

namespace gk::drivers {

// Memory that is lent to the device with one request, and with one operation. What each side writes has cache lines of
// its own.
struct PortMessage {
  alignas(64) abi::PortRequest request;
  alignas(64) abi::PortReply reply;
};
static_assert(sizeof(PortMessage) == 128);

struct PortOperationMessage {
  alignas(64) abi::PortAnswer answer;
  alignas(64) abi::PortOperation operation;
};
static_assert(sizeof(PortOperationMessage) == 128);

// A structure that the device has written as it is now, each word read once: whatever the device does to its memory
// afterwards, the copy stays.
template <typename T>
[[nodiscard]] T TakeShared(const T& shared) {
  constexpr size_t kWords = sizeof(T) / sizeof(uint64_t);
  static_assert(kWords * sizeof(uint64_t) == sizeof(T));
  struct Words {
    uint64_t word[kWords];
  } words;
  // ORDER: relaxed: SplitQueue::PopUsed has acquired what the device wrote before it used the chain.
  const auto* source = reinterpret_cast<const uint64_t*>(&shared);
  for (size_t i = 0; i < kWords; ++i) {
    words.word[i] = __atomic_load_n(&source[i], __ATOMIC_RELAXED);
  }
  return __builtin_bit_cast(T, words);
}

// The status of a reply for the rest of the kernel: ZX_OK and the public errors as they are; what is no such status, or
// an answer to another request, is ZX_ERR_IO_DATA_INTEGRITY.
[[nodiscard]] inline Status StatusOfReply(const abi::PortReply& reply, uint64_t expected_id) {
  constexpr zx_status_t kLowestPublicError = -99;
  if (reply.id != expected_id || reply.status > ZX_OK || reply.status < kLowestPublicError) {
    return Status(ZX_ERR_IO_DATA_INTEGRITY);
  }
  return Status(reply.status);
}

}  // namespace gk::drivers
