// Ports: packets of users and of signals.
#include <lib/zx/vmo.h>
#include <zircon/syscalls/port.h>

#include "tests/conformance/support.h"

namespace conformance {
namespace {

class Ports : public zxtest::Test {
 public:
  void SetUp() override {
    ASSERT_OK(zx_port_create(0, &port_));
    ASSERT_OK(zx_event_create(0, &event_));
  }
  void TearDown() override {
    zx_handle_close(port_);
    zx_handle_close(event_);
  }

 protected:
  // The next packet, which must be there already.
  zx_status_t Next(zx_port_packet_t* packet) const { return zx_port_wait(port_, ZX_TIME_INFINITE_PAST, packet); }

  zx_handle_t port_ = ZX_HANDLE_INVALID;
  zx_handle_t event_ = ZX_HANDLE_INVALID;
};

// real port_queue | a packet | arrives with key, status and content; its type is ZX_PKT_TYPE_USER whatever was given
TEST_F(Ports, UserPacketsArriveAsTheyWere) {
  zx_port_packet_t sent = {};
  sent.key = 5;
  sent.type = 77;
  sent.status = -3;
  for (uint8_t i = 0; i < 32; ++i) {
    sent.user.c8[i] = i;
  }
  ASSERT_OK(zx_port_queue(port_, &sent));
  zx_port_packet_t found = {};
  ASSERT_OK(Next(&found));
  EXPECT_EQ(found.key, 5U);
  EXPECT_EQ(found.type, ZX_PKT_TYPE_USER);
  EXPECT_EQ(found.status, -3);
  EXPECT_BYTES_EQ(found.user.c8, sent.user.c8, 32);
  EXPECT_STATUS(Next(&found), ZX_ERR_TIMED_OUT);
}

// real port_queue | packet is NULL | INVALID_ARGS
TEST_F(Ports, NoPacketIsRefused) { EXPECT_STATUS(zx_port_queue(port_, nullptr), ZX_ERR_INVALID_ARGS); }

// real object_wait_async | the signal becomes active | one packet: key, trigger, all active signals, count 1
TEST_F(Ports, SignalsArriveOnce) {
  ASSERT_OK(zx_object_wait_async(event_, port_, 9, ZX_USER_SIGNAL_0, 0));
  zx_port_packet_t packet = {};
  EXPECT_STATUS(Next(&packet), ZX_ERR_TIMED_OUT);
  ASSERT_OK(zx_object_signal(event_, 0, ZX_USER_SIGNAL_0 | ZX_USER_SIGNAL_1));
  ASSERT_OK(Next(&packet));
  EXPECT_EQ(packet.key, 9U);
  EXPECT_EQ(packet.type, ZX_PKT_TYPE_SIGNAL_ONE);
  EXPECT_EQ(packet.signal.trigger, ZX_USER_SIGNAL_0);
  EXPECT_EQ(packet.signal.observed & ZX_USER_SIGNAL_ALL, ZX_USER_SIGNAL_0 | ZX_USER_SIGNAL_1);
  EXPECT_EQ(packet.signal.count, 1U);
  EXPECT_STATUS(Next(&packet), ZX_ERR_TIMED_OUT);
}

// real object_wait_async | the signal is active already | a packet at once; with ZX_WAIT_ASYNC_EDGE none
TEST_F(Ports, ActiveSignalsCountUnlessEdgesAreWanted) {
  zx_port_packet_t packet = {};
  ASSERT_OK(zx_object_signal(event_, 0, ZX_USER_SIGNAL_0));
  ASSERT_OK(zx_object_wait_async(event_, port_, 1, ZX_USER_SIGNAL_0, ZX_WAIT_ASYNC_EDGE));
  EXPECT_STATUS(Next(&packet), ZX_ERR_TIMED_OUT);
  ASSERT_OK(zx_object_wait_async(event_, port_, 2, ZX_USER_SIGNAL_0, 0));
  ASSERT_OK(Next(&packet));
  EXPECT_EQ(packet.key, 2U);
}

// real object_wait_async | options has an unknown bit | INVALID_ARGS
TEST_F(Ports, UnknownOptionsAreRefused) {
  EXPECT_STATUS(zx_object_wait_async(event_, port_, 1, ZX_USER_SIGNAL_0, 20), ZX_ERR_INVALID_ARGS);
}

// real port_cancel | a registration is waiting, or its packet is queued | it is removed
// real port_cancel | there is none | NOT_FOUND
TEST_F(Ports, CancelRemovesRegistrationsAndPackets) {
  zx_port_packet_t packet = {};
  ASSERT_OK(zx_object_wait_async(event_, port_, 1, ZX_USER_SIGNAL_0, 0));
  ASSERT_OK(zx_port_cancel(port_, event_, 1));
  ASSERT_OK(zx_object_wait_async(event_, port_, 2, ZX_USER_SIGNAL_0, 0));
  ASSERT_OK(zx_object_signal(event_, 0, ZX_USER_SIGNAL_0));
  ASSERT_OK(zx_port_cancel(port_, event_, 2));
  EXPECT_STATUS(Next(&packet), ZX_ERR_TIMED_OUT);
  EXPECT_STATUS(zx_port_cancel(port_, event_, 2), ZX_ERR_NOT_FOUND);
}

// vmo create | ZX_VMO_ZERO_CHILDREN through a port | a packet when the last child goes
TEST_F(Ports, ZeroChildrenArrivesAsAPacket) {
  const zx::vmo vmo = MakeVmo(1);
  zx::vmo child = MakeChild(vmo, ZX_VMO_CHILD_SNAPSHOT, 0, 1);
  ASSERT_OK(zx_object_wait_async(vmo.get(), port_, 3, ZX_VMO_ZERO_CHILDREN, 0));
  zx_port_packet_t packet = {};
  EXPECT_STATUS(Next(&packet), ZX_ERR_TIMED_OUT);
  child.reset();
  ASSERT_OK(Next(&packet));
  EXPECT_EQ(packet.key, 3U);
}

}  // namespace
}  // namespace conformance
