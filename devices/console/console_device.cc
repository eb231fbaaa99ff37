#include "devices/console/console_device.h"

#include <poll.h>

#include <algorithm>
#include <array>
#include <utility>

#include "devices/core/poll.h"
#include "devices/virtio/linux_virtio.h"

namespace dev {

namespace {

constexpr std::array<uint16_t, 2> kQueueSizes = {64, 256};  // receiveq, transmitq

}  // namespace

// Collects descriptors during one pass over the queues; a pass that left work behind sleeps on nothing.
struct ConsoleDevice::Wait {
  void On(int descriptor, short events) { descriptors[count++] = {.fd = descriptor, .events = events, .revents = 0}; }

  std::array<pollfd, 3> descriptors{};  // the wake event, one for each queue
  size_t count = 0;
  bool again = false;
};

base::Result<std::unique_ptr<ConsoleDevice>, Error> ConsoleDevice::Create(ConsoleFiles files) {
  PAGODA_TRY_ASSIGN(EventFd wake, EventFd::Create());
  std::unique_ptr<ConsoleDevice> device(new ConsoleDevice(files, std::move(wake)));
  PAGODA_TRY_ASSIGN(device->thread_, ServiceThread::Start("console", [raw = device.get()] { raw->Serve(); }));
  return device;
}

ConsoleDevice::~ConsoleDevice() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.Signal();
}

uint32_t ConsoleDevice::id() const { return VIRTIO_ID_CONSOLE; }

std::span<const uint16_t> ConsoleDevice::queue_sizes() const { return kQueueSizes; }

// Every field of the configuration belongs to a feature that is not offered (section 5.3.4).
void ConsoleDevice::ReadConfig(uint64_t offset, std::span<std::byte> data) { ReadConfigBytes({}, offset, data); }

void ConsoleDevice::WriteConfig(uint64_t /*offset*/, std::span<const std::byte> /*data*/) {}

void ConsoleDevice::Activate(Activation activation) {
  {
    const std::lock_guard lock(mutex_);
    state_.emplace<Active>(Active{.activation = std::move(activation),
                                  .output = ConsoleOutput(files_.output, files_.watcher),
                                  .input = ConsoleInput(files_.input)});
  }
  wake_.Signal();
}

Activation ConsoleDevice::Reset() {
  const std::lock_guard lock(mutex_);
  auto* active = std::get_if<Active>(&state_);
  Activation activation = std::move(active != nullptr ? active->activation : std::get<Broken>(state_).activation);
  state_ = Inactive{};
  drained_.notify_all();
  return activation;
}

bool ConsoleDevice::Flush(std::chrono::milliseconds timeout) {
  std::unique_lock lock(mutex_);
  wake_.Signal();
  return drained_.wait_for(lock, timeout, [this] { return IsDrainedLocked(); });
}

bool ConsoleDevice::IsDrainedLocked() const {
  const auto* active = std::get_if<Active>(&state_);
  if (active == nullptr) {
    return true;
  }
  const auto& queue = active->activation.queues[kTransmitQueue];
  return active->output.idle() && (!queue || !queue->ring.HasWork());
}

LostOutput ConsoleDevice::lost_output() const {
  const std::lock_guard lock(mutex_);
  return lost_;
}

void ConsoleDevice::Serve() {
  while (true) {
    Wait wait;
    wait.On(wake_.fd(), POLLIN);
    {
      const std::lock_guard lock(mutex_);
      wake_.Drain();
      if (stopping_) {
        return;
      }
      ServeLocked(wait);
    }
    if (!wait.again) {
      WaitUntilReady(std::span(wait.descriptors).first(wait.count));
    }
  }
}

void ConsoleDevice::ServeLocked(Wait& wait) {
  auto* active = std::get_if<Active>(&state_);
  if (active == nullptr) {
    return;
  }
  if (!TransmitLocked(*active, wait).ok() || !ReceiveLocked(*active, wait).ok()) {
    VirtioInterrupt& interrupt = active->activation.interrupt;
    Broken broken{.activation = std::move(active->activation)};
    state_.emplace<Broken>(std::move(broken));
    wait.again = true;  // forget the descriptors collected so far
    interrupt.NotifyNeedsReset();
  }
  if (IsDrainedLocked()) {
    drained_.notify_all();
  }
}

base::Result<void, QueueError> ConsoleDevice::TransmitLocked(Active& active, Wait& wait) {
  auto& queue = active.activation.queues[kTransmitQueue];
  if (!queue) {
    return {};
  }
  queue->ring.DisableNotifications();
  PAGODA_TRY_ASSIGN(const ConsoleOutput::Step step, active.output.Advance(queue->ring));
  lost_.bytes += step.lost.bytes;
  lost_.error = lost_.error == 0 ? step.lost.error : lost_.error;
  if (step.interrupt) {
    active.activation.interrupt.NotifyUsed();
  }
  switch (step.progress) {
    case ConsoleOutput::Progress::kMore:
      wait.again = true;
      break;
    case ConsoleOutput::Progress::kBlocked:
      wait.On(files_.output, POLLOUT);
      break;
    case ConsoleOutput::Progress::kIdle:
      SleepOnDoorbell(*queue, wait);
      break;
  }
  return {};
}

base::Result<void, QueueError> ConsoleDevice::ReceiveLocked(Active& active, Wait& wait) {
  auto& queue = active.activation.queues[kReceiveQueue];
  if (!queue) {
    return {};
  }
  queue->ring.DisableNotifications();
  PAGODA_TRY_ASSIGN(const ConsoleInput::Step step, active.input.Advance(queue->ring));
  if (step.interrupt) {
    active.activation.interrupt.NotifyUsed();
  }
  switch (step.progress) {
    case ConsoleInput::Progress::kMore:
      wait.again = true;
      break;
    case ConsoleInput::Progress::kWaiting:
      wait.On(*files_.input, POLLIN);
      break;
    case ConsoleInput::Progress::kNoRoom:
      SleepOnDoorbell(*queue, wait);
      break;
    case ConsoleInput::Progress::kClosed:
      break;
  }
  return {};
}

// Asks for a notification; the doorbell is emptied first, so that it is readable only for what comes from now on.
void ConsoleDevice::SleepOnDoorbell(ActiveQueue& queue, Wait& wait) {
  DrainEventFd(queue.doorbell);
  wait.On(queue.doorbell, POLLIN);
  wait.again = wait.again || queue.ring.EnableNotifications();
}

}  // namespace dev
