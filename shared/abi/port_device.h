// The port device's wire format, version 3: how page requests leave the guest, how a pager's operations enter it, and
// how host-served objects are opened. PORT_DEVICE.md beside this file is the specification: states, ownership of
// buffers, who validates what.
//
// A virtio 1.2 device with three virtqueues. Little-endian; structures are naturally aligned.
//
//   queue 0, kPortControlQueue     guest to host: kOpen, kClose, kList
//   queue 1, kPortRequestQueue     guest to host: kRead, kDirty, kComplete, kLend, kSync
//   queue 2, kPortOperationQueue   host to guest: PortOperation, answered by PortAnswer
//
// A chain of the first two queues:  [PortRequest][payload, readable][payload, writable][PortReply]
// A chain of the third:             [PortAnswer][PortDirtyRange..., readable][PortOperation, writable]
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "shared/abi/namespace.h"

namespace pagoda::abi {

// Outside the range that virtio 1.2 section 5 has assigned.
inline constexpr uint32_t kVirtioIdPort = 0x7067;

inline constexpr uint32_t kPortVersion = 3;
inline constexpr uint32_t kPortControlQueue = 0;
inline constexpr uint32_t kPortRequestQueue = 1;
inline constexpr uint32_t kPortOperationQueue = 2;
inline constexpr uint32_t kPortQueueCount = 3;

// A feature bit of virtio's: the driver serves the operation queue. Without it pages are read and never written back.
inline constexpr uint32_t kPortFeatureOperations = 0;

inline constexpr uint32_t kPortMaxName = 255;           // bytes
inline constexpr uint32_t kPortMaxPages = 512;          // of one READ or LEND: 2 MiB
inline constexpr uint32_t kPortMaxListBytes = 1 << 16;  // of one LIST
inline constexpr uint32_t kPortMaxDirtyRanges = 170;    // of one answer: a page of them

struct PortConfig {
  uint32_t version;    // kPortVersion
  uint32_t max_pages;  // of one READ or LEND; 1..kPortMaxPages
};

enum class PortRequestKind : uint32_t {
  kOpen = 1,
  kClose = 2,
  kRead = 3,
  kDirty = 4,
  kComplete = 5,
  kLend = 6,
  kList = 7,
  kSync = 8,
};

struct PortRequest {
  uint64_t id;         // chosen by the driver, echoed in the reply
  uint64_t object;     // as given by kOpen; kOpen, kList: 0
  uint64_t offset;     // kRead, kDirty, kLend: bytes, page-aligned; kList: index of the first name wanted; else 0
  uint64_t length;     // kRead, kDirty, kLend: bytes, a page multiple, not 0; kOpen, kList: the name's length;
                       // kClose: how many successful kOpen it takes back, not 0; kComplete, kSync: 0
  uint64_t operation;  // kRead, kLend: the PortOperation that asked for it, 0 where none did; else 0
  PortRequestKind kind;
  uint32_t reserved;  // 0
};

struct PortReply {
  uint64_t id;
  int32_t status;   // zx_status_t
  uint32_t flags;   // kOpen: kPortObject...
  uint64_t object;  // kOpen: never 0; kList: how many names there are in all
  uint64_t size;    // kOpen: bytes, a page multiple; kRead: bytes filled (= length on success); kList: bytes filled
  uint64_t content_size;  // kOpen: bytes, at most `size`
};

inline constexpr uint32_t kPortObjectReadOnly = 1;   // programs may not write to it
inline constexpr uint32_t kPortObjectResizable = 2;  // ZX_VMO_RESIZABLE
inline constexpr uint32_t kPortObjectTrapDirty = 4;  // ZX_VMO_TRAP_DIRTY

enum class PortOperationKind : uint32_t {
  kSupply = 1,
  kOpRange = 2,
  kQueryDirtyRanges = 3,
  kQueryVmoStats = 4,
  kDetach = 5,
  kLend = 6,
  kTimeOut = 7,
  kAwaitRoom = 8,
};

struct PortOperation {
  uint64_t id;      // chosen by the device, never 0, echoed in the answer
  uint64_t object;  // as given by kOpen
  uint64_t offset;  // bytes, page-aligned; kQueryVmoStats, kDetach, kAwaitRoom: 0
  uint64_t length;  // bytes, a page multiple; kQueryVmoStats, kDetach, kAwaitRoom: 0
  uint64_t data;    // kOpRange: that of zx_pager_op_range; else 0
  PortOperationKind kind;
  uint32_t argument;  // kOpRange: ZX_PAGER_OP_...; kQueryVmoStats: 0 or ZX_PAGER_RESET_VMO_STATS; else 0
};

struct PortAnswer {
  uint64_t id;            // of the operation; 0: the chain carries no answer, as when it is new
  int32_t status;         // zx_status_t
  uint32_t flags;         // kQueryVmoStats: 0 or ZX_PAGER_VMO_STATS_MODIFIED; else 0
  uint64_t size;          // kQueryVmoStats: bytes; kQueryDirtyRanges: ranges in the payload; else 0
  uint64_t content_size;  // kQueryVmoStats: bytes; kQueryDirtyRanges: ranges that there are; else 0
};

// As zx_vmo_dirty_range_t.
struct PortDirtyRange {
  uint64_t offset;   // bytes
  uint64_t length;   // bytes, a page multiple, not 0
  uint64_t options;  // 0 or ZX_VMO_DIRTY_RANGE_IS_ZERO
};

static_assert(sizeof(PortConfig) == 8);
static_assert(sizeof(PortRequest) == 48 && offsetof(PortRequest, kind) == 40);
static_assert(sizeof(PortReply) == 40 && offsetof(PortReply, object) == 16);
static_assert(sizeof(PortOperation) == 48 && offsetof(PortOperation, kind) == 40);
static_assert(sizeof(PortAnswer) == 32 && offsetof(PortAnswer, size) == 16);
static_assert(sizeof(PortDirtyRange) == 24);
static_assert(kPortMaxDirtyRanges * sizeof(PortDirtyRange) <= 4096);

}  // namespace pagoda::abi
