#include "guest/kernel/object/channel_dispatcher.h"
#include "guest/kernel/sched/clock.h"
#include "tests/guest/kernel/object/object_fakes.h"
#include "tests/guest/kernel/syscall/syscall_fixture.h"

namespace gk {
namespace {

using abi::Syscall;
using fake_arch::AdvanceTime;
using fake_arch::RunUntilIdle;
using fake_arch::StartThread;
using test::Events;
using test::FakeEvent;

constexpr uint64_t kNull = 0;

class ChannelCallsTest : public test::SyscallTest {
 protected:
  ChannelCallsTest() : sizes_(Put(std::array<uint32_t, 2>{77, 77})), buffer_(Put(std::array<char, 64>{})) {
    const VirtualAddress ends = Put(std::array<zx_handle_t, 2>{});
    EXPECT_EQ(Call(Syscall::channel_create, 0u, ends, ends + 4), ZX_OK);
    a_ = Get<zx_handle_t>(ends);
    b_ = Get<zx_handle_t>(ends + 4);
  }

  zx_handle_t NewEvent(Events* events = nullptr) {
    return Add(MakeRefCounted<FakeEvent>(events), ZX_DEFAULT_EVENT_RIGHTS);
  }
  int64_t Write(zx_handle_t channel, const std::string& text, const std::vector<zx_handle_t>& handles = {}) {
    VirtualAddress numbers = kNull;
    if (!handles.empty()) {
      numbers = Put(std::array<zx_handle_t, 8>{});
      Store(numbers, handles.data(), handles.size() * 4);
    }
    return Call(Syscall::channel_write, channel, 0u, text.empty() ? kNull : PutText(text),
                static_cast<uint32_t>(text.size()), numbers, static_cast<uint32_t>(handles.size()));
  }
  int64_t Read(zx_handle_t channel, uint32_t bytes = 32, uint32_t handles = 8, uint32_t options = 0) {
    return Call(Syscall::channel_read, channel, options, buffer_, buffer_ + 32, bytes, handles, sizes_, sizes_ + 4);
  }
  std::string Text() { return std::string(Get<std::array<char, 32>>(buffer_).data(), Get<uint32_t>(sizes_)); }
  zx_signals_t SignalsOf(zx_handle_t handle) { return process_->handles().Find(handle)->object()->signals(); }
  bool Exists(zx_handle_t handle) { return process_->handles().Find(handle) != nullptr; }

