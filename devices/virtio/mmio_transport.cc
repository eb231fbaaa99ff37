#include "devices/virtio/mmio_transport.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "devices/virtio/device_status.h"
#include "devices/virtio/linux_virtio.h"
#include "shared/base/range.h"

namespace dev {

namespace {

constexpr uint32_t kMagic = 0x74726976;           // "virt"
constexpr uint32_t kLayoutVersion = 2;            // section 4.2.2
constexpr uint32_t kVendor = 0x61676450;          // "Pgda"
constexpr uint32_t kConfigGeneration = 0;         // no device here changes its configuration by itself
constexpr uint32_t kNoSharedMemory = UINT32_MAX;  // section 4.2.2: length and base of a region that does not exist

constexpr uint64_t kTransportFeatures = uint64_t{1} << VIRTIO_F_VERSION_1 | uint64_t{1} << VIRTIO_RING_F_EVENT_IDX |
                                        uint64_t{1} << VIRTIO_RING_F_INDIRECT_DESC;

constexpr bool HasFeature(uint64_t features, unsigned bit) { return (features >> bit & 1) != 0; }

// The half of a 64-bit set that a select register names; beyond the second half there is nothing.
constexpr uint32_t Word(uint64_t bits, uint32_t select) {
  return select < 2 ? static_cast<uint32_t>(bits >> (32 * select)) : 0;
}
bool IsConfigAccess(uint64_t offset, size_t size) {
  return offset >= VIRTIO_MMIO_CONFIG && base::IsPowerOfTwo(size) && size <= sizeof(uint64_t) &&
         base::IsAligned(offset, size);
}

bool IsRegisterAccess(uint64_t offset, size_t size) {
  return offset < VIRTIO_MMIO_CONFIG && size == sizeof(uint32_t) && base::IsAligned(offset, size);
}

void Count(std::atomic<uint64_t>& counter) { counter.fetch_add(1, std::memory_order_relaxed); }

}  // namespace

base::Result<std::unique_ptr<VirtioMmioTransport>, Error> VirtioMmioTransport::Create(VirtioDevice& device,
                                                                                      const GuestMemory& memory,
                                                                                      InterruptLine& interrupt) {
  std::vector<EventFd> doorbells;
  for (size_t queue = 0; queue < device.queue_sizes().size(); ++queue) {
    PAGODA_TRY_ASSIGN(EventFd doorbell, EventFd::Create());
    doorbells.push_back(std::move(doorbell));
  }
  return std::unique_ptr<VirtioMmioTransport>(new VirtioMmioTransport(device, memory, interrupt, std::move(doorbells)));
}

VirtioMmioTransport::VirtioMmioTransport(VirtioDevice& device, const GuestMemory& memory, InterruptLine& interrupt,
                                         std::vector<EventFd> doorbells)
    : device_(device), memory_(memory), interrupt_(interrupt), doorbells_(std::move(doorbells)), state_(EmptySetup()) {}

VirtioMmioTransport::~VirtioMmioTransport() {
  const std::lock_guard lock(mutex_);
  ResetLocked();
}

VirtioMmioTransport::Setup VirtioMmioTransport::EmptySetup() const {
  return {.queues = std::vector<QueueRegisters>(doorbells_.size())};
}

void VirtioMmioTransport::ReadRegister(uint64_t offset, std::span<std::byte> data) {
  std::fill(data.begin(), data.end(), std::byte{0});
  const std::lock_guard lock(mutex_);
  if (IsConfigAccess(offset, data.size())) {
    device_.ReadConfig(offset - VIRTIO_MMIO_CONFIG, data);
  } else if (IsRegisterAccess(offset, data.size())) {
    const uint32_t value = ReadLocked(offset);
    std::memcpy(data.data(), &value, sizeof(value));
  } else {
    Count(counts_.bad_accesses);
  }
}

void VirtioMmioTransport::WriteRegister(uint64_t offset, std::span<const std::byte> data) {
  const std::lock_guard lock(mutex_);
  if (IsConfigAccess(offset, data.size())) {
    device_.WriteConfig(offset - VIRTIO_MMIO_CONFIG, data);
  } else if (IsRegisterAccess(offset, data.size())) {
    uint32_t value;
    std::memcpy(&value, data.data(), sizeof(value));
    WriteLocked(offset, value);
  } else {
    Count(counts_.bad_accesses);
  }
}

uint32_t VirtioMmioTransport::ReadLocked(uint64_t offset) {
  switch (offset) {
    case VIRTIO_MMIO_MAGIC_VALUE:
      return kMagic;
    case VIRTIO_MMIO_VERSION:
      return kLayoutVersion;
    case VIRTIO_MMIO_DEVICE_ID:
      return device_.id();
    case VIRTIO_MMIO_VENDOR_ID:
      return kVendor;
    case VIRTIO_MMIO_DEVICE_FEATURES:
      return Word(OfferedFeatures(), device_features_select_);
    case VIRTIO_MMIO_QUEUE_NUM_MAX:
      return queue_select_ < doorbells_.size() ? device_.queue_sizes()[queue_select_] : 0;
    case VIRTIO_MMIO_QUEUE_READY:
      return QueueReadyLocked();
    case VIRTIO_MMIO_INTERRUPT_STATUS:
      return interrupt_status_.load();
    case VIRTIO_MMIO_STATUS:
      return status_ | needs_reset_.load();
    case VIRTIO_MMIO_SHM_LEN_LOW:
    case VIRTIO_MMIO_SHM_LEN_HIGH:
    case VIRTIO_MMIO_SHM_BASE_LOW:
    case VIRTIO_MMIO_SHM_BASE_HIGH:
      return kNoSharedMemory;
    case VIRTIO_MMIO_CONFIG_GENERATION:
      return kConfigGeneration;
    default:
      Count(counts_.bad_accesses);
      return 0;
  }
}

uint32_t VirtioMmioTransport::QueueReadyLocked() const {
  if (queue_select_ >= doorbells_.size()) {
    return 0;
  }
  if (const auto* setup = std::get_if<Setup>(&state_)) {
    return setup->queues[queue_select_].ready ? 1 : 0;
  }
  return std::get<Live>(state_).ready[queue_select_] ? 1 : 0;
}

void VirtioMmioTransport::WriteLocked(uint64_t offset, uint32_t value) {
  switch (offset) {
    case VIRTIO_MMIO_DEVICE_FEATURES_SEL:
      device_features_select_ = value;
      return;
    case VIRTIO_MMIO_DRIVER_FEATURES:
      WriteDriverFeaturesLocked(value);
      return;
    case VIRTIO_MMIO_DRIVER_FEATURES_SEL:
      driver_features_select_ = value;
      return;
    case VIRTIO_MMIO_QUEUE_SEL:
      queue_select_ = value;
      return;
    case VIRTIO_MMIO_QUEUE_NOTIFY:
      NotifyQueueLocked(value);
      return;
    case VIRTIO_MMIO_INTERRUPT_ACK:
      interrupt_status_.fetch_and(~value);
      return;
    case VIRTIO_MMIO_STATUS:
      WriteStatusLocked(value);
      return;
    case VIRTIO_MMIO_SHM_SEL:
      return;  // no region exists, whichever is selected
    default:
      WriteQueueLocked(offset, value);
  }
}

void VirtioMmioTransport::WriteDriverFeaturesLocked(uint32_t value) {
  // Section 2.2.1 fixes the features at FEATURES_OK; bits above 63 are never offered.
  if ((status_ & VIRTIO_CONFIG_S_FEATURES_OK) != 0 || (driver_features_select_ > 1 && value != 0)) {
    Count(counts_.refused_writes);
  } else if (driver_features_select_ <= 1) {
    SetWord(driver_features_, driver_features_select_, value);
  }
}

// The registers of the selected queue; only between FEATURES_OK and DRIVER_OK (section 3.1.1), and all but QueueReady
// only while the queue is not ready.
void VirtioMmioTransport::WriteQueueLocked(uint64_t offset, uint32_t value) {
  auto* setup = std::get_if<Setup>(&state_);
  const bool writable =
      setup != nullptr && (status_ & VIRTIO_CONFIG_S_FEATURES_OK) != 0 && queue_select_ < setup->queues.size();
  QueueRegisters unused;
  QueueRegisters& queue = writable ? setup->queues[queue_select_] : unused;
  QueueRegisters written = queue;
  if (offset == VIRTIO_MMIO_QUEUE_READY && writable) {
    SetQueueReadyLocked(queue, value);
  } else if (offset != VIRTIO_MMIO_QUEUE_READY && !written.Write(offset, value)) {
    Count(counts_.bad_accesses);
  } else if (!writable || queue.ready) {
    Count(counts_.refused_writes);
  } else {
    queue = written;
  }
}

void VirtioMmioTransport::SetQueueReadyLocked(QueueRegisters& queue, uint32_t value) {
  if (value != 1) {
    queue.ready = false;
    return;
  }
  queue.layout.event_idx = HasFeature(driver_features_, VIRTIO_RING_F_EVENT_IDX);
  queue.layout.indirect = HasFeature(driver_features_, VIRTIO_RING_F_INDIRECT_DESC);
  queue.ready =
      queue.layout.size <= device_.queue_sizes()[queue_select_] && SplitQueue::Create(memory_, queue.layout).ok();
  if (!queue.ready) {
    Count(counts_.refused_queues);
  }
}

void VirtioMmioTransport::NotifyQueueLocked(uint32_t queue) {
  if (queue < doorbells_.size() && std::holds_alternative<Live>(state_)) {
    doorbells_[queue].Signal();
  } else {
    Count(counts_.refused_writes);
  }
}

void VirtioMmioTransport::WriteStatusLocked(uint32_t value) {
  if (value == 0) {
    ResetLocked();
    return;
  }
  // A driver that sets a bit writes back what it has read, and so may write NEEDS_RESET, which is not its to set.
  uint32_t next = value & ~uint32_t{VIRTIO_CONFIG_S_NEEDS_RESET};
  if (!IsLegalStatusChange(status_, next)) {
    Count(counts_.refused_writes);
    return;
  }
  const uint32_t added = next & ~status_;
  if ((added & VIRTIO_CONFIG_S_FEATURES_OK) != 0 && !FeaturesAcceptable()) {
    Count(counts_.refused_features);
    next &= ~uint32_t{VIRTIO_CONFIG_S_FEATURES_OK | VIRTIO_CONFIG_S_DRIVER_OK};
  }
  const bool start = (next & ~status_ & VIRTIO_CONFIG_S_DRIVER_OK) != 0;
  status_ = next;
  if (start) {
    ActivateLocked();
  }
}

void VirtioMmioTransport::ActivateLocked() {
  const std::vector<QueueRegisters> setups = std::move(std::get<Setup>(state_).queues);
  Activation activation{.queues = {}, .features = driver_features_, .memory = memory_, .interrupt = *this};
  Live live;
  for (size_t index = 0; index < setups.size(); ++index) {
    live.ready.push_back(setups[index].ready);
    activation.queues.emplace_back();
    if (setups[index].ready) {
      // It was created from the same layout when the queue became ready, and memory does not change.
      activation.queues.back().emplace(ActiveQueue{.ring = SplitQueue::Create(memory_, setups[index].layout).value(),
                                                   .doorbell = doorbells_[index].fd()});
    }
  }
  state_ = std::move(live);
  device_.Activate(std::move(activation));
}

void VirtioMmioTransport::ResetLocked() {
  if (std::holds_alternative<Live>(state_)) {
    const Activation queues_end_here = device_.Reset();
  }
  state_ = EmptySetup();
  status_ = 0;
  driver_features_ = 0;
  device_features_select_ = driver_features_select_ = queue_select_ = 0;
  // The device's thread no longer uses its interrupt, so these stay as they are set here.
  needs_reset_ = 0;
  interrupt_status_ = 0;
}

uint64_t VirtioMmioTransport::OfferedFeatures() const { return device_.features() | kTransportFeatures; }

bool VirtioMmioTransport::FeaturesAcceptable() const {
  return (driver_features_ & ~OfferedFeatures()) == 0 && HasFeature(driver_features_, VIRTIO_F_VERSION_1);
}

void VirtioMmioTransport::NotifyUsed() {
  interrupt_status_.fetch_or(VIRTIO_MMIO_INT_VRING);
  interrupt_.Raise();
}

void VirtioMmioTransport::NotifyNeedsReset() {
  Count(counts_.needs_reset);
  needs_reset_ = VIRTIO_CONFIG_S_NEEDS_RESET;
  // Section 2.1.2 asks for a configuration change notification.
  interrupt_status_.fetch_or(VIRTIO_MMIO_INT_CONFIG);
  interrupt_.Raise();
}

TransportCounters VirtioMmioTransport::counters() const {
  return {
      .bad_accesses = counts_.bad_accesses.load(),
      .refused_writes = counts_.refused_writes.load(),
      .refused_queues = counts_.refused_queues.load(),
      .refused_features = counts_.refused_features.load(),
      .needs_reset = counts_.needs_reset.load(),
  };
}

}  // namespace dev
