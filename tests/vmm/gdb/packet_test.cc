#include "vmm/gdb/packet.h"

#include <gtest/gtest.h>

#include <span>
#include <string>
#include <vector>

namespace vmm::gdb {
namespace {

using Kind = PacketItem::Kind;

std::vector<PacketItem> Read(PacketReader& reader, std::string_view bytes) {
  reader.Append(std::as_bytes(std::span(bytes)));
  std::vector<PacketItem> items;
  while (auto item = reader.Next()) {
    items.push_back(std::move(*item));
  }
  return items;
}

std::vector<PacketItem> Read(std::string_view bytes) {
  PacketReader reader;
  return Read(reader, bytes);
}

std::vector<Kind> KindsOf(std::string_view bytes) {
  std::vector<Kind> kinds;
  for (const PacketItem& item : Read(bytes)) {
    kinds.push_back(item.kind);
  }
  return kinds;
}

std::string PayloadOf(std::string_view frame) {
  const auto items = Read(frame);
  return items.size() == 1 && items[0].kind == Kind::kPacket ? items[0].payload : "(no packet)";
}

TEST(FramePacket, AppendsTheSumOfTheBytes) {
  EXPECT_EQ(FramePacket(""), "$#00");
  EXPECT_EQ(FramePacket("OK"), "$OK#9a");
  EXPECT_EQ(FramePacket("\xff\x02"), "$\xff\x02#01");
}

TEST(PacketReader, ReadsWhatWasFramed) {
  EXPECT_EQ(PayloadOf(FramePacket("qSupported:swbreak+")), "qSupported:swbreak+");
  EXPECT_EQ(PayloadOf("$#00"), "");
  EXPECT_EQ(PayloadOf("$m0,a#5A"), "(no packet)");
  EXPECT_EQ(PayloadOf("$mo#DC"), "mo") << "checksums may be in capitals";
}

TEST(PacketReader, ReadsAPacketThatComesByteByByte) {
  PacketReader reader;
  const std::string frame = FramePacket("vCont;c");
  for (size_t i = 0; i + 1 < frame.size(); ++i) {
    EXPECT_TRUE(Read(reader, frame.substr(i, 1)).empty());
  }
  const auto items = Read(reader, frame.substr(frame.size() - 1));
  ASSERT_EQ(items.size(), 1u);
  EXPECT_EQ(items[0].payload, "vCont;c");
}

TEST(PacketReader, ReadsSeveralPacketsFromOnePortion) {
  const auto items = Read("+" + FramePacket("g") + "+" + FramePacket("?") + "-");
  ASSERT_EQ(items.size(), 5u);
  EXPECT_EQ(items[1].payload, "g");
  EXPECT_EQ(items[3].payload, "?");
  EXPECT_EQ(items[4].kind, Kind::kNak);
}

TEST(PacketReader, UndoesEscapes) { EXPECT_EQ(PayloadOf(FramePacket("X0,4:}\x03}\x04}]}\x0a")), "X0,4:#$}*"); }

TEST(PacketReader, UndoesRunLengths) {
  EXPECT_EQ(PayloadOf(FramePacket("0* ")), "0000");
  EXPECT_EQ(PayloadOf(FramePacket("a*~b")), std::string(98, 'a') + "b");
}

TEST(PacketReader, FindsNonsensicalEncodingsUnusable) {
  for (const char* payload : {"*!", "a*", "a*\x1f", "a*\x7f", "a}", "}"}) {
    EXPECT_EQ(KindsOf(FramePacket(payload)), std::vector{Kind::kUnusable}) << payload;
  }
}

TEST(PacketReader, ReportsAWrongChecksum) {
  for (const char* bytes : {"$g#00", "$g#6", "$g#zz", "$g#6z"}) {
    PacketReader reader;
    std::vector<PacketItem> items = Read(reader, bytes);
    if (items.empty()) {
      items = Read(reader, "!");
    }
    ASSERT_EQ(items.size(), 1u) << bytes;
    EXPECT_EQ(items[0].kind, Kind::kDamaged) << bytes;
    EXPECT_EQ(Read(reader, "$?#3f").size(), 1u) << "the next packet is read again";
  }
}

TEST(PacketReader, StartsAgainAtEveryDollar) {
  EXPECT_EQ(PayloadOf("$half a pack$?#3f"), "?");
  EXPECT_EQ(PayloadOf("$lost end#$?#3f"), "?");
  EXPECT_EQ(PayloadOf("$lost end#1$?#3f"), "?");
  EXPECT_EQ(PayloadOf("$escape}$?#3f"), "?");
  EXPECT_EQ(PayloadOf("$run*$?#3f"), "?");
}

TEST(PacketReader, TakesControlCOutsideOfAPacketOnly) {
  EXPECT_EQ(KindsOf("\x03"), std::vector{Kind::kInterrupt});
  EXPECT_EQ(KindsOf("\x03$g#67\x03"), (std::vector{Kind::kInterrupt, Kind::kPacket, Kind::kInterrupt}));
  EXPECT_EQ(PayloadOf(FramePacket("X0,1:\x03")), "X0,1:\x03");
}

TEST(PacketReader, IgnoresNoiseBetweenPackets) { EXPECT_EQ(PayloadOf("GET / HTTP/1.1\r\n\r\n#12$g#67\r\n"), "g"); }

TEST(PacketReader, FindsTooLongPacketsUnusableAndGoesOn) {
  EXPECT_EQ(PayloadOf(FramePacket(std::string(kMaxPayload, 'x'))).size(), kMaxPayload);
  EXPECT_EQ(KindsOf(FramePacket(std::string(kMaxPayload + 1, 'x')) + "$g#67"),
            (std::vector{Kind::kUnusable, Kind::kPacket}));
  std::string bomb = "0";
  for (size_t i = 0; i < kMaxPayload / 32; ++i) {
    bomb += "*~";
  }
  EXPECT_EQ(KindsOf(FramePacket(bomb) + "$g#67"), (std::vector{Kind::kUnusable, Kind::kPacket}));
}

TEST(PacketReader, KeepsNothingOfAnEndlessPacket) {
  PacketReader reader;
  EXPECT_TRUE(Read(reader, "$").empty());
  for (int i = 0; i < 8; ++i) {
    EXPECT_TRUE(Read(reader, std::string(kMaxPayload, 'x')).empty());
    EXPECT_EQ(reader.unread(), 0u);
  }
}

}  // namespace
}  // namespace vmm::gdb
