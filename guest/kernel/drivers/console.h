// The console: bytes to the monitor's terminal, over a virtio console's transmit queue (virtio 1.2 section 5.3).
//
// Text is copied into a ring of pages and handed to the device in place, so what is written in small pieces shares a
// page and takes no memory. One Write is one doorbell at most, and none while the device is still busy with what came
// before (EVENT_IDX): whoever writes whole lines pays at most one for each.
//
//   pages   [full, with the device][full, with the device][current: sent | free    ][free] ...
//
// The kernel's log writes here, in a panic too: nothing blocks, allocates or relies on interrupts. When all pages are
// with the device, Write polls until it gives one back.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <span>

#include "guest/kernel/drivers/console_input.h"
#include "guest/kernel/drivers/split_queue.h"
#include "guest/kernel/drivers/virtio_mmio.h"
#include "guest/kernel/lib/status.h"
#include "guest/kernel/vm/page.h"

namespace gk::drivers {

class Console {
 public:
  static constexpr size_t kPages = 8;

  constexpr Console() = default;
  // Precondition: the device no longer has our memory.
  ~Console();

  // Brings the device up. ZX_ERR_NOT_FOUND: `device` is no console. Other errors: VirtioMmio's. After a failure the
  // console stays as it was: writing to it does nothing.
  [[nodiscard]] Result<> Start(VirtioMmio device);

  // True when what is written arrives somewhere.
  [[nodiscard]] bool ready() const { return state_ == State::kReady; }

  // Hands `text` to the device. Dropped when the console is not ready, or when a write is interrupted by its own panic.
  void Write(std::span<const char> text);

  // The other direction. It can block, and works while the console is ready.
  [[nodiscard]] ConsoleInput& input() { return input_; }

 private:
  enum class State : uint8_t {
    kDown,     // no device
    kReady,    // the device serves the queue
    kWriting,  // inside Write; entered again only by a panic from there
    kBroken,   // the device broke the rules and has been reset
  };

  struct Buffer {
    Page* page = nullptr;
    uint32_t chains = 0;  // with the device
  };

  [[nodiscard]] Result<> SetUp(VirtioMmio& device);
  [[nodiscard]] Result<> AllocateBuffers();
  void FreeBuffers();
  [[nodiscard]] size_t AddPiece(std::span<const char> text);
  [[nodiscard]] bool HasRoom() const;
  [[nodiscard]] bool WaitForRoom();
  [[nodiscard]] bool CollectUsed();
  void Show();

  State state_ = State::kDown;
  size_t current_ = 0;   // index of the buffer that is being filled
  uint32_t filled_ = 0;  // bytes of it
  Buffer buffers_[kPages];
  SplitQueue transmit_;
  ConsoleInput input_;
  VirtioMmio device_{0};
};

}  // namespace gk::drivers
