#include "guest/kernel/object/port_dispatcher.h"
#include "guest/kernel/sched/clock.h"
#include "tests/guest/kernel/object/object_fakes.h"
#include "tests/guest/kernel/syscall/syscall_fixture.h"

namespace gk {
namespace {

using abi::Syscall;
using fake_arch::AdvanceTime;
using fake_arch::RunUntilIdle;
using fake_arch::StartThread;
using test::FakeEvent;

constexpr int64_t kNow = 0;

class PortCallsTest : public test::SyscallTest {
 protected:
  PortCallsTest() : event_(MakeRefCounted<FakeEvent>()), packet_(Put(zx_port_packet_t{})) {
    const VirtualAddress out = Put(ZX_HANDLE_INVALID);
    EXPECT_EQ(Call(Syscall::port_create, 0u, out), ZX_OK);
    port_ = Get<zx_handle_t>(out);
    handle_ = Add(event_, ZX_DEFAULT_EVENT_RIGHTS);
  }

  int64_t Async(uint64_t key, zx_signals_t signals = ZX_USER_SIGNAL_0, uint32_t options = ZX_WAIT_ASYNC_ONCE) {
    return Call(Syscall::object_wait_async, handle_, port_, key, signals, options);
  }
  int64_t Wait(zx_time_t deadline = kNow) { return Call(Syscall::port_wait, port_, deadline, packet_); }
  zx_port_packet_t Packet() { return Get<zx_port_packet_t>(packet_); }
  int64_t Queue(uint64_t key) {
    zx_port_packet_t packet{};
    packet.key = key;
    Store(packet_, &packet, sizeof(packet));
    return Call(Syscall::port_queue, port_, packet_);
  }
  void Signal(zx_signals_t signals = ZX_USER_SIGNAL_0) { event_->UpdateSignals(0, signals); }
  void Clear(zx_signals_t signals = ZX_USER_SIGNAL_0) { event_->UpdateSignals(signals, 0); }

