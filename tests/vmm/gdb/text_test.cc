#include "vmm/gdb/text.h"

#include <gtest/gtest.h>

#include <string>

namespace vmm::gdb {
namespace {

TEST(Hex, IsWrittenInLowerCase) {
  EXPECT_EQ(HexNumber(0), "0");
  EXPECT_EQ(HexNumber(0xABC), "abc");
  EXPECT_EQ(HexNumber(UINT64_MAX), "ffffffffffffffff");
  EXPECT_EQ(HexText(std::string_view("\0\x7f\xff", 3)), "007fff");
}

TEST(Hex, IsReadInBothCases) {
  const auto bytes = BytesOfHex("00aBFf");
  ASSERT_TRUE(bytes.has_value());
  EXPECT_EQ(*bytes, (std::vector{std::byte{0}, std::byte{0xab}, std::byte{0xff}}));
  EXPECT_TRUE(BytesOfHex("").value().empty());
}

TEST(Hex, IsRefusedWhenItIsNone) {
  for (const char* text : {"0", "0g", "g0", " 0", "0x", "123", "`0", "@0", "/0", ":0", "\xff\xff"}) {
    EXPECT_FALSE(BytesOfHex(text).has_value()) << text;
  }
}

TEST(EscapeBinary, EscapesWhatFramesUse) {
  const Escaped escaped = EscapeBinary("a#$}*\x03", 100);
  EXPECT_EQ(escaped.text, "a}\x03}\x04}]}\x0a\x03");
  EXPECT_EQ(escaped.consumed, 6u);
}

TEST(EscapeBinary, StopsBeforeTheLimitAndNeverWithinAnEscape) {
  EXPECT_EQ(EscapeBinary("ab#", 3).text, "ab");
  EXPECT_EQ(EscapeBinary("ab#", 3).consumed, 2u);
  EXPECT_EQ(EscapeBinary("ab#", 4).consumed, 3u);
  EXPECT_EQ(EscapeBinary("abc", 0).consumed, 0u);
}

TEST(TextCursor, TakesNumbersOfAtMost64Bits) {
  TextCursor text("ffffffffffffffff,10000000000000000");
  EXPECT_EQ(text.TakeHex(), UINT64_MAX);
  EXPECT_TRUE(text.Skip(","));
  EXPECT_EQ(text.TakeHex(), std::nullopt);
}

TEST(TextCursor, TakesNoSignsPrefixesOrBlanks) {
  for (const char* number : {"", "-1", "+1", " 1", "x", ","}) {
    TextCursor text(number);
    EXPECT_EQ(text.TakeHex(), std::nullopt) << number;
    EXPECT_EQ(text.rest(), number);
  }
  TextCursor prefixed("0x1");
  EXPECT_EQ(prefixed.TakeHex(), 0u);
  EXPECT_EQ(prefixed.rest(), "x1");
}

TEST(TextCursor, TakesWordsUpToASeparator) {
  TextCursor text("a:b:");
  EXPECT_EQ(text.TakeUntil(':'), "a");
  EXPECT_EQ(text.TakeUntil(';'), "b:");
  EXPECT_EQ(text.TakeUntil(':'), "");
  EXPECT_TRUE(text.empty());
}

}  // namespace
}  // namespace vmm::gdb
