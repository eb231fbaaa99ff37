// A guest of the port device that a test drives by hand: all three queues, requests and their replies, and slots for
// the host's operations.
#pragma once

#include <gtest/gtest.h>
#include <zircon/errors.h>

#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string_view>
#include <tuple>
#include <vector>

#include "devices/port/port_device.h"
#include "tests/devices/support/device_fixture.h"
#include "tests/devices/support/manual_pager.h"
#include "tests/devices/support/port_driver.h"

namespace test {

inline constexpr uint64_t kPortOperations = uint64_t{1} << abi::kPortFeatureOperations;

class PortGuest {
 public:
  // Serves names by `factory`, as "f" and below.
  explicit PortGuest(ManualPager::Factory factory, dev::PortOptions options = {}) {
    auto served = std::make_unique<ManualPager>(std::move(factory));
    pager = served.get();
    EXPECT_TRUE(registry.Register("f", std::move(served)).ok());
    device = dev::PortDevice::Create(registry, std::move(options)).value();
    driven = std::make_unique<DrivenDevice>(*device);
    port = std::make_unique<PortDriver>(driven->memory);
  }

  void Start(uint64_t features = kPortOperations) {
    driven->Start(features, features == 0 ? 2 : abi::kPortQueueCount);
    for (int i = 0; features != 0 && i < kSlots; ++i) {
      PostSlot({});
    }
  }

  void Send(uint32_t queue, const PortTicket& ticket) {
    driven->Queue(queue).Post(ticket.chain);
    driven->NotifyIfAsked(queue);
  }
  abi::PortReply WaitForReply(uint32_t queue, const PortTicket& ticket) {
    EXPECT_GE(driven->WaitForUsed(queue).length, sizeof(abi::PortReply));
    return port->ReplyOf(ticket);
  }
  abi::PortReply Control(const PortTicket& ticket) {
    Send(abi::kPortControlQueue, ticket);
    return WaitForReply(abi::kPortControlQueue, ticket);
  }
  abi::PortReply Request(const PortTicket& ticket) {
    Send(abi::kPortRequestQueue, ticket);
    return WaitForReply(abi::kPortRequestQueue, ticket);
  }
  uint64_t Open(std::string_view name = "f") {
    const abi::PortReply reply = Control(port->Open(name));
    EXPECT_EQ(reply.status, ZX_OK);
    return reply.object;
  }

  // The next operation of the host; waits for one. Its slot stays with the guest.
  abi::PortOperation WaitForOperation() {
    const Used used = driven->WaitForUsed(abi::kPortOperationQueue);
    EXPECT_EQ(used.length, sizeof(abi::PortOperation));
    return driven->memory.Load<abi::PortOperation>(slots_.at(used.head));
  }
  // Gives the device a slot again, with an answer in it.
  void Answer(const abi::PortAnswer& answer, const std::vector<abi::PortDirtyRange>& ranges = {}) {
    PostSlot(answer, ranges);
    driven->NotifyIfAsked(abi::kPortOperationQueue);
  }
  void Answer(uint64_t id, zx_status_t status) {
    Answer({.id = id, .status = status, .flags = 0, .size = 0, .content_size = 0});
  }

  static constexpr int kSlots = 2;

  pager::Registry registry;
  ManualPager* pager;
  std::unique_ptr<dev::PortDevice> device;
  std::unique_ptr<DrivenDevice> driven;
  std::unique_ptr<PortDriver> port;

 private:
  void PostSlot(const abi::PortAnswer& answer, const std::vector<abi::PortDirtyRange>& ranges = {}) {
    TestMemory& memory = driven->memory;
    std::vector<DriverBuffer> chain = {Readable(memory.Allocate(sizeof(answer), 8), sizeof(answer))};
    memory.Store(chain[0].address, answer);
    for (const abi::PortDirtyRange& range : ranges) {
      chain.push_back(Readable(memory.Allocate(sizeof(range), 8), sizeof(range)));
      memory.Store(chain.back().address, range);
    }
    chain.push_back(Writable(memory.Allocate(sizeof(abi::PortOperation), 8), sizeof(abi::PortOperation)));
    slots_[driven->queue2.Post(chain)] = chain.back().address;
  }

  std::map<uint32_t, uint64_t> slots_;  // where the operation will be, by the chain's head
};

// What a handler of an operation was called with; waits for it.
template <typename... Results>
class Outcome {
 public:
  // The handler.
  auto handler() {
    return [state = state_](Results... results) {
      const std::lock_guard lock(state->mutex);
      state->calls.emplace_back(std::move(results)...);
      state->called.notify_all();
    };
  }
  std::tuple<Results...> Wait() {
    std::unique_lock lock(state_->mutex);
    state_->called.wait(lock, [this] { return !state_->calls.empty(); });
    std::tuple<Results...> result = std::move(state_->calls.front());
    state_->calls.pop_front();
    return result;
  }
  [[nodiscard]] size_t calls() const {
    const std::lock_guard lock(state_->mutex);
    return state_->calls.size();
  }

 private:
  struct State {
    std::mutex mutex;
    std::condition_variable called;
    std::deque<std::tuple<Results...>> calls;
  };
  std::shared_ptr<State> state_ = std::make_shared<State>();
};

}  // namespace test
