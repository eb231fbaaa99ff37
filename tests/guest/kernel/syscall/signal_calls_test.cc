#include "tests/guest/kernel/syscall/syscall_fixture.h"

namespace gk {
namespace {

using abi::Syscall;

class SignalCallsTest : public test::SyscallTest {
 protected:
  SignalCallsTest() : out_(Put(std::array<zx_handle_t, 2>{})) {}

  zx_handle_t NewEvent() {
    EXPECT_EQ(Call(Syscall::event_create, 0u, out_), ZX_OK);
    return Get<zx_handle_t>(out_);
  }
  void NewPair() {
    EXPECT_EQ(Call(Syscall::eventpair_create, 0u, out_, out_ + 4), ZX_OK);
    first_ = Get<zx_handle_t>(out_);
    second_ = Get<zx_handle_t>(out_ + 4);
  }
  zx_signals_t SignalsOf(zx_handle_t handle) { return process_->handles().Find(handle)->object()->signals(); }

  VirtualAddress out_;
  zx_handle_t first_ = 0;
  zx_handle_t second_ = 0;
};

TEST_F(SignalCallsTest, AnEventStartsWithoutSignalsAndTakesNoOptions) {
  const zx_handle_t event = NewEvent();
  EXPECT_EQ(RightsOf(event), 0xD003u);
  EXPECT_EQ(SignalsOf(event), ZX_SIGNAL_NONE);
  EXPECT_EQ(Call(Syscall::event_create, 1u, out_), ZX_ERR_INVALID_ARGS);
}

TEST_F(SignalCallsTest, ProgramsSetAndClearUserSignalsAndTheEventsOwn) {
  const zx_handle_t event = NewEvent();
  EXPECT_EQ(Call(Syscall::object_signal, event, 0u, ZX_EVENT_SIGNALED | ZX_USER_SIGNAL_7), ZX_OK);
  EXPECT_EQ(Call(Syscall::object_signal, event, ZX_USER_SIGNAL_7, ZX_USER_SIGNAL_0), ZX_OK);
  EXPECT_EQ(SignalsOf(event), ZX_EVENT_SIGNALED | ZX_USER_SIGNAL_0);
  EXPECT_EQ(Call(Syscall::object_signal, event, 0u, ZX_OBJECT_SIGNAL_2), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(Call(Syscall::object_signal, event, ZX_OBJECT_SIGNAL_0, 0u), ZX_ERR_INVALID_ARGS);
  const zx_handle_t vmo = CreateVmo(4096);
  EXPECT_EQ(Call(Syscall::object_signal, vmo, ZX_VMO_ZERO_CHILDREN, 0u), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(Call(Syscall::object_signal, vmo, 0u, ZX_USER_SIGNAL_0), ZX_OK);
}

TEST_F(SignalCallsTest, SignalChecksHandleThenRightThenSignals) {
  const zx_handle_t event = NewEvent();
  EXPECT_EQ(Call(Syscall::object_signal, uint32_t{3}, 0u, 1u), ZX_ERR_BAD_HANDLE);
  EXPECT_EQ(Call(Syscall::object_signal, Without(event, ZX_RIGHT_SIGNAL), 0u, 1u), ZX_ERR_ACCESS_DENIED);
  EXPECT_EQ(Call(Syscall::object_signal_peer, event, 0u, ZX_USER_SIGNAL_0), ZX_ERR_ACCESS_DENIED);
  const zx_handle_t odd = Add(process_->handles().Find(event)->object(), ZX_RIGHT_SIGNAL_PEER);
  EXPECT_EQ(Call(Syscall::object_signal_peer, odd, 0u, ZX_USER_SIGNAL_0), ZX_ERR_NOT_SUPPORTED);
}

TEST_F(SignalCallsTest, APairSignalsTheOther) {
  NewPair();
  EXPECT_EQ(RightsOf(first_), 0xF003u);
  EXPECT_EQ(Call(Syscall::object_signal_peer, first_, 0u, ZX_EVENTPAIR_SIGNALED), ZX_OK);
  EXPECT_EQ(SignalsOf(second_), ZX_EVENTPAIR_SIGNALED);
  EXPECT_EQ(SignalsOf(first_), ZX_SIGNAL_NONE);
  EXPECT_EQ(Call(Syscall::object_signal_peer, first_, 0u, ZX_EVENTPAIR_PEER_CLOSED), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(Call(Syscall::eventpair_create, 1u, out_, out_ + 4), ZX_ERR_NOT_SUPPORTED);
}

TEST_F(SignalCallsTest, TheLastHandleOfOneTellsTheOther) {
  NewPair();
  EXPECT_EQ(Call(Syscall::handle_duplicate, first_, ZX_RIGHT_SAME_RIGHTS, out_), ZX_OK);
  EXPECT_EQ(Call(Syscall::handle_close, first_), ZX_OK);
  EXPECT_EQ(SignalsOf(second_), ZX_SIGNAL_NONE);
  EXPECT_EQ(Call(Syscall::handle_close, Get<zx_handle_t>(out_)), ZX_OK);
  EXPECT_EQ(SignalsOf(second_), ZX_EVENTPAIR_PEER_CLOSED);
  EXPECT_EQ(Call(Syscall::object_signal_peer, second_, 0u, ZX_USER_SIGNAL_0), ZX_ERR_PEER_CLOSED);
  EXPECT_EQ(Call(Syscall::object_signal_peer, second_, 0u, ZX_OBJECT_SIGNAL_0), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(Call(Syscall::object_signal, second_, 0u, ZX_USER_SIGNAL_0), ZX_OK);
}

}  // namespace
}  // namespace gk
