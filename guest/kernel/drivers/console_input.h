// What is typed at the machine's console, over a virtio console's receive queue (virtio 1.2 section 5.3): one page is
// lent to the device, which fills a part of it; when that has been read the page is lent again.
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <zircon/types.h>

#include <span>

#include "guest/kernel/drivers/split_queue.h"
#include "guest/kernel/drivers/virtio_mmio.h"
#include "guest/kernel/lib/status.h"
#include "guest/kernel/sched/wait_queue.h"
#include "guest/kernel/vm/page.h"

namespace gk::drivers {

class ConsoleInput {
 public:
  constexpr ConsoleInput() = default;
  // Precondition: the device no longer has our memory.
  ~ConsoleInput();

  // While the device is being brought up: takes its receive queue. ZX_ERR_NO_MEMORY, or VirtioMmio::AddQueue's errors.
  [[nodiscard]] Result<> SetUp(VirtioMmio& device);
  // The device serves its queues from now on.
  void Begin(const VirtioMmio& device);
  // The device has been reset.
  void Free();

  // Waits for input and takes as much as there is and fits, at least one byte unless `into` is empty.
  // ZX_ERR_NOT_SUPPORTED: there is no console; ZX_ERR_IO: the device broke the rules; WaitQueue::Block's.
  [[nodiscard]] Result<size_t> Read(std::span<char> into, zx_time_t deadline);

  // The device's interrupt arrived.
  void OnInterrupt() { readers_.WakeAll(); }

 private:
  // Asks the device to fill the page.
  void Lend();
  // Looks what the device has brought. ZX_ERR_IO.
  [[nodiscard]] Result<> Collect();
  size_t Take(std::span<char> into);

  Page* page_ = nullptr;   // null: there is no input
  uint32_t received_ = 0;  // bytes that the device has written to the page
  uint32_t taken_ = 0;     // how many of them have been read
  WaitQueue readers_;
  SplitQueue queue_;
  VirtioMmio device_{0};
};

}  // namespace gk::drivers
