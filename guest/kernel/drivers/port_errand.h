// What an object has to send besides the questions of its page source, and what of all that waits for room.
#pragma once

#include <stdint.h>

#include "guest/kernel/drivers/port_answer_wait.h"
#include "guest/kernel/lib/heap.h"
#include "guest/kernel/lib/ref_ptr.h"
#include "guest/kernel/vm/lent_pages.h"
#include "guest/kernel/vm/page_provider.h"
#include "shared/abi/port_device.h"
#include "shared/base/intrusive_list.h"

namespace gk::drivers {

// A COMPLETE, which lies in its object, a PortLoan or a PortSync.
struct PortErrand : base::ListNode<PortErrand> {
  explicit PortErrand(abi::PortRequestKind its_kind) : kind(its_kind) {}
  const abi::PortRequestKind kind;
};

// Pages that are lent to the host until it has used the chain.
struct PortLoan : HeapObject, PortErrand {
  PortLoan() : PortErrand(abi::PortRequestKind::kLend) {}
  uint64_t operation = 0;  // of the host, that asked for them
  uint64_t offset = 0;     // bytes
  LentPages pages;
};

// A SYNC. The thread that waits for it holds a reference, and so does the request on its way: a thread that is killed
// leaves the rest of it alone.
struct PortSync : RefCounted<PortSync>, PortErrand {
  PortSync() : PortErrand(abi::PortRequestKind::kSync) {}
  PortAnswerWait wait;
};

// What waits for room, and how much room the object takes up already.
struct PortBacklog {
  base::IntrusiveList<SourceRequest, ProviderTag> questions;
  base::IntrusiveList<PortErrand> errands;
  uint32_t slots = 0;        // with the device
  uint32_t descriptors = 0;  // of those

  [[nodiscard]] bool empty() const { return questions.empty() && errands.empty(); }
};

}  // namespace gk::drivers
