#include "vmm/cli/values.h"

#include <gtest/gtest.h>

namespace vmm {
namespace {

using std::chrono::milliseconds;

TEST(ParseSize, AcceptsBytesAndBinaryUnits) {
  EXPECT_EQ(ParseSize("4096").value(), 4096u);
  EXPECT_EQ(ParseSize("65536K").value(), 64u << 20);
  EXPECT_EQ(ParseSize("64M").value(), 64u << 20);
  EXPECT_EQ(ParseSize("1G").value(), 1u << 30);
  EXPECT_EQ(ParseSize("2g").value(), uint64_t{2} << 30);
  EXPECT_EQ(ParseSize("0").value(), 0u);
}

TEST(ParseSize, RefusesWhatIsNoSize) {
  for (const char* text : {"", "M", "12Q", "12MB", "-1", "+1", " 1", "1 ", "1.5G", "0x10", "99999999999999999999"}) {
    const auto result = ParseSize(text);
    ASSERT_FALSE(result.ok()) << text;
    EXPECT_EQ(result.error().exit_code(), kExitBadInput);
  }
}

TEST(ParseSize, RefusesSizesThatOverflow) {
  EXPECT_EQ(ParseSize("17179869183G").value(), 17179869183u << 30);
  EXPECT_FALSE(ParseSize("17179869184G").ok());
}

TEST(ParseDuration, AcceptsSecondsByDefaultAndOtherUnits) {
  EXPECT_EQ(ParseDuration("10").value(), milliseconds(10'000));
  EXPECT_EQ(ParseDuration("10s").value(), milliseconds(10'000));
  EXPECT_EQ(ParseDuration("500ms").value(), milliseconds(500));
  EXPECT_EQ(ParseDuration("2m").value(), milliseconds(120'000));
}

TEST(ParseDuration, RefusesWhatIsNoTime) {
  for (const char* text : {"", "s", "0", "0ms", "-1", "1h", "1.5", "1 s", "99999999999m", "99999999999999999999"}) {
    const auto result = ParseDuration(text);
    ASSERT_FALSE(result.ok()) << text;
    EXPECT_EQ(result.error().exit_code(), kExitBadInput);
  }
}

}  // namespace
}  // namespace vmm
