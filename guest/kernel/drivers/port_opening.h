// What the control queue of the port device is asked for on behalf of a thread that waits: an object to be opened, a
// directory to be listed.
//
// The thread holds a reference, and so does the request on its way. When the thread is killed the rest goes on without
// it: a VMO that nobody took goes with the last reference, as if it had been closed at once. Kernel lock held.
#pragma once

#include <stdint.h>

#include <array>

#include "guest/kernel/drivers/port_answer_wait.h"
#include "guest/kernel/drivers/port_object.h"
#include "guest/kernel/lib/ref_ptr.h"
#include "guest/kernel/vm/page.h"
#include "guest/kernel/vm/vmo.h"

namespace gk::drivers {

struct PortOpening : RefCounted<PortOpening> {
  // Null when there is no memory. `client` outlives it.
  static RefPtr<PortOpening> Create(PortClient& client, std::span<const char> name);
  ~PortOpening();

  ObjectName name;  // that is opened, as far as an object's name can say it
  PortAnswerWait wait;
  RefPtr<PortObject> fresh;   // what it becomes if the host's answer names a new object
  RefPtr<PortObject> object;  // what it has become
  RefPtr<Vmo> vmo;            // the opener's reference; null where the object ends soon, which is to be waited for
};

struct PortListing : RefCounted<PortListing> {
  static constexpr size_t kMostPages = 4;

  // Room for `size` bytes, at least one and at most kMostPages pages. Null when there is no memory.
  static RefPtr<PortListing> Create(size_t size);
  ~PortListing();

  PortAnswerWait wait;
  std::array<Page*, kMostPages> pages{};
  size_t room;         // bytes
  size_t filled = 0;   // bytes; whole names, each with a zero byte behind it
  uint64_t available;  // names in all
};

}  // namespace gk::drivers
