// The stress program finds nothing wrong, over a host file too and with little memory; and what it wrote is in the
// file.
#include <cstring>

#include "guest/programs/page-storm.h"
#include "tests/programs/support.h"

namespace programs_test {
namespace {

class StressWith : public GuestTest, public testing::WithParamInterface<const char*> {};

TEST_P(StressWith, FindsEveryByteWhereItMustBe) {
  constexpr size_t kPages = 2000;
  const auto file = files_.Write("f", "");
  std::filesystem::resize_file(file, kPages * 4096);
  const Ending guest = RunInGuest({File("f", file, GetParam())}, {"stress", "--seconds", "1", "--seed", "7", "f"}, 24);
  EXPECT_EQ(guest.code, 0) << guest.out << guest.err;
  EXPECT_NE(guest.out.find("all as it must be"), std::string::npos) << guest.out;
  // Every page is one that stress writes: its own number and some version.
  const std::string content = integration::ReadFile(file);
  ASSERT_EQ(content.size(), kPages * 4096);
  size_t written = 0;
  for (size_t page = 0; page < kPages; ++page) {
    uint64_t words[2];
    std::memcpy(words, content.data() + page * 4096, sizeof(words));
    uint64_t version = 0;
    while (version < 100000 &&
           (programs::StormWord(page, version, 0) != words[0] || programs::StormWord(page, version, 1) != words[1])) {
      ++version;
    }
    ASSERT_LT(version, 100000u) << "page " << page;
    written += version != 0 ? 1 : 0;
  }
  EXPECT_GT(written, 0u);
}

INSTANTIATE_TEST_SUITE_P(Pager, StressWith, testing::Values("", ",writeback=10ms", ",dirty-limit=2M"),
                         [](const auto& parameter) {
                           const std::string option = parameter.param;
                           return option.empty() ? "Plain" : option[1] == 'w' ? "Clock" : "DirtyLimit";
                         });

using StressTest = GuestTest;

TEST_F(StressTest, StressOfMemoryAloneFindsNothing) {
  const Ending guest = RunInGuest({}, {"stress", "--seconds", "1", "--threads", "8"});
  EXPECT_EQ(guest.code, 0) << guest.out << guest.err;
}

}  // namespace
}  // namespace programs_test
