// Parsing of kernel options.
#include "guest/kernel/boot/options.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace gk {
namespace {

using namespace std::string_literals;

base::Result<KernelOptions, BadOption> Parse(const std::string& strings, uint32_t count) {
  return ParseOptions({strings.data(), strings.size()}, count);
}

std::string TextOf(const base::Result<KernelOptions, BadOption>& result) {
  return std::string(result.error().text.begin(), result.error().text.end());
}

TEST(KernelOptions, WithoutAnyTheDefaultsStand) {
  const auto options = Parse("", 0);
  ASSERT_TRUE(options.ok());
  EXPECT_EQ(options->api_policy, ApiPolicy::kDocumented);
  EXPECT_FALSE(options->seed.has_value());
  EXPECT_FALSE(options->crash.has_value());
}

TEST(KernelOptions, EachKeySetsItsOption) {
  const auto options = Parse(
      "compat=zircon\0seed=18446744073709551615\0set-aside=7\0pages-go-every=3\0"
      "enable-debugging-syscalls=true\0crash=stack-overflow\0"s,
      6);
  ASSERT_TRUE(options.ok());
  EXPECT_EQ(options->api_policy, ApiPolicy::kZircon);
  EXPECT_EQ(options->seed, UINT64_MAX);
  EXPECT_EQ(options->set_aside_pages, 7u);
  EXPECT_EQ(options->pages_go_every, 3u);
  EXPECT_TRUE(options->debugging_syscalls);
  EXPECT_EQ(options->crash, CrashKind::kStackOverflow);
}

TEST(KernelOptions, TheLastOfTwoCounts) {
  const auto options = Parse("seed=1\0seed=2\0"s, 2);
  ASSERT_TRUE(options.ok());
  EXPECT_EQ(options->seed, 2u);
}

TEST(KernelOptions, ABadOneIsNamedInTheError) {
  for (const char* bad : {"", "seed", "seed=", "seed=-1", "seed=1x", "seed=18446744073709551616",
                          "set-aside=", "set-aside=65537", "pages-go-every=0", "enable-debugging-syscalls=1",
                          "compat=", "compat=linux", "crash=", "crash=now", "=", "unknown=1"}) {
    const std::string strings = "seed=1\0"s + bad + '\0';  // the error points into them
    const auto options = Parse(strings, 2);
    ASSERT_FALSE(options.ok()) << bad;
    EXPECT_EQ(TextOf(options), bad);
  }
}

TEST(KernelOptions, StringsThatAreNotAsManyAsAnnouncedAreBad) {
  EXPECT_FALSE(Parse("seed=1\0"s, 2).ok());
  EXPECT_FALSE(Parse("seed=1", 1).ok());
}

}  // namespace
}  // namespace gk
