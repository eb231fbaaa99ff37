// Answers on their way from page sources (any thread) back to the service thread, which owns the queues.
//
// Its mutex is a leaf: nothing is called while it is held.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <vector>

#include "devices/core/event_fd.h"
#include "devices/port/port_in_flight.h"
#include "devices/virtio/split_queue.h"
#include "shared/abi/port_device.h"

namespace dev {

// What is needed to give a chain back.
struct PortCompletion {
  uint16_t head;
  uint32_t used_length;  // bytes: the whole writable part of the chain
  GuestBuffer reply_buffer;
  abi::PortReply reply;
  PortInFlight::Ticket ticket;  // means nothing in an answer that the session gives itself
};

class PortCompletions {
 public:
  // `wake` outlives this object; it is signalled when an answer arrives while the service thread sleeps.
  explicit PortCompletions(const EventFd& wake) : wake_(wake) {}

  // Any thread.
  void Post(const PortCompletion& completion);

  // Service thread. Has() may lag behind a Post of another thread, PrepareToSleep does not.
  [[nodiscard]] bool Has() const { return count_.load(std::memory_order_acquire) != 0; }
  [[nodiscard]] std::vector<PortCompletion> Take();
  // False when there are answers: take them first. After true every Post signals `wake` until WokeUp.
  [[nodiscard]] bool PrepareToSleep();
  void WokeUp();

  // Waits until `count` answers are there, and drops them. The service thread must not take any meanwhile.
  void Discard(size_t count);

 private:
  const EventFd& wake_;
  std::mutex mutex_;
  std::condition_variable posted_;
  std::vector<PortCompletion> list_;  // guarded by mutex_
  bool sleeping_ = false;             // guarded by mutex_
  std::atomic<size_t> count_{0};      // list_.size(), for Has()
};

}  // namespace dev
