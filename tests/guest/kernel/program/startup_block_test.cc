#include "guest/kernel/program/startup_block.h"

#include <gtest/gtest.h>

#include <string>

namespace gk::program {
namespace {

std::span<const char> Bytes(const std::string& text) { return {text.data(), text.size()}; }

TEST(StringList, ExactlyAsManyTerminatedStringsAsAnnounced) {
  const std::string two("sha256sum\0f\0", 12);
  EXPECT_TRUE(IsStringList(Bytes(two), 2));
  EXPECT_FALSE(IsStringList(Bytes(two), 1));
  EXPECT_FALSE(IsStringList(Bytes(two), 3));
  EXPECT_TRUE(IsStringList(Bytes(std::string(1, '\0')), 1)) << "one empty string";
}

TEST(StringList, NothingOrAMissingTerminatorIsNoList) {
  EXPECT_FALSE(IsStringList({}, 0));
  EXPECT_FALSE(IsStringList({}, 1));
  EXPECT_FALSE(IsStringList(Bytes("abc"), 1));
  EXPECT_FALSE(IsStringList(Bytes(std::string("a\0b", 3)), 1));
}

TEST(StringList, TheFirstStringEndsAtItsTerminator) {
  const std::string two("hello\0x\0", 8);
  const std::span<const char> first = FirstString(Bytes(two));
  EXPECT_EQ(std::string(first.begin(), first.end()), "hello");
  EXPECT_TRUE(FirstString({}).empty());
}

}  // namespace
}  // namespace gk::program
