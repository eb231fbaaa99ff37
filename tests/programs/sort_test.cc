// The guest's sort puts lines into the order that the host's does, in memory and through a scratch object.
#include "tests/programs/support.h"

namespace programs_test {
namespace {

class SortTest : public GuestTest {
 protected:
  // What the host's sort makes of `file`.
  std::string OnHost(const std::filesystem::path& file, const std::string& option) {
    std::vector<std::string> command{"sort"};
    if (!option.empty()) {
      command.push_back(option);
    }
    command.insert(command.end(), {"-o", files_.path("expected"), file});
    const Ending ending = RunOnHost(command);
    EXPECT_EQ(ending.code, 0) << ending.err;
    return integration::ReadFile(files_.path("expected"));
  }
  static std::vector<std::string> Command(const std::string& option, const std::vector<std::string>& names) {
    std::vector<std::string> command{"sort"};
    if (!option.empty()) {
      command.push_back(option);
    }
    command.insert(command.end(), names.begin(), names.end());
    return command;
  }
};

class SortWith : public SortTest, public testing::WithParamInterface<const char*> {};

TEST_P(SortWith, PrintsTheLinesInTheHostsOrder) {
  std::string text = MakeText(100000, 11);
  text += text.substr(0, 30000) + "-0\n0\n-.5\n  7 up\n7.50\n7.5 z\n007\n-12\n\n\nno end";
  const auto file = files_.Write("f", text);
  const Ending guest = RunInGuest({File("f", file, ",ro")}, Command(GetParam(), {"f"}));
  EXPECT_EQ(guest.code, 0) << guest.err;
  EXPECT_TRUE(guest.out == OnHost(file, GetParam()));
}

// The runs are merged, and equal lines stay in the order in which they came.
TEST_P(SortWith, MergesRunsIntoTheHostsOrder) {
  const auto file = files_.Write("f", MakeText(4 << 20, 12));
  const auto scratch = files_.Write("s", "");
  const auto output = files_.Write("o", "");
  const Ending guest =
      RunInGuest({File("f", file, ",ro"), File("s", scratch, ",resizable"), File("o", output, ",resizable")},
                 Command(GetParam(), {"f", "s", "o"}), 24);
  EXPECT_EQ(guest.code, 0) << guest.err << guest.out;
  EXPECT_GT(std::filesystem::file_size(scratch), 0u) << "it fitted into memory";
  EXPECT_TRUE(integration::ReadFile(output) == OnHost(file, GetParam()));
}

INSTANTIATE_TEST_SUITE_P(Options, SortWith, testing::Values("", "-r", "-n", "-nr", "-u", "-nu", "-nru"),
                         [](const auto& parameter) {
                           const std::string option = parameter.param;
                           return option.empty() ? std::string("None") : option.substr(1);
                         });

TEST_F(SortTest, WhatIsLargerThanTheGuestsMemoryIsSortedInPlace) {
  const auto file = files_.Write("f", MakeText(28 << 20, 13));
  const std::string expected = OnHost(file, "");
  const auto scratch = files_.Write("s", "");
  const Ending guest =
      RunInGuest({File("f", file, ",resizable"), File("s", scratch, ",resizable")}, {"sort", "f", "s", "f"}, 24);
  EXPECT_EQ(guest.code, 0) << guest.err << guest.out;
  EXPECT_TRUE(integration::ReadFile(file) == expected);
}

TEST_F(SortTest, WhatDoesNotFitAndHasNoScratchIsLeftAlone) {
  const std::string text = MakeText(6 << 20, 14);
  const auto file = files_.Write("f", text);
  const Ending guest = RunInGuest({File("f", file, ",resizable")}, {"sort", "f", "-", "f"}, 24);
  EXPECT_EQ(guest.code, 1);
  EXPECT_NE(guest.out.find("sort: f: does not fit into the guest's memory; give a SCRATCH object\n"), std::string::npos)
      << guest.out;
  EXPECT_TRUE(integration::ReadFile(file) == text);
}

TEST_F(SortTest, ALineThatIsTooLongIsAnErrorAndTheOutputIsLeftAlone) {
  const auto file = files_.Write("f", std::string((1 << 20) + 300000, 'x'));
  const auto output = files_.Write("o", "before");
  const Ending guest =
      RunInGuest({File("f", file, ",ro"), File("o", output, ",resizable")}, {"sort", "f", "-", "o"}, 24);
  EXPECT_EQ(guest.code, 1);
  EXPECT_NE(guest.out.find("sort: f: cannot be read: a line of it is too long"), std::string::npos) << guest.out;
  EXPECT_EQ(integration::ReadFile(output), "before");
}

}  // namespace
}  // namespace programs_test