  zx_handle_t a_;
  zx_handle_t b_;
  VirtualAddress sizes_;
  VirtualAddress buffer_;
};

TEST_F(ChannelCallsTest, CreateGivesTwoEndsThatKnowEachOther) {
  EXPECT_EQ(RightsOf(a_), 0xF00Eu);
  const RefPtr<Dispatcher> first = process_->handles().Find(a_)->object();
  const RefPtr<Dispatcher> second = process_->handles().Find(b_)->object();
  EXPECT_EQ(first->related_koid(), second->koid());
  EXPECT_EQ(second->related_koid(), first->koid());
  EXPECT_EQ(SignalsOf(a_), ZX_CHANNEL_WRITABLE);
  EXPECT_EQ(Call(Syscall::channel_create, 1u, sizes_, sizes_ + 4), ZX_ERR_INVALID_ARGS);
  const uint32_t before = process_->handles().count();
  EXPECT_EQ(Call(Syscall::channel_create, 0u, sizes_, kBadAddress), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(process_->handles().count(), before);
}

TEST_F(ChannelCallsTest, MessagesArriveInOrderAndReadableSaysWhetherThereIsOne) {
  EXPECT_EQ(Read(b_), ZX_ERR_SHOULD_WAIT);
  EXPECT_EQ(Write(a_, "one"), ZX_OK);
  EXPECT_EQ(Write(a_, ""), ZX_OK);
  EXPECT_EQ(SignalsOf(b_), ZX_CHANNEL_WRITABLE | ZX_CHANNEL_READABLE);
  EXPECT_EQ(Read(b_), ZX_OK);
  EXPECT_EQ(Text(), "one");
  EXPECT_EQ(SignalsOf(b_), ZX_CHANNEL_WRITABLE | ZX_CHANNEL_READABLE);
  EXPECT_EQ(Read(b_), ZX_OK);
  EXPECT_EQ(Text(), "");
  EXPECT_EQ(SignalsOf(b_), ZX_CHANNEL_WRITABLE);
  EXPECT_EQ(Read(b_), ZX_ERR_SHOULD_WAIT);
}

TEST_F(ChannelCallsTest, HandlesMoveWithTheirRightsAndTheOldNumberIsDead) {
  const zx_handle_t event = Without(NewEvent(), ZX_RIGHT_SIGNAL);
  EXPECT_EQ(Write(a_, "x", {event}), ZX_OK);
  EXPECT_FALSE(Exists(event));
  EXPECT_EQ(Read(b_), ZX_OK);
  EXPECT_EQ(Get<uint32_t>(sizes_ + 4), 1u);
  const zx_handle_t arrived = Get<zx_handle_t>(buffer_ + 32);
  EXPECT_EQ(RightsOf(arrived), ZX_DEFAULT_EVENT_RIGHTS & ~ZX_RIGHT_SIGNAL);
}

TEST_F(ChannelCallsTest, AMessageThatDoesNotFitStaysUnlessItMayBeDiscarded) {
  EXPECT_EQ(Write(a_, "four", {NewEvent()}), ZX_OK);
  EXPECT_EQ(Read(b_, 3, 8), ZX_ERR_BUFFER_TOO_SMALL);
  EXPECT_EQ(Get<uint32_t>(sizes_), 4u);
  EXPECT_EQ(Get<uint32_t>(sizes_ + 4), 1u);
  EXPECT_EQ(Read(b_, 4, 0), ZX_ERR_BUFFER_TOO_SMALL);
  EXPECT_EQ(Read(b_, 4, 1, 2), ZX_ERR_NOT_SUPPORTED);
  EXPECT_EQ(Read(b_, 4, 0, ZX_CHANNEL_READ_MAY_DISCARD), ZX_ERR_BUFFER_TOO_SMALL);
  EXPECT_EQ(Read(b_, 4, 1), ZX_ERR_SHOULD_WAIT) << "it is gone now";
}

TEST_F(ChannelCallsTest, AFailedWriteConsumesItsHandles) {
  const auto consumed = [&](auto&& write, int64_t status) {
    Events events;
    const zx_handle_t event = NewEvent(&events);
    EXPECT_EQ(write(event), status);
    EXPECT_EQ(events.destroyed, 1);
  };
  consumed([&](zx_handle_t h) { return Write(Without(a_, ZX_RIGHT_WRITE), "x", {h}); }, ZX_ERR_ACCESS_DENIED);
  consumed([&](zx_handle_t h) { return Write(uint32_t{3}, "x", {h}); }, ZX_ERR_BAD_HANDLE);
  consumed([&](zx_handle_t h) { return Write(a_, "x", {h, h}); }, ZX_ERR_BAD_HANDLE);
  consumed([&](zx_handle_t h) { return Write(a_, "x", {h, 3}); }, ZX_ERR_BAD_HANDLE);
  consumed([&](zx_handle_t h) { return Call(Syscall::channel_write, a_, 4u, kNull, 0u, Put(h), 1u); },
           ZX_ERR_INVALID_ARGS);
  consumed([&](zx_handle_t h) { return Call(Syscall::channel_write, a_, 0u, kBadAddress, 1u, Put(h), 1u); },
           ZX_ERR_INVALID_ARGS);
  consumed([&](zx_handle_t h) { return Call(Syscall::channel_write, a_, 0u, buffer_, 65537u, Put(h), 1u); },
           ZX_ERR_OUT_OF_RANGE);
  const zx_handle_t fixed = Without(NewEvent(), ZX_RIGHT_TRANSFER);
  consumed([&](zx_handle_t h) { return Write(a_, "x", {fixed, h}); }, ZX_ERR_ACCESS_DENIED);
  EXPECT_FALSE(Exists(fixed));
  Call(Syscall::handle_close, b_);
  consumed([&](zx_handle_t h) { return Write(a_, "x", {h}); }, ZX_ERR_PEER_CLOSED);
}

TEST_F(ChannelCallsTest, TheLimitsAre64KiBAnd64Handles) {
  const VirtualAddress big = MapMemory(ZX_VM_PERM_READ | ZX_VM_PERM_WRITE, 17 * base::kPageSize);
  EXPECT_EQ(Call(Syscall::channel_write, a_, 0u, big, 65536u, kNull, 0u), ZX_OK);
  EXPECT_EQ(Call(Syscall::channel_read, b_, 0u, big, kNull, 65536u, 0u, sizes_, kNull), ZX_OK);
  std::array<zx_handle_t, 65> handles{};
  for (zx_handle_t& handle : handles) {
    handle = NewEvent();
  }
  EXPECT_EQ(Call(Syscall::channel_write, a_, 0u, kNull, 0u, Put(handles), 64u), ZX_OK);
  EXPECT_EQ(Call(Syscall::channel_read, b_, 0u, kNull, big, 0u, 64u, kNull, sizes_), ZX_OK);
  EXPECT_EQ(Get<uint32_t>(sizes_), 64u);
  for (size_t i = 0; i < 64; ++i) {
    handles[i] = Get<zx_handle_t>(big + 4 * i);
    EXPECT_TRUE(Exists(handles[i]));
  }
  EXPECT_EQ(Call(Syscall::channel_write, a_, 0u, kNull, 0u, Put(handles), 65u), ZX_ERR_OUT_OF_RANGE);
  EXPECT_FALSE(Exists(handles[64])) << "all of them, even of too many";
}

TEST_F(ChannelCallsTest, AnEndCannotBeSentThroughItselfButThroughItsPeer) {
  const RefPtr<ChannelDispatcher> inside_itself = DownCast<ChannelDispatcher>(process_->handles().Find(b_)->object());
  EXPECT_EQ(Write(a_, "", {b_}), ZX_OK);
  EXPECT_TRUE(inside_itself->Read()) << "only the kernel can still get at it";
  const VirtualAddress ends = Put(std::array<zx_handle_t, 2>{});
  EXPECT_EQ(Call(Syscall::channel_create, 0u, ends, ends + 4), ZX_OK);
  const zx_handle_t first = Get<zx_handle_t>(ends);
  EXPECT_EQ(Write(first, "", {first}), ZX_ERR_NOT_SUPPORTED);
  EXPECT_FALSE(Exists(first));
}

TEST_F(ChannelCallsTest, AfterThePeerHasGoneWhatItWroteCanStillBeRead) {
  EXPECT_EQ(Write(a_, "last"), ZX_OK);
  EXPECT_EQ(Call(Syscall::handle_close, a_), ZX_OK);
  EXPECT_EQ(SignalsOf(b_), ZX_CHANNEL_READABLE | ZX_CHANNEL_PEER_CLOSED);
  EXPECT_EQ(Read(b_), ZX_OK);
  EXPECT_EQ(Text(), "last");
  EXPECT_EQ(Read(b_), ZX_ERR_PEER_CLOSED);
  EXPECT_EQ(Call(Syscall::object_signal_peer, b_, 0u, ZX_USER_SIGNAL_0), ZX_ERR_PEER_CLOSED);
}

TEST_F(ChannelCallsTest, ClosingAnEndClosesTheHandlesThatNobodyRead) {
  Events events;
  EXPECT_EQ(Write(a_, "", {NewEvent(&events)}), ZX_OK);
  EXPECT_EQ(events.destroyed, 0);
  EXPECT_EQ(Call(Syscall::handle_close, b_), ZX_OK);
  EXPECT_EQ(events.destroyed, 1);
}

TEST_F(ChannelCallsTest, ALongChainOfChannelsInsideEachOtherEnds) {
  for (int i = 0; i < 20'000; ++i) {  // each new channel carries the end of the one before
    ChannelDispatcher::Ends ends = *ChannelDispatcher::Create();
    const zx_handle_t outer = Add(ends.second, ZX_DEFAULT_CHANNEL_RIGHTS);
    const Handle writer(ends.first, ZX_DEFAULT_CHANNEL_RIGHTS);
    MessagePtr message = Message::Create(0, 2).value();
    message->Append(process_->handles().Remove(b_));
    message->Append(Handle(ends.first, ZX_DEFAULT_CHANNEL_RIGHTS));
    EXPECT_TRUE(ends.first->Write(std::move(message)).ok());
    b_ = outer;
  }
  EXPECT_EQ(Call(Syscall::handle_close, b_), ZX_OK);
  EXPECT_EQ(SignalsOf(a_), ZX_CHANNEL_PEER_CLOSED) << "the first one, deep inside, was closed";
}

TEST_F(ChannelCallsTest, AFullChannelMakesItsWriterWait) {
  for (uint32_t i = 0; i < ChannelDispatcher::kMaxPendingMessages; ++i) {
    ASSERT_EQ(Call(Syscall::channel_write, a_, 0u, kNull, 0u, kNull, 0u), ZX_OK);
  }
  EXPECT_EQ(Call(Syscall::channel_write, a_, 0u, kNull, 0u, kNull, 0u), ZX_ERR_SHOULD_WAIT);
  EXPECT_EQ(Read(b_), ZX_OK);
  EXPECT_EQ(Call(Syscall::channel_write, a_, 0u, kNull, 0u, kNull, 0u), ZX_OK);
}

TEST_F(ChannelCallsTest, ReadingToBadMemoryLosesTheMessageButLeaksNothing) {
  Events events;
  EXPECT_EQ(Write(a_, "", {NewEvent(&events)}), ZX_OK);
  const uint32_t before = process_->handles().count();
  EXPECT_EQ(Call(Syscall::channel_read, b_, 0u, buffer_, kBadAddress, 8u, 8u, kNull, kNull), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(process_->handles().count(), before);
  EXPECT_EQ(events.destroyed, 1);
  EXPECT_EQ(Read(b_), ZX_ERR_SHOULD_WAIT);
}

TEST_F(ChannelCallsTest, WriteEtcMovesOrDuplicatesWithCheckedTypeAndFewerRights) {
  const zx_handle_t moved = NewEvent();
  const zx_handle_t kept = NewEvent();
  const std::array<zx_handle_disposition_t, 2> dispositions = {
      zx_handle_disposition_t{ZX_HANDLE_OP_MOVE, moved, ZX_OBJ_TYPE_EVENT, ZX_RIGHT_WAIT, 99},
      zx_handle_disposition_t{ZX_HANDLE_OP_DUPLICATE, kept, ZX_OBJ_TYPE_NONE, ZX_RIGHT_SAME_RIGHTS, 99}};
  EXPECT_EQ(Call(Syscall::channel_write_etc, a_, 0u, kNull, 0u, Put(dispositions), 2u), ZX_OK);
  EXPECT_FALSE(Exists(moved));
  EXPECT_TRUE(Exists(kept));
  const VirtualAddress infos = Put(std::array<zx_handle_info_t, 2>{});
  EXPECT_EQ(Call(Syscall::channel_read_etc, b_, 0u, kNull, infos, 0u, 2u, kNull, kNull), ZX_OK);
  const auto info = Get<std::array<zx_handle_info_t, 2>>(infos);
  EXPECT_EQ(info[0].rights, ZX_RIGHT_WAIT);
  EXPECT_EQ(info[0].type, ZX_OBJ_TYPE_EVENT);
  EXPECT_EQ(info[1].rights, ZX_DEFAULT_EVENT_RIGHTS);
  EXPECT_EQ(RightsOf(info[1].handle), ZX_DEFAULT_EVENT_RIGHTS);
}

TEST_F(ChannelCallsTest, WriteEtcTellsWhichHandleFailedAndKeepsThoseThatWereToBeDuplicated) {
  const zx_handle_t good = NewEvent();
  const zx_handle_t kept = NewEvent();
  const zx_handle_t greedy = Without(NewEvent(), ZX_RIGHT_SIGNAL);
  const std::array<zx_handle_disposition_t, 5> dispositions = {
      zx_handle_disposition_t{ZX_HANDLE_OP_MOVE, good, 0, ZX_RIGHT_SAME_RIGHTS, 99},
      zx_handle_disposition_t{ZX_HANDLE_OP_DUPLICATE, kept, ZX_OBJ_TYPE_PORT, ZX_RIGHT_SAME_RIGHTS, 99},
      zx_handle_disposition_t{7, kept, 0, ZX_RIGHT_SAME_RIGHTS, 99},
      zx_handle_disposition_t{ZX_HANDLE_OP_MOVE, greedy, 0, ZX_RIGHT_SIGNAL, 99},
      zx_handle_disposition_t{ZX_HANDLE_OP_DUPLICATE, a_, 0, ZX_RIGHT_SAME_RIGHTS, 99}};
  const VirtualAddress at = Put(dispositions);
  EXPECT_EQ(Call(Syscall::channel_write_etc, a_, 0u, kNull, 0u, at, 5u), ZX_ERR_WRONG_TYPE);
  const auto results = Get<std::array<zx_handle_disposition_t, 5>>(at);
  EXPECT_EQ(results[0].result, ZX_OK);
  EXPECT_EQ(results[1].result, ZX_ERR_WRONG_TYPE);
  EXPECT_EQ(results[2].result, ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(results[3].result, ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(results[4].result, ZX_ERR_NOT_SUPPORTED);
  EXPECT_FALSE(Exists(good));
  EXPECT_FALSE(Exists(greedy));
  EXPECT_TRUE(Exists(kept));
  EXPECT_EQ(Read(b_), ZX_ERR_SHOULD_WAIT);
}

class ChannelCallTest : public ChannelCallsTest {
 protected:
  void StartCall(zx_time_t deadline, uint32_t request_bytes = 8, uint32_t reply_bytes = 32) {
    zx_channel_call_args_t args{};
    args.wr_bytes = reinterpret_cast<const void*>(PutText("....ping"));
    args.wr_num_bytes = request_bytes;
    args.rd_bytes = reinterpret_cast<void*>(reply_ = Put(std::array<char, 32>{}));
    args.rd_num_bytes = reply_bytes;
    const VirtualAddress at = Put(args);
    StartThread(
        [this, at, deadline] { result_ = CallHere(Syscall::channel_call, a_, 0u, deadline, at, sizes_, sizes_ + 4); });
    RunUntilIdle();
  }
  VirtualAddress reply_ = 0;
  int64_t result_ = 1;
};

TEST_F(ChannelCallTest, TheAnswerIsTheMessageWithTheQuestionsNumber) {
  StartCall(ZX_TIME_INFINITE);
  EXPECT_EQ(Read(b_), ZX_OK);
  const std::string question = Text();
  EXPECT_EQ(question.substr(4), "ping");
  EXPECT_NE(Get<zx_txid_t>(buffer_) & 0x80000000u, 0u);
  EXPECT_EQ(Write(b_, "unrelated"), ZX_OK);
  RunUntilIdle();
  EXPECT_EQ(result_, 1);
  EXPECT_EQ(Write(b_, question.substr(0, 4) + "pong!"), ZX_OK);
  RunUntilIdle();
  EXPECT_EQ(result_, ZX_OK);
  EXPECT_EQ(Get<uint32_t>(sizes_), 9u);
  EXPECT_EQ(Get<char>(reply_ + 8), '!');
  EXPECT_EQ(Read(a_), ZX_OK);
  EXPECT_EQ(Text(), "unrelated");
}

TEST_F(ChannelCallTest, EndsWithTheDeadlineThePeerOrItsOwnHandle) {
  StartCall(CurrentTime() + 10);
  AdvanceTime(10);
  RunUntilIdle();
  EXPECT_EQ(result_, ZX_ERR_TIMED_OUT);
  StartCall(ZX_TIME_INFINITE);
  EXPECT_EQ(Call(Syscall::handle_close, b_), ZX_OK);
  RunUntilIdle();
  EXPECT_EQ(result_, ZX_ERR_PEER_CLOSED);
  StartCall(ZX_TIME_INFINITE);
  EXPECT_EQ(result_, ZX_ERR_PEER_CLOSED);
}

TEST_F(ChannelCallTest, ClosingTheCallersHandleCancels) {
  StartCall(ZX_TIME_INFINITE);
  EXPECT_EQ(Call(Syscall::handle_close, a_), ZX_OK);
  RunUntilIdle();
  EXPECT_EQ(result_, ZX_ERR_CANCELED);
}

TEST_F(ChannelCallTest, AQuestionNeedsRoomForItsNumberAndAnAnswerRoomForItself) {
  StartCall(ZX_TIME_INFINITE, 3);
  EXPECT_EQ(result_, ZX_ERR_INVALID_ARGS);
  StartCall(ZX_TIME_INFINITE, 8, 4);
  EXPECT_EQ(Read(b_), ZX_OK);
  EXPECT_EQ(Write(b_, Text()), ZX_OK);
  RunUntilIdle();
  EXPECT_EQ(result_, ZX_ERR_BUFFER_TOO_SMALL);
  EXPECT_EQ(Get<uint32_t>(sizes_), 8u);
  EXPECT_EQ(Read(a_), ZX_ERR_SHOULD_WAIT) << "the answer is gone";
}

}  // namespace
}  // namespace gk
