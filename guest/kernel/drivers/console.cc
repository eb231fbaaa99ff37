#include "guest/kernel/drivers/console.h"

#include <linux/virtio_ids.h>

#include <utility>

#include "guest/kernel/arch/cpu.h"
#include "guest/kernel/vm/pmm.h"

namespace gk::drivers {
namespace {

constexpr uint32_t kTransmitQueue = 1;
constexpr uint16_t kQueueSize = 64;

// How many looks at the queue go by before the device is asked whether it has given up: the question is an exit to the
// monitor, and the answer is hardly ever yes.
constexpr uint32_t kLooksBeforeAsking = 1'000'000;

}  // namespace

Console::~Console() { FreeBuffers(); }

Result<> Console::AllocateBuffers() {
  for (Buffer& buffer : buffers_) {
    buffer.page = AllocatePage();
    if (buffer.page == nullptr) {
      FreeBuffers();
      return Error(ZX_ERR_NO_MEMORY);
    }
  }
  return {};
}

void Console::FreeBuffers() {
  for (Buffer& buffer : buffers_) {
    if (buffer.page != nullptr) {
      FreePage(std::exchange(buffer.page, nullptr));
    }
  }
}

Result<> Console::Start(VirtioMmio device) {
  PAGODA_TRY(device.Identify(VIRTIO_ID_CONSOLE));
  Result<> result = SetUp(device);
  if (!result.ok()) {
    // It was not started, so it does not matter whether it confirms the reset.
    [[maybe_unused]] const bool stopped = device.GiveUp();
    FreeBuffers();
    transmit_ = SplitQueue();
    input_.Free();
    return result;
  }
  state_ = State::kReady;
  return {};
}

Result<> Console::SetUp(VirtioMmio& device) {
  PAGODA_TRY(device.Negotiate());
  PAGODA_TRY(AllocateBuffers());
  PAGODA_TRY_ASSIGN(transmit_, device.AddQueue(kTransmitQueue, kQueueSize));
  PAGODA_TRY(input_.SetUp(device));
  device.Start();
  device_ = device;
  input_.Begin(device);
  return {};
}

void Console::Write(std::span<const char> text) {
  if (state_ != State::kReady) {
    return;
  }
  state_ = State::kWriting;
  while (!text.empty()) {
    if (!HasRoom() && !WaitForRoom()) {
      state_ = State::kBroken;
      return;
    }
    text = text.subspan(AddPiece(text));
  }
  Show();
  state_ = State::kReady;
}

// True when the current buffer and the queue can take at least one byte more.
bool Console::HasRoom() const { return filled_ < kPageSize && transmit_.free_descriptors() != 0; }

// Copies as much of `text` as fits into the current buffer and adds it to the queue. Precondition: HasRoom().
size_t Console::AddPiece(std::span<const char> text) {
  Buffer& buffer = buffers_[current_];
  const size_t room = kPageSize - filled_;
  const size_t size = text.size() < room ? text.size() : room;
  __builtin_memcpy(buffer.page->data<char>() + filled_, text.data(), size);
  const QueueBuffer piece{.address = buffer.page->physical_address() + filled_, .length = static_cast<uint32_t>(size)};
  transmit_.Add(std::span(&piece, 1), static_cast<uint32_t>(current_));
  ++buffer.chains;
  filled_ += static_cast<uint32_t>(size);
  return size;
}

// Shows the device what has been added, with a doorbell if it asks for one.
void Console::Show() {
  if (transmit_.Publish()) {
    device_.Notify(kTransmitQueue);
  }
}

// Goes on to the next buffer if the current one is full, and returns when there is room in buffer and queue. A device
// that takes its time is waited for, as a slow serial line would be. False: it is broken, and has been reset.
bool Console::WaitForRoom() {
  Show();
  if (filled_ == kPageSize) {
    current_ = (current_ + 1) % kPages;
    filled_ = 0;
  }
  for (uint32_t looks = 0; CollectUsed(); ++looks) {
    // Only the current buffer may be shared between pieces that are with the device and pieces to come.
    if (HasRoom() && (filled_ != 0 || buffers_[current_].chains == 0)) {
      return true;
    }
    if (looks == kLooksBeforeAsking) {
      looks = 0;
      if (device_.needs_reset()) {
        break;
      }
    }
    arch::SpinPause();
  }
  // Whether it confirms or not: nobody but us ever uses these pages.
  [[maybe_unused]] const bool stopped = device_.GiveUp();
  return false;
}

// Takes back what the device has used. False: it broke the rules.
bool Console::CollectUsed() {
  while (true) {
    const auto used = transmit_.PopUsed();
    if (!used.ok()) {
      return false;
    }
    if (!used->has_value()) {
      return true;
    }
    Buffer& buffer = buffers_[(*used)->token];
    --buffer.chains;
    if (buffer.chains == 0 && &buffer == &buffers_[current_]) {
      filled_ = 0;
    }
  }
}

}  // namespace gk::drivers
