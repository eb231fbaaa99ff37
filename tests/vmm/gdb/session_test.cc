// Who stops, who runs, and what becomes of the guest when the client comes and goes.
#include "vmm/gdb/session.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "tests/vmm/gdb/support/session_client.h"

namespace gdb_test {
namespace {

using Calls = std::vector<std::string>;

class SessionTest : public testing::Test {
 protected:
  std::string Ask(std::string_view payload) { return client_->Ask(payload); }
  void Disconnect() { client_.reset(); }

  FakeTarget target_;
  std::optional<SessionClient> client_{std::in_place, target_};
};

constexpr const char* kRunning = "E0b";  // EAGAIN

TEST_F(SessionTest, StopsARunningGuestAtTheFirstPacket) {
  target_.Run();
  EXPECT_EQ(Ask("?").substr(0, 12), "T02thread:1;");
  EXPECT_EQ(target_.calls(), (Calls{"attached", "interrupt"}));
}

TEST_F(SessionTest, LeavesTheGuestAloneUntilThereIsAPacket) {
  target_.Run();
  EXPECT_EQ(client_->Send("GET / HTTP/1.1\r\n\r\n+\x03-$g#00"), "-");
  Disconnect();
  EXPECT_EQ(target_.calls(), Calls{});
  EXPECT_FALSE(target_.stop().has_value());
}

TEST_F(SessionTest, DoesNotInterruptAGuestThatStands) {
  EXPECT_EQ(Ask("?").substr(0, 3), "T05");
  EXPECT_EQ(target_.calls(), Calls{"attached"});
}

TEST_F(SessionTest, LetsPacketsWaitUntilTheGuestStands) {
  target_.Run();
  target_.interrupt_is_slow = true;
  EXPECT_EQ(client_->Send("$?#3f$qC#b4"), "+");
  target_.FinishInterrupt();
  const auto answers = SessionClient::PayloadsOf(client_->Settle());
  ASSERT_EQ(answers.size(), 2u);
  EXPECT_EQ(answers[0].substr(0, 3), "T02");
  EXPECT_EQ(answers[1], "QC1");
}

TEST_F(SessionTest, ToldToGoOnAnswersWithTheNextStop) {
  target_.program.spin_at = 0x1100;
  EXPECT_EQ(Ask("vCont;c"), "(none)");
  target_.StopWith(gdb::ThreadStop{.thread = 2, .signal = gdb::Signal::kSegv});
  EXPECT_EQ(SessionClient::PayloadsOf(client_->Settle()).at(0).substr(0, 19), "T0bthread:2;core:1;");
  EXPECT_EQ(Ask("qC"), "QC2") << "the thread of the stop is selected";
}

TEST_F(SessionTest, InterruptsOnControlC) {
  target_.program.spin_at = 0x1100;
  EXPECT_EQ(Ask("vCont;c"), "(none)");
  EXPECT_EQ(SessionClient::PayloadsOf(client_->Send("\x03")).at(0).substr(0, 3), "T02");
}

TEST_F(SessionTest, IgnoresControlCThatComesTooLate) {
  EXPECT_EQ(Ask("vCont;s:1").substr(0, 3), "T05");
  EXPECT_EQ(client_->Send("\x03"), "");
  EXPECT_EQ(target_.calls(), (Calls{"attached", "resume"}));
}

TEST_F(SessionTest, TakesControlCWithinAPacketForData) {
  target_.AddMemory(gdb::AddressSpace::kVirtual, 0x2000, std::string(16, 'x'));
  EXPECT_EQ(Ask("X2000,2:\x03\x03"), "OK");
  EXPECT_EQ(target_.MemoryAt(gdb::AddressSpace::kVirtual, 0x2000, 3), "\x03\x03x");
}

TEST_F(SessionTest, AnswersPacketsWithAnErrorWhileTheGuestRuns) {
  EXPECT_EQ(Ask("c"), "(none)");
  for (const char* packet : {"g", "m0,1", "?", "vCont;c", "qSupported", "Z0,0,1", "qRcmd,68656c70", "nonsense"}) {
    EXPECT_EQ(Ask(packet), kRunning) << packet;
  }
  EXPECT_EQ(SessionClient::PayloadsOf(client_->Send("\x03")).at(0).substr(0, 3), "T02");
  EXPECT_EQ(Ask("qC"), "QC1");
}

TEST_F(SessionTest, AnswersUnusablePacketsWithAnError) {
  EXPECT_EQ(Ask("*!"), "E16");
  EXPECT_EQ(Ask(std::string(gdb::kMaxPayload + 1, 'm')), "E16");
  EXPECT_EQ(Ask("qC"), "QC1");
}

TEST_F(SessionTest, AnswersUnknownPacketsWithNothing) {
  for (const char* packet :
       {"", "!", "R00", "vMustReplyEmpty", "vRun;x", "vAttach;1", "qNothing", "QNonStop:1", "jThreadsInfo", "\xff"}) {
    EXPECT_EQ(Ask(packet), "") << packet;
  }
}

TEST_F(SessionTest, StopsAcknowledgingWhenAsked) {
  EXPECT_EQ(client_->Send(gdb::FramePacket("QStartNoAckMode")), "+$OK#9a");
  EXPECT_EQ(client_->Send("+" + gdb::FramePacket("qC")), gdb::FramePacket("QC1"));
}

TEST_F(SessionTest, DetachedLeavesTheGuestRunningWithoutPoints) {
  EXPECT_EQ(Ask("Z0,1000,1"), "OK");
  EXPECT_EQ(Ask("D"), "OK");
  EXPECT_TRUE(client_->session.finished());
  EXPECT_EQ(target_.calls(), (Calls{"attached", "points removed", "resume", "gone"}));
  EXPECT_EQ(target_.actions().size(), 2u);
  EXPECT_TRUE(target_.points().empty());
  Disconnect();
  EXPECT_EQ(target_.calls().back(), "gone");
  EXPECT_EQ(target_.calls().size(), 4u) << "told once";
}

TEST_F(SessionTest, DetachesFromARunningGuest) {
  EXPECT_EQ(Ask("c"), "(none)");
  EXPECT_EQ(Ask("D;1"), "OK");
  EXPECT_FALSE(target_.stop().has_value());
}

TEST_F(SessionTest, DetachesFromAGuestThatHasEnded) {
  target_.StopWith(gdb::GuestExited{.code = 3});
  EXPECT_EQ(Ask("D"), "OK");
  EXPECT_EQ(target_.calls(), (Calls{"attached", "points removed", "gone"}));
}

TEST_F(SessionTest, LostWhileTheGuestStandsLeavesItStanding) {
  EXPECT_EQ(Ask("Z0,1000,1"), "OK");
  Disconnect();
  EXPECT_TRUE(target_.stop().has_value());
  EXPECT_EQ(target_.calls(), (Calls{"attached", "points removed", "gone"}));
}

TEST_F(SessionTest, LostWhileTheGuestRunsLeavesItRunning) {
  target_.program.spin_at = 0x1100;
  EXPECT_EQ(Ask("Z0,9000,1"), "OK");
  EXPECT_EQ(Ask("c"), "(none)");
  Disconnect();
  EXPECT_FALSE(target_.stop().has_value());
  EXPECT_TRUE(target_.points().empty());
}

TEST_F(SessionTest, LostWithinAPacketLeavesTheGuestAsItIs) {
  target_.AddMemory(gdb::AddressSpace::kVirtual, 0x2000, "xxxx");
  EXPECT_EQ(Ask("?").substr(0, 3), "T05");
  EXPECT_EQ(client_->Send("$M2000,4:41414141#"), "");
  Disconnect();
  EXPECT_EQ(target_.MemoryAt(gdb::AddressSpace::kVirtual, 0x2000, 4), "xxxx");
  EXPECT_TRUE(target_.stop().has_value());
}

TEST_F(SessionTest, FollowedByASecondClientStartsAfresh) {
  EXPECT_EQ(Ask("qRcmd,70687973206f6e").substr(0, 1), "(");  // monitor phys on: text and OK
  EXPECT_EQ(Ask("QStartNoAckMode"), "OK");
  EXPECT_EQ(Ask("Hg2"), "OK");
  Disconnect();
  client_.emplace(target_);
  EXPECT_EQ(client_->Send(gdb::FramePacket("qC")), "+" + gdb::FramePacket("QC1"));
}

TEST_F(SessionTest, KillsTheGuest) {
  EXPECT_EQ(Ask("k"), "(none)");
  EXPECT_EQ(target_.calls(), (Calls{"attached", "killed", "gone"}));
  EXPECT_TRUE(client_->session.finished());
}

TEST_F(SessionTest, KilledByLldbSaysSo) {
  static_cast<void>(Ask("qHostInfo"));
  EXPECT_EQ(Ask("k"), "X09");
  EXPECT_TRUE(client_->session.finished());
  EXPECT_EQ(target_.calls(), (Calls{"attached", "killed", "gone"}));
}

TEST_F(SessionTest, KillsARunningGuestWithAnAnswer) {
  EXPECT_EQ(Ask("c"), "(none)");
  EXPECT_EQ(Ask("vKill;a410"), "OK");
  EXPECT_EQ(target_.calls(), (Calls{"attached", "resume", "killed", "gone"}));
}

TEST_F(SessionTest, ReportsTheEndOfTheGuest) {
  EXPECT_EQ(Ask("c"), "(none)");
  target_.StopWith(gdb::GuestExited{.code = 0x8b});
  EXPECT_EQ(SessionClient::PayloadsOf(client_->Settle()), Calls{"W8b"});
  EXPECT_EQ(Ask("?"), "W8b");
  EXPECT_EQ(Ask("qfThreadInfo"), "l");
  EXPECT_EQ(Ask("g"), "E03");
  target_.StopWith(gdb::GuestTerminated{.signal = gdb::Signal::kAbrt});
  EXPECT_EQ(Ask("?"), "X06");
}

TEST_F(SessionTest, StaysStoppedWhenTheTargetCannotResume) {
  EXPECT_EQ(Ask("vCont;c:9"), "E03");
  EXPECT_EQ(Ask("qC"), "QC1");
}

// A client that never reads must not make us compute, let alone keep, its answers.
TEST_F(SessionTest, HandlesNothingWhileThereIsOutput) {
  std::string flood;
  for (int i = 0; i < 1000; ++i) {
    flood += gdb::FramePacket("g");
  }
  client_->session.Receive(std::as_bytes(std::span(flood)));
  client_->session.Work();
  client_->session.Work();
  EXPECT_EQ(SessionClient::PayloadsOf(client_->session.TakeOutput()).size(), 1u);
  EXPECT_GT(client_->session.unread(), flood.size() / 2);
}

}  // namespace
}  // namespace gdb_test
