#include "guest/kernel/drivers/console_input.h"

#include <utility>

#include "guest/kernel/vm/pmm.h"

namespace gk::drivers {
namespace {

constexpr uint32_t kReceiveQueue = 0;
constexpr uint16_t kQueueSize = 2;

}  // namespace

ConsoleInput::~ConsoleInput() { Free(); }

Result<> ConsoleInput::SetUp(VirtioMmio& device) {
  PAGODA_TRY_ASSIGN(queue_, device.AddQueue(kReceiveQueue, kQueueSize));
  page_ = AllocatePage();
  return page_ != nullptr ? Result<>() : Error(ZX_ERR_NO_MEMORY);
}

void ConsoleInput::Begin(const VirtioMmio& device) {
  device_ = device;
  Lend();
}

void ConsoleInput::Free() {
  queue_ = SplitQueue();
  if (page_ != nullptr) {
    FreePage(std::exchange(page_, nullptr));
  }
}

void ConsoleInput::Lend() {
  received_ = taken_ = 0;
  const QueueBuffer room{
      .address = page_->physical_address(), .length = static_cast<uint32_t>(kPageSize), .device_writes = true};
  queue_.Add({&room, 1}, 0);
  if (queue_.Publish()) {
    device_.Notify(kReceiveQueue);
  }
}

Result<> ConsoleInput::Collect() {
  const auto used = queue_.PopUsed();
  if (!used.ok()) {
    return Error(ZX_ERR_IO);
  }
  if (used->has_value()) {
    received_ = (*used)->length;
    if (received_ == 0) {
      Lend();  // it gave the page back for nothing
    }
  }
  return {};
}

size_t ConsoleInput::Take(std::span<char> into) {
  const size_t left = received_ - taken_;
  const size_t count = into.size() < left ? into.size() : left;
  __builtin_memcpy(into.data(), page_->data<char>() + taken_, count);
  taken_ += static_cast<uint32_t>(count);
  if (taken_ == received_) {
    Lend();
  }
  return count;
}

Result<size_t> ConsoleInput::Read(std::span<char> into, zx_time_t deadline) {
  if (page_ == nullptr) {
    return Error(ZX_ERR_NOT_SUPPORTED);
  }
  Status blocked(ZX_OK);
  for (;;) {
    if (taken_ == received_) {
      PAGODA_TRY(Collect());
    }
    if (into.empty() || taken_ != received_) {
      return into.empty() ? 0 : Take(into);
    }
    if (!blocked.ok()) {
      return Error(blocked);
    }
    if (!queue_.EnableInterrupts()) {
      blocked = readers_.Block(deadline, BlockReason::kInterrupt);
    }
  }
}

}  // namespace gk::drivers
