// The port device's wire format, version 1: how page requests leave the guest and how host-served objects are opened.
//
// A virtio 1.2 device with two virtqueues. Little-endian; structures are naturally aligned. Every chain is
//   [PortRequest, device-readable] [payload descriptors] [PortReply, device-writable]
// with nothing before, between or after. The device owns a chain from the moment it is available until it is used.
//
//   queue 0, kPortControlQueue   opening and closing objects
//     kOpen   payload: the name, device-readable, 1..255 bytes, not terminated.
//             Reply: object, size and content_size.
//     kClose  no payload. `object` is gone when the chain is used.
//   queue 1, kPortRequestQueue   page requests
//     kRead   payload: 1..kPortMaxPages page-aligned device-writable buffers, page multiples, whose lengths add up to
//             `length`: the pages that will be installed, filled in place. Bytes past the object's content are zeroed.
//             They hold nothing that may be used unless the reply says ZX_OK.
//     Requests complete in any order; the reply carries the request's id.
//
// Validation. The device checks every field and every descriptor on a private copy before it acts. A chain that breaks
// the rules of virtio 1.2 section 2.7, a buffer outside RAM included, or has no room for a reply breaks the queue
// (DEVICE_NEEDS_RESET, section 2.1.2); any other defect is answered with ZX_ERR_INVALID_ARGS. A well-formed request
// gets ZX_ERR_NOT_FOUND for a name or an object that does not exist, ZX_ERR_OUT_OF_RANGE for a range outside the
// object, ZX_ERR_NO_RESOURCES for an object too many, or what the pager says. The used length is the whole writable
// part, also when the pages in it have not been filled: the status tells. The guest checks that it covers the reply and
// that `id` names an outstanding request.
//
// Version. `version` in the configuration space names the format; a driver that does not know it must not go on.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "shared/abi/namespace.h"

namespace pagoda::abi {

// Outside the range that virtio 1.2 section 5 has assigned.
inline constexpr uint32_t kVirtioIdPort = 0x7067;

inline constexpr uint32_t kPortVersion = 1;
inline constexpr uint32_t kPortControlQueue = 0;
inline constexpr uint32_t kPortRequestQueue = 1;
inline constexpr uint32_t kPortQueueCount = 2;
inline constexpr uint32_t kPortMaxName = 255;
inline constexpr uint32_t kPortMaxPages = 256;  // of one READ: 1 MiB

struct PortConfig {
  uint32_t version;    // kPortVersion
  uint32_t max_pages;  // of one READ; 1..kPortMaxPages
};

enum class PortOperation : uint32_t {
  kOpen = 1,
  kClose = 2,
  kRead = 3,
};

struct PortRequest {
  uint64_t id;      // chosen by the driver, echoed in the reply
  uint64_t object;  // kRead, kClose: as given by kOpen; else 0
  uint64_t offset;  // kRead: bytes, page-aligned; else 0
  uint64_t length;  // kRead: bytes, a page multiple; kOpen: the name's length; else 0
  PortOperation operation;
  uint32_t reserved;  // 0
};

struct PortReply {
  uint64_t id;
  int32_t status;         // zx_status_t
  uint32_t flags;         // kOpen: kPortObjectReadOnly
  uint64_t object;        // kOpen: never 0
  uint64_t size;          // kOpen: bytes, a page multiple; kRead: bytes filled (= length on success)
  uint64_t content_size;  // kOpen: bytes
};

inline constexpr uint32_t kPortObjectReadOnly = 1;

static_assert(sizeof(PortConfig) == 8);
static_assert(sizeof(PortRequest) == 40);
static_assert(sizeof(PortReply) == 40);

}  // namespace pagoda::abi