  RefPtr<FakeEvent> event_;
  zx_handle_t handle_;
  zx_handle_t port_;
  VirtualAddress packet_;
};

TEST_F(PortCallsTest, CreateTakesOnlyTheOptionToBindToInterrupts) {
  EXPECT_EQ(RightsOf(port_), 0x800fu);
  EXPECT_EQ(Call(Syscall::port_create, ZX_PORT_BIND_TO_INTERRUPT, packet_), ZX_OK);
  EXPECT_EQ(Call(Syscall::port_create, 2u, packet_), ZX_ERR_INVALID_ARGS);
}

TEST_F(PortCallsTest, APacketOfAProgramArrivesWholeButForItsType) {
  zx_port_packet_t sent{};
  sent.key = 17;
  sent.type = ZX_PKT_TYPE_INTERRUPT;
  sent.status = -3;
  for (uint8_t i = 0; i < 32; ++i) {
    sent.user.c8[i] = i;
  }
  EXPECT_EQ(Call(Syscall::port_queue, port_, Put(sent)), ZX_OK);
  EXPECT_EQ(Wait(), ZX_OK);
  const zx_port_packet_t got = Packet();
  EXPECT_EQ(got.key, 17u);
  EXPECT_EQ(got.type, ZX_PKT_TYPE_USER);
  EXPECT_EQ(got.status, -3);
  EXPECT_EQ(memcmp(&got.user, &sent.user, 32), 0);
  EXPECT_EQ(Wait(), ZX_ERR_TIMED_OUT);
}

TEST_F(PortCallsTest, QueueAndWaitCheckHandleTypeRightAndPointer) {
  EXPECT_EQ(Call(Syscall::port_queue, uint32_t{3}, packet_), ZX_ERR_BAD_HANDLE);
  EXPECT_EQ(Call(Syscall::port_queue, handle_, packet_), ZX_ERR_WRONG_TYPE);
  EXPECT_EQ(Call(Syscall::port_queue, Without(port_, ZX_RIGHT_WRITE), packet_), ZX_ERR_ACCESS_DENIED);
  EXPECT_EQ(Call(Syscall::port_queue, port_, uint64_t{0}), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(Call(Syscall::port_wait, Without(port_, ZX_RIGHT_READ), kNow, packet_), ZX_ERR_ACCESS_DENIED);
  EXPECT_EQ(Wait(), ZX_ERR_TIMED_OUT);
}

TEST_F(PortCallsTest, AFullPortMakesItsProgramsWaitButNotItsSignals) {
  for (uint32_t i = 0; i < PortDispatcher::kMaxUserPackets; ++i) {
    ASSERT_EQ(Call(Syscall::port_queue, port_, packet_), ZX_OK);
  }
  EXPECT_EQ(Queue(1), ZX_ERR_SHOULD_WAIT);
  EXPECT_EQ(Async(1), ZX_OK);
  Signal();
  EXPECT_EQ(Wait(), ZX_OK);
  EXPECT_EQ(Queue(1), ZX_OK);
}

TEST_F(PortCallsTest, ASignalBecomesOnePacketWithAllActiveSignals) {
  EXPECT_EQ(Async(5), ZX_OK);
  Signal(ZX_USER_SIGNAL_0 | ZX_USER_SIGNAL_4);
  Clear();
  Signal();
  EXPECT_EQ(Wait(), ZX_OK);
  const zx_port_packet_t packet = Packet();
  EXPECT_EQ(packet.key, 5u);
  EXPECT_EQ(packet.type, ZX_PKT_TYPE_SIGNAL_ONE);
  EXPECT_EQ(packet.status, ZX_OK);
  EXPECT_EQ(packet.signal.trigger, ZX_USER_SIGNAL_0);
  EXPECT_EQ(packet.signal.observed, ZX_USER_SIGNAL_0 | ZX_USER_SIGNAL_4);
  EXPECT_EQ(packet.signal.count, 1u);
  EXPECT_EQ(packet.signal.timestamp, 0);
  EXPECT_EQ(Wait(), ZX_ERR_TIMED_OUT);
}

TEST_F(PortCallsTest, ASignalThatIsActiveAlreadyBecomesAPacketAtOnce) {
  Signal();
  EXPECT_EQ(Async(5), ZX_OK);
  Clear();
  EXPECT_EQ(Wait(), ZX_OK);
  EXPECT_EQ(Packet().signal.observed, ZX_USER_SIGNAL_0);
}

TEST_F(PortCallsTest, WithTheOptionThePacketSaysWhenTheSignalCame) {
  EXPECT_EQ(Async(5, ZX_USER_SIGNAL_0, ZX_WAIT_ASYNC_TIMESTAMP), ZX_OK);
  AdvanceTime(100);
  const zx_time_t now = CurrentTime();
  Signal();
  AdvanceTime(100);
  EXPECT_EQ(Wait(), ZX_OK);
  EXPECT_EQ(Packet().signal.timestamp, now);
}

TEST_F(PortCallsTest, AnEdgeIsAChangeAndNotAState) {
  Signal();
  EXPECT_EQ(Async(5, ZX_USER_SIGNAL_0, ZX_WAIT_ASYNC_EDGE), ZX_OK);
  Signal(ZX_USER_SIGNAL_1);
  EXPECT_EQ(Wait(), ZX_ERR_TIMED_OUT);
  Clear();
  EXPECT_EQ(Wait(), ZX_ERR_TIMED_OUT);
  Signal();
  EXPECT_EQ(Wait(), ZX_OK);
  EXPECT_EQ(Packet().key, 5u);
}

TEST_F(PortCallsTest, TheNewestWaitOfAnObjectIsServedFirst) {
  for (uint64_t key = 0; key < 7; ++key) {
    EXPECT_EQ(Async(key), ZX_OK);
  }
  Signal();
  for (uint64_t key = 7; key-- > 0;) {
    EXPECT_EQ(Wait(), ZX_OK);
    EXPECT_EQ(Packet().key, key);
  }
}

TEST_F(PortCallsTest, WaitAsyncChecksOptionsThenThePortThenTheObject) {
  EXPECT_EQ(Async(1, 1, 20), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(Call(Syscall::object_wait_async, handle_, uint32_t{3}, 1, 1u, 0u), ZX_ERR_BAD_HANDLE);
  EXPECT_EQ(Call(Syscall::object_wait_async, handle_, handle_, 1, 1u, 0u), ZX_ERR_WRONG_TYPE);
  EXPECT_EQ(Call(Syscall::object_wait_async, handle_, Without(port_, ZX_RIGHT_WRITE), 1, 1u, 0u), ZX_ERR_ACCESS_DENIED);
  EXPECT_EQ(Call(Syscall::object_wait_async, uint32_t{3}, port_, 1, 1u, 0u), ZX_ERR_BAD_HANDLE);
  EXPECT_EQ(Call(Syscall::object_wait_async, port_, port_, 1, 1u, 0u), ZX_ERR_ACCESS_DENIED);
}

TEST_F(PortCallsTest, CancelEndsWaitsAndTakesOutTheirPackets) {
  EXPECT_EQ(Async(1), ZX_OK);
  EXPECT_EQ(Async(2), ZX_OK);
  EXPECT_EQ(Async(1), ZX_OK);
  EXPECT_EQ(Call(Syscall::port_cancel, port_, handle_, 1), ZX_OK);
  EXPECT_EQ(Call(Syscall::port_cancel, port_, handle_, 1), ZX_ERR_NOT_FOUND);
  EXPECT_EQ(Async(3), ZX_OK);
  Signal();
  EXPECT_EQ(Call(Syscall::port_cancel, port_, handle_, 3), ZX_OK) << "its packet was queued";
  EXPECT_EQ(Wait(), ZX_OK);
  EXPECT_EQ(Packet().key, 2u);
  EXPECT_EQ(Call(Syscall::port_cancel, port_, handle_, 2), ZX_ERR_NOT_FOUND) << "it was received";
  EXPECT_EQ(Wait(), ZX_ERR_TIMED_OUT);
}

TEST_F(PortCallsTest, CancelIsForOneHandleAndNotForPacketsOfPrograms) {
  const zx_handle_t other = Without(handle_, 0);
  EXPECT_EQ(Async(1), ZX_OK);
  EXPECT_EQ(Queue(1), ZX_OK);
  EXPECT_EQ(Call(Syscall::port_cancel, port_, other, 1), ZX_ERR_NOT_FOUND);
  EXPECT_EQ(Call(Syscall::port_cancel, port_, Without(handle_, ZX_RIGHT_WAIT), 1), ZX_ERR_ACCESS_DENIED);
  EXPECT_EQ(Call(Syscall::port_cancel, port_, handle_, 1), ZX_OK);
  EXPECT_EQ(Wait(), ZX_OK);
  EXPECT_EQ(Packet().type, ZX_PKT_TYPE_USER);
}

TEST_F(PortCallsTest, CancelKeyTakesEverythingWithTheKey) {
  EXPECT_EQ(Async(1), ZX_OK);
  EXPECT_EQ(Queue(1), ZX_OK);
  EXPECT_EQ(Queue(2), ZX_OK);
  EXPECT_EQ(Call(Syscall::port_cancel_key, port_, 1u, 1), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(Call(Syscall::port_cancel_key, port_, 0u, 1), ZX_OK);
  EXPECT_EQ(Call(Syscall::port_cancel_key, port_, 0u, 1), ZX_ERR_NOT_FOUND);
  Signal();
  EXPECT_EQ(Wait(), ZX_OK);
  EXPECT_EQ(Packet().key, 2u);
  EXPECT_EQ(Wait(), ZX_ERR_TIMED_OUT);
}

TEST_F(PortCallsTest, ClosingTheWatchedHandleEndsTheWaitButKeepsThePacket) {
  EXPECT_EQ(Async(1), ZX_OK);
  Signal();
  EXPECT_EQ(Async(2, ZX_USER_SIGNAL_1), ZX_OK);
  EXPECT_EQ(Call(Syscall::handle_close, handle_), ZX_OK);
  Signal(ZX_USER_SIGNAL_1);
  EXPECT_EQ(Wait(), ZX_OK);
  EXPECT_EQ(Packet().key, 1u);
  EXPECT_EQ(Wait(), ZX_ERR_TIMED_OUT);
}

TEST_F(PortCallsTest, ClosingThePortEndsEverything) {
  EXPECT_EQ(Async(1), ZX_OK);
  EXPECT_EQ(Async(2, ZX_USER_SIGNAL_1), ZX_OK);
  EXPECT_EQ(Queue(3), ZX_OK);
  Signal();
  EXPECT_EQ(Call(Syscall::handle_close, port_), ZX_OK);
  Signal(ZX_USER_SIGNAL_1);
  EXPECT_EQ(Wait(), ZX_ERR_BAD_HANDLE);
}

TEST_F(PortCallsTest, EachPacketWakesOneReceiverAndTheEndOfThePortAll) {
  std::map<int64_t, int> results;
  for (int i = 0; i < 3; ++i) {
    StartThread([&] { ++results[CallHere(Syscall::port_wait, port_, ZX_TIME_INFINITE, packet_)]; });
  }
  RunUntilIdle();
  EXPECT_EQ(Queue(1), ZX_OK);
  RunUntilIdle();
  EXPECT_EQ(results[ZX_OK], 1);
  EXPECT_EQ(Call(Syscall::handle_close, port_), ZX_OK);
  RunUntilIdle();
  EXPECT_EQ(results[ZX_ERR_BAD_HANDLE], 2);
}

TEST_F(PortCallsTest, SixteenThousandSignalsAllArrive) {
  constexpr int kCount = 16385;
  std::vector<RefPtr<FakeEvent>> events;
  for (int i = 0; i < kCount; ++i) {
    events.push_back(MakeRefCounted<FakeEvent>());
    handle_ = Add(events.back(), ZX_RIGHT_WAIT);
    ASSERT_EQ(Async(static_cast<uint64_t>(i)), ZX_OK);
  }
  for (const RefPtr<FakeEvent>& event : events) {
    event->UpdateSignals(0, ZX_USER_SIGNAL_0);
  }
  for (int i = 0; i < kCount; ++i) {
    ASSERT_EQ(Wait(), ZX_OK);
    ASSERT_EQ(Packet().key, static_cast<uint64_t>(i));
  }
  EXPECT_EQ(Wait(), ZX_ERR_TIMED_OUT);
}

// A packet that is a part of its source and travels again and again.
class SourcePacket final : public PortPacket {
 public:
  void OnRemoved(Removal removal) override { removals.push_back(removal); }
  std::vector<Removal> removals;
};

TEST(PortDispatcher, AnOwnedPacketTravelsAsOftenAsItsSourceLikes) {
  RefPtr<PortDispatcher> port = PortDispatcher::Create();
  Handle handle(port, ZX_DEFAULT_PORT_RIGHTS);
  SourcePacket packet;
  packet.contents().type = ZX_PKT_TYPE_PAGE_REQUEST;
  for (uint64_t key = 0; key < 2; ++key) {
    packet.contents().key = key;
    EXPECT_TRUE(port->Queue(packet).ok());
    EXPECT_EQ(port->Wait(0)->key, key);
  }
  EXPECT_TRUE(port->Queue(packet).ok());
  EXPECT_TRUE(port->Withdraw(packet));
  EXPECT_FALSE(port->Withdraw(packet));
  EXPECT_TRUE(port->Queue(packet).ok());
  handle.Reset();
  EXPECT_EQ(packet.removals,
            (std::vector<PortPacket::Removal>{PortPacket::Removal::kReceived, PortPacket::Removal::kReceived,
                                              PortPacket::Removal::kDiscarded}));
  EXPECT_EQ(StatusOf(port->Queue(packet)).value(), ZX_ERR_BAD_HANDLE);
}

}  // namespace
}  // namespace gk
