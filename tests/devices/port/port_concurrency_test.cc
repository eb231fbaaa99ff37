// The port device between many threads: a guest that posts and resets, pagers that answer from anywhere, registers read
// at the same time. Every request is answered once and with its own pages; ThreadSanitizer says whether also cleanly.
#include <gtest/gtest.h>
#include <zircon/errors.h>

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "devices/port/port_device.h"
#include "tests/devices/support/device_fixture.h"
#include "tests/devices/support/port_driver.h"
#include "tests/devices/support/port_guest.h"
#include "tests/devices/support/threaded_pager.h"

namespace {

namespace abi = pagoda::abi;

using base::kPageSize;
using test::PortTicket;

constexpr uint32_t kControl = abi::kPortControlQueue;
constexpr uint32_t kRequests = abi::kPortRequestQueue;
constexpr int kPagerThreads = 3;
constexpr size_t kInFlight = 24;

class PortConcurrencyTest : public testing::Test {
 protected:
  PortConcurrencyTest() {
    EXPECT_TRUE(registry_
                    .Register("f", std::make_unique<test::ManualPager>(
                                       [] { return std::make_shared<test::ThreadedSource>(kPagerThreads); }))
                    .ok());
  }

  uint64_t Open() {
    const PortTicket ticket = port_.Open("f");
    Post(kControl, ticket);
    guest_.WaitForUsed(kControl);
    EXPECT_EQ(port_.ReplyOf(ticket).status, ZX_OK);
    return port_.ReplyOf(ticket).object;
  }
  uint16_t Post(uint32_t queue, const PortTicket& ticket) {
    const uint16_t head = guest_.Queue(queue).Post(ticket.chain);
    guest_.NotifyIfAsked(queue);
    return head;
  }

  pager::Registry registry_;
  std::unique_ptr<dev::PortDevice> device_ = dev::PortDevice::Create(registry_).value();
  test::DrivenDevice guest_{*device_};
  test::PortDriver port_{guest_.memory};
};

// The test's side of kInFlight requests, each with its own page, used again and again.
class Slots {
 public:
  Slots(test::TestMemory& memory, test::PortDriver& port, uint64_t object) : memory_(memory), port_(port) {
    for (size_t i = 0; i < kInFlight; ++i) {
      tickets_.push_back(port.Read(object, 0, 1));
    }
  }
  // The request for this page of the object, in slot `slot`.
  const PortTicket& Prepare(size_t slot, uint64_t id, uint64_t page) {
    abi::PortRequest request = port_.RequestOf(tickets_[slot]);
    request.id = id;
    request.offset = page * kPageSize;
    port_.SetRequest(tickets_[slot], request);
    return tickets_[slot];
  }
  void ExpectAnswered(size_t slot) const {
    const abi::PortRequest request = port_.RequestOf(tickets_[slot]);
    const abi::PortReply reply = port_.ReplyOf(tickets_[slot]);
    ASSERT_EQ(reply.id, request.id);
    ASSERT_EQ(reply.status, ZX_OK);
    const auto expected = static_cast<uint8_t>(request.offset / kPageSize + 1);
    ASSERT_EQ(memory_.Load<uint8_t>(tickets_[slot].pages[0]), expected);
    ASSERT_EQ(memory_.Load<uint8_t>(tickets_[slot].pages[0] + kPageSize - 1), expected);
  }

