// The commands as a person types them, up to the exit code.
#include "vmm/cli/image_command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/vmm/cli/command_outcome.h"
#include "tests/vmm/image/support.h"

namespace vmm {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Runs `image ARGUMENTS…` in this process.
Outcome RunImage(const std::vector<std::string>& arguments) { return Execute(AddImageCommand, "image", arguments); }

class ImageCommand : public ::testing::Test {
 protected:
  void SetUp() override {
    WriteText(folder_ / "first", "1");
    WriteText(folder_ / "second", "22");
  }
  std::string Path(std::string_view name) { return (folder_ / name).string(); }

  static void ExpectRefusal(const std::vector<std::string>& arguments, const std::string& reason) {
    ExpectRefused(RunImage(arguments), reason);
  }

  TemporaryFolder folder_;
};

TEST_F(ImageCommand, WhatIsPackedComesBack) {
  EXPECT_EQ(RunImage({"pack", Path("image"), "bin/a=" + Path("first"), Path("second")}).exit_code, 0);
  EXPECT_EQ(RunImage({"extract", Path("image"), "--to", Path("to")}).exit_code, 0);
  EXPECT_THAT(Listing(folder_ / "to"), ElementsAre("bin", "bin/a", "second"));
  EXPECT_EQ(ReadText(folder_ / "to/bin/a"), "1");
  EXPECT_EQ(ReadText(folder_ / "to/second"), "22");
}

TEST_F(ImageCommand, ListIsForPeopleAndForPrograms) {
  std::filesystem::permissions(folder_ / "first", std::filesystem::perms::owner_exec,
                               std::filesystem::perm_options::add);
  ASSERT_EQ(RunImage({"pack", Path("image"), Path("first"), Path("second")}).exit_code, 0);
  EXPECT_EQ(RunImage({"list", Path("image")}).output, "x            1 first\n-            2 second\n");
  const auto list = nlohmann::json::parse(RunImage({"list", "--json", Path("image")}).output);
  ASSERT_EQ(list.size(), 2u);
  EXPECT_EQ(list[0], (nlohmann::json{{"name", "first"}, {"size", 1}, {"executable", true}}));
  EXPECT_EQ(list[1]["executable"], false);
}

TEST_F(ImageCommand, ExtractsOnlyWhatIsNamed) {
  ASSERT_EQ(RunImage({"pack", Path("image"), Path("first"), Path("second")}).exit_code, 0);
  EXPECT_EQ(RunImage({"extract", Path("image"), "--to", Path("to"), "second"}).exit_code, 0);
  EXPECT_THAT(Listing(folder_ / "to"), ElementsAre("second"));
}

TEST_F(ImageCommand, ExtractsNothingWhenANameIsUnknown) {
  ASSERT_EQ(RunImage({"pack", Path("image"), Path("first")}).exit_code, 0);
  ExpectRefusal({"extract", Path("image"), "--to", Path("to"), "first", "third"}, "holds no file 'third'");
  EXPECT_FALSE(std::filesystem::exists(folder_ / "to"));
}

TEST_F(ImageCommand, ARefusedPackLeavesTheOldImage) {
  WriteText(folder_ / "image", "old");
  ExpectRefusal({"pack", Path("image"), "x=" + Path("first"), "x=" + Path("second")},
                "'x' is given twice: " + Path("first") + " and " + Path("second"));
  ExpectRefusal({"pack", Path("image"), Path("none")}, "none: No such file");
  ExpectRefusal({"pack", Path("image"), "../x=" + Path("first")}, "no legal name");
  ExpectRefusal({"pack", Path("image"), "x="}, "no path");
  EXPECT_EQ(ReadText(folder_ / "image"), "old");
}

TEST_F(ImageCommand, NamesTheFileThatIsNoImage) {
  WriteText(folder_ / "broken", "not an image at all, but long enough for one");
  ExpectRefusal({"list", Path("broken")}, Path("broken") + ": not a boot image");
  ExpectRefusal({"extract", Path("broken"), "--to", Path("to")}, Path("broken") + ": not a boot image");
  ExpectRefusal({"list", Path("none")}, Path("none") + ": No such file");
}

TEST_F(ImageCommand, AsksForWhatIsMissing) {
  EXPECT_NE(RunImage({}).exit_code, 0);
  EXPECT_NE(RunImage({"pack"}).exit_code, 0);
  EXPECT_NE(RunImage({"pack", Path("image")}).exit_code, 0);
  EXPECT_NE(RunImage({"list"}).exit_code, 0);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "image"));
}

}  // namespace
}  // namespace vmm
