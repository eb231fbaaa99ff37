#include "vmm/gdb/link.h"

#include <gtest/gtest.h>

#include <span>
#include <string>

namespace vmm::gdb {
namespace {

class LinkTest : public testing::Test {
 protected:
  // The kind of the only request that these bytes make.
  std::optional<Request::Kind> Receive(std::string_view bytes) {
    link_.Receive(std::as_bytes(std::span(bytes)));
    const auto request = link_.Next();
    return request ? std::optional(request->kind) : std::nullopt;
  }

  Link link_;
};

TEST_F(LinkTest, AcknowledgesAPacketBeforeItsAnswer) {
  EXPECT_EQ(Receive("$g#67"), Request::Kind::kPacket);
  link_.Send("OK");
  EXPECT_EQ(link_.TakeOutput(), "+$OK#9a");
}

TEST_F(LinkTest, AsksForADamagedPacketAgain) {
  EXPECT_EQ(Receive("$g#00"), Request::Kind::kNothing);
  EXPECT_EQ(link_.TakeOutput(), "-");
}

TEST_F(LinkTest, SendsAgainWhatWasNotUnderstood) {
  link_.Send("a");
  link_.Send("b");
  static_cast<void>(link_.TakeOutput());
  EXPECT_EQ(Receive("-"), Request::Kind::kNothing);
  EXPECT_EQ(link_.TakeOutput(), "$a#61$b#62");
  EXPECT_EQ(Receive("+"), std::nullopt);
  EXPECT_EQ(Receive("-"), Request::Kind::kNothing);
  EXPECT_EQ(link_.TakeOutput(), "$b#62");
  EXPECT_EQ(Receive("++-"), Request::Kind::kNothing);
  EXPECT_EQ(link_.TakeOutput(), "");
}

TEST_F(LinkTest, KeepsLittleForAClientThatNeverAcknowledges) {
  for (int i = 0; i < 64; ++i) {
    link_.Send(std::string(kMaxPayload, 'x'));
    static_cast<void>(link_.TakeOutput());
  }
  EXPECT_EQ(Receive("-"), Request::Kind::kNothing);
  EXPECT_LE(link_.TakeOutput().size(), 4 * kMaxPayload);
}

TEST_F(LinkTest, NeitherSendsNorNeedsAcknowledgementsOnceTheyAreOff) {
  link_.StopAcks();
  EXPECT_EQ(Receive("$g#67"), Request::Kind::kPacket);
  link_.Send("OK");
  EXPECT_EQ(link_.TakeOutput(), "$OK#9a");
  EXPECT_EQ(Receive("-"), Request::Kind::kNothing);
  EXPECT_EQ(link_.TakeOutput(), "");
}

TEST_F(LinkTest, WantsADamagedPacketAnsweredWhenNobodyWillSendItAgain) {
  link_.StopAcks();
  EXPECT_EQ(Receive("$g#00"), Request::Kind::kUnusable);
  EXPECT_EQ(link_.TakeOutput(), "");
}

TEST_F(LinkTest, AcknowledgesWhatItCannotUse) {
  EXPECT_EQ(Receive(FramePacket("*!")), Request::Kind::kUnusable);
  EXPECT_EQ(link_.TakeOutput(), "+") << "to have it again would not help";
}

}  // namespace
}  // namespace vmm::gdb
