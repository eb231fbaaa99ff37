// The kernel's end of the port device (shared/abi/port_device.h): host-served objects by name, and their pages.
//
//          Start                 the device broke the rules, or asked for a reset
//   kDown -------> kRunning ---------------------------------------------------------> kFailed
//
// In kFailed the device has been reset and all operations have been answered with ZX_ERR_IO, as new ones are.
//
// Whoever waits calls Poll for a while before blocking; the interrupt handler calls OnInterrupt. Kernel lock held for
// every call; only Open blocks.
#pragma once

#include <stdint.h>

#include <span>

#include "guest/kernel/drivers/port_control.h"
#include "guest/kernel/drivers/port_object.h"
#include "guest/kernel/drivers/port_reads.h"
#include "guest/kernel/drivers/virtio_mmio.h"
#include "guest/kernel/lib/ref_ptr.h"
#include "guest/kernel/lib/status.h"

namespace gk::drivers {

class PortClient {
 public:
  constexpr PortClient() = default;

  // Brings the device up. ZX_ERR_NOT_FOUND: `device` is no port device; ZX_ERR_NOT_SUPPORTED: one that we cannot talk
  // to. Other errors: VirtioMmio's. After a failure the client stays down.
  [[nodiscard]] Result<> Start(VirtioMmio device);

  // Opens the host-served object called `name`. The result is open: its size and content size are known, and it is the
  // PageProvider for a page source. Dropping the last reference closes the object. Blocks.
  // ZX_ERR_INVALID_ARGS: the name is empty or longer than kPortMaxName. ZX_ERR_NOT_FOUND, or what the host's pager
  // said. ZX_ERR_NO_MEMORY. ZX_ERR_IO: the device is not usable. ZX_ERR_INTERNAL_INTR_KILLED: the thread is to end.
  [[nodiscard]] Result<RefPtr<PortObject>> Open(std::span<const char> name);

  // Delivers the answers that have arrived.
  void Poll();

  // The same, and asks the device for an interrupt when the next read is answered: whoever waits for one sleeps now.
  void PrepareToBlock();

  // The device's interrupt arrived: answers, or the news that it cannot go on.
  void OnInterrupt();

  // True while the device has something to answer.
  [[nodiscard]] bool busy() const { return reads_.busy() || control_.busy(); }

  // For PortObject.
  void SubmitRead(SourceRequest& request, uint64_t object);
  void Close(CloseTicket* ticket);

 private:
  enum class State : uint8_t { kDown, kRunning, kFailed };

  [[nodiscard]] Result<> SetUp();
  [[nodiscard]] PollOutcome PollQueues();
  // Waits on `queue` until `done` returns true: polls for a while, then blocks.
  template <typename Done>
  [[nodiscard]] Result<> WaitUntil(Done done, WaitQueue& queue);
  void Fail();

  State state_ = State::kDown;
  VirtioMmio device_{0};
  PortControl control_;
  PortReads reads_;
};

}  // namespace gk::drivers
