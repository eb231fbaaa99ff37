#include "vmm/net/address.h"

#include <gtest/gtest.h>

#include <string>

namespace vmm::net {
namespace {

// Back to text, with the kind of address.
std::string Parsed(std::string_view text) {
  const auto address = ParseAddress(text);
  if (!address.ok()) {
    return "error";
  }
  return (std::holds_alternative<TcpAddress>(*address) ? "tcp " : "unix ") + ConnectText(*address);
}

TEST(ParseAddress, TakesThisHostUnlessAnotherAddressIsNamed) {
  EXPECT_EQ(Parsed("tcp:1234"), "tcp 127.0.0.1:1234");
  EXPECT_EQ(Parsed("tcp::1234"), "tcp 127.0.0.1:1234");
  EXPECT_EQ(Parsed("tcp:localhost:1234"), "tcp 127.0.0.1:1234");
  EXPECT_EQ(Parsed("tcp:0"), "tcp 127.0.0.1:0");
}

TEST(ParseAddress, TakesAddressesInNumbers) {
  EXPECT_EQ(Parsed("tcp:192.0.2.7:65535"), "tcp 192.0.2.7:65535");
  EXPECT_EQ(Parsed("tcp:[::1]:1"), "tcp [::1]:1");
  EXPECT_EQ(Parsed("tcp:0.0.0.0:1"), "tcp 0.0.0.0:1");
}

TEST(ParseAddress, TakesPathsOfSockets) {
  EXPECT_EQ(Parsed("unix:/tmp/a:b"), "unix /tmp/a:b");
  EXPECT_EQ(Parsed("unix:relative"), "unix relative");
}

TEST(ParseAddress, RefusesTheRestInOneLine) {
  for (const char* text : {"",         "1234",      "tcp",       "tcp:",       "tcp:x",       "tcp:65536", "tcp:-1",
                           "tcp: 1",   "tcp:1 ",    "tcp:0x10",  "tcp:host:1", "tcp:1.2.3:1", "tcp:::1:1", "tcp:[::1]",
                           "tcp:[]:1", "tcp:[x]:1", "tcp:1:2:3", "unix",       "unix:",       "udp:1"}) {
    const auto address = ParseAddress(text);
    ASSERT_FALSE(address.ok()) << text;
    EXPECT_EQ(address.error().exit_code(), kExitBadInput);
    EXPECT_NE(address.error().message().find(text), std::string::npos) << address.error().message();
    EXPECT_EQ(address.error().message().find('\n'), std::string::npos);
  }
}

TEST(WarningAbout, NamesWhatTheNetworkCanReach) {
  for (const char* text : {"tcp:1234", "tcp:127.0.0.2:1", "tcp:[::1]:1", "unix:x"}) {
    EXPECT_FALSE(WarningAbout(ParseAddress(text).value(), "read it").has_value()) << text;
  }
  for (const char* text : {"tcp:0.0.0.0:1", "tcp:192.0.2.7:1", "tcp:[::]:1"}) {
    EXPECT_TRUE(WarningAbout(ParseAddress(text).value(), "read it").has_value()) << text;
  }
}

}  // namespace
}  // namespace vmm::net