 private:
  test::TestMemory& memory_;
  test::PortDriver& port_;
  std::vector<PortTicket> tickets_;
};

TEST_F(PortConcurrencyTest, EveryReadIsAnsweredOnceWithItsOwnPage) {
  constexpr uint64_t kReads = 5000;
  guest_.Start();
  Slots slots(guest_.memory, port_, Open());
  std::vector<size_t> slot_of(guest_.queue1.layout().size);
  uint64_t posted = 0;
  const auto post_into = [&](size_t slot) {
    slot_of[Post(kRequests, slots.Prepare(slot, posted, posted % test::ManualSource::kPages))] = slot;
    ++posted;
  };
  for (size_t slot = 0; slot < kInFlight; ++slot) {
    post_into(slot);
  }
  for (uint64_t answered = 0; answered < kReads; ++answered) {
    const size_t slot = slot_of[guest_.WaitForUsed(kRequests).head];
    slots.ExpectAnswered(slot);
    if (posted < kReads) {
      post_into(slot);
    }
  }
  EXPECT_FALSE(guest_.queue1.TakeUsed());
  EXPECT_EQ(device_->counters().reads, kReads);
}

TEST_F(PortConcurrencyTest, RegistersMayBeReadMeanwhile) {
  guest_.Start();
  std::atomic<bool> done = false;
  std::thread other_cpu([&] {
    test::MmioDriver driver(*guest_.transport);
    while (!done) {
      EXPECT_EQ(driver.status(), test::kDriverOk);
      EXPECT_EQ(driver.Read(VIRTIO_MMIO_CONFIG), abi::kPortVersion);
      driver.Write(VIRTIO_MMIO_INTERRUPT_ACK, driver.Read(VIRTIO_MMIO_INTERRUPT_STATUS));
      driver.Notify(kRequests);
      static_cast<void>(device_->counters());
    }
  });
  Slots slots(guest_.memory, port_, Open());
  for (uint64_t id = 0; id < 500; ++id) {
    Post(kRequests, slots.Prepare(0, id, id % test::ManualSource::kPages));
    guest_.WaitForUsed(kRequests);
    slots.ExpectAnswered(0);
  }
  done = true;
  other_cpu.join();
}

// Threads that want operations, a guest that answers them, and a reset in between: every handler is called once.
TEST_F(PortConcurrencyTest, OperationsFromManyThreadsAllEndOnce) {
  constexpr int kThreads = 4;
  constexpr int kOperations = 300;
  constexpr int kAnswered = 500;  // then the guest goes
  const auto source = std::make_shared<test::ManualSource>();
  test::PortGuest guest([&] { return source; });
  guest.Start();
  const uint64_t object = guest.Open();
  const std::shared_ptr<pager::VmoControl> vmo = source->controls.Take();
  std::atomic<int> succeeded = 0;
  std::atomic<int> closed = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      for (int count = 0; count < kOperations; ++count) {
        vmo->Detach([&](zx_status_t status) { ++(status == ZX_OK ? succeeded : closed); });
      }
    });
  }
  for (int count = 0; count < kAnswered; ++count) {
    const abi::PortOperation operation = guest.WaitForOperation();
    ASSERT_EQ(operation.object, object);
    guest.Answer(operation.id, ZX_OK);
  }
  guest.driven->driver.SetStatus(0);
  for (std::thread& thread : threads) {
    thread.join();
  }
  EXPECT_EQ(succeeded + closed, kThreads * kOperations);
  EXPECT_LE(succeeded, kAnswered);
  EXPECT_GE(succeeded, kAnswered - test::PortGuest::kSlots) << "the last answers may have come too late";
}

TEST_F(PortConcurrencyTest, ResetMayComeWhileReadsAreInFlight) {
  for (int round = 0; round < 30; ++round) {
    guest_.queue0 = test::DriverQueue(guest_.memory, 16);
    guest_.queue1 = test::DriverQueue(guest_.memory, 64);
    guest_.queue0.UseEventIdx();
    guest_.queue1.UseEventIdx();
    guest_.Start();
    const uint64_t object = Open();
    // Each into a page of its own: the source answers from several threads.
    std::vector<PortTicket> tickets;
    for (uint64_t i = 0; i < 8; ++i) {
      tickets.push_back(port_.Read(object, i * kPageSize, 1));
      Post(kRequests, tickets.back());
    }
    guest_.driver.SetStatus(0);
    EXPECT_EQ(guest_.driver.status(), 0u);
    const uint16_t used = guest_.queue1.used_index();
    for (const PortTicket& ticket : tickets) {
      std::memset(guest_.memory.At(ticket.pages[0], kPageSize).data(), 0x77, kPageSize);
    }
    EXPECT_EQ(guest_.queue1.used_index(), used) << "after the reset nothing moves any more";
    for (const PortTicket& ticket : tickets) {
      EXPECT_EQ(guest_.memory.Load<uint8_t>(ticket.pages[0]), 0x77);
    }
  }
}

}  // namespace
