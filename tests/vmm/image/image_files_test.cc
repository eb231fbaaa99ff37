#include "vmm/image/image_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <string>

#include "tests/vmm/image/support.h"

namespace vmm {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string Outcome(const Result<>& result) { return result.ok() ? std::string() : result.error().message(); }

// Extracts one file called `name` with the contents "new" into `folder`.
std::string Extract(const std::string& name, const fs::path& folder) {
  const std::vector<std::byte> contents = BytesOf("new");
  const BootfsFile file{name, contents, false};
  return Outcome(ExtractFiles(std::span(&file, 1), folder));
}

TEST(ReadRegularFile, GivesContentsAndTheExecutableBit) {
  const TemporaryFolder folder;
  WriteText(folder / "tool", std::string(100'000, 'x'));
  fs::permissions(folder / "tool", fs::perms::owner_exec, fs::perm_options::add);
  const auto file = ReadRegularFile(folder / "tool");
  ASSERT_TRUE(file.ok()) << file.error().message();
  EXPECT_EQ(TextOf(file->bytes), std::string(100'000, 'x'));
  EXPECT_TRUE(file->executable);
}

TEST(ReadRegularFile, RefusesWhatIsNoRegularFileWithoutWaiting) {
  const TemporaryFolder folder;
  ASSERT_EQ(mkfifo((folder / "pipe").c_str(), 0600), 0);
  EXPECT_THAT(ReadRegularFile(folder / "pipe").error().message(), HasSubstr("pipe: not a regular file"));
  EXPECT_THAT(ReadRegularFile(folder.path()).error().message(), HasSubstr("not a regular file"));
  EXPECT_THAT(ReadRegularFile("/dev/zero").error().message(), HasSubstr("not a regular file"));
  EXPECT_THAT(ReadRegularFile(folder / "none").error().message(), HasSubstr("none: No such file"));
}

TEST(ReplaceFile, LeavesNothingButTheNewFile) {
  const TemporaryFolder folder;
  WriteText(folder / "image", "old");
  EXPECT_EQ(Outcome(ReplaceFile(folder / "image", BytesOf("new"))), "");
  EXPECT_EQ(ReadText(folder / "image"), "new");
  EXPECT_THAT(Listing(folder.path()), ElementsAre("image"));
}

TEST(ReplaceFile, FollowsALinkToItsTarget) {
  const TemporaryFolder folder;
  fs::create_directory(folder / "elsewhere");
  WriteText(folder / "elsewhere/target", "old");
  fs::create_symlink("elsewhere/target", folder / "image");
  EXPECT_EQ(Outcome(ReplaceFile(folder / "image", BytesOf("new"))), "");
  EXPECT_TRUE(fs::is_symlink(folder / "image"));
  EXPECT_EQ(ReadText(folder / "elsewhere/target"), "new");
}

TEST(ReplaceFile, NeverReplacesADeviceOrAFolder) {
  const TemporaryFolder folder;
  EXPECT_THAT(Outcome(ReplaceFile("/dev/null", {})), HasSubstr("/dev/null: exists and is not a regular file"));
  EXPECT_THAT(Outcome(ReplaceFile(folder.path(), {})), HasSubstr("not a regular file"));
  EXPECT_TRUE(fs::is_character_file("/dev/null"));
}

TEST(ReplaceFile, NamesTheFolderThatIsMissing) {
  const TemporaryFolder folder;
  EXPECT_THAT(Outcome(ReplaceFile(folder / "none/image", {})), HasSubstr("none: No such file"));
}

TEST(ExtractFiles, MakesTheFoldersThatNamesNeed) {
  const TemporaryFolder folder;
  EXPECT_EQ(Extract("a/b/c", folder / "to"), "");
  EXPECT_THAT(Listing(folder.path()), ElementsAre("to", "to/a", "to/a/b", "to/a/b/c"));
  EXPECT_EQ(ReadText(folder / "to/a/b/c"), "new");
}

TEST(ExtractFiles, ReplacesALinkInsteadOfWritingThroughIt) {
  const TemporaryFolder folder;
  fs::create_directory(folder / "to");
  WriteText(folder / "outside", "old");
  fs::create_symlink("../outside", folder / "to/file");
  EXPECT_EQ(Extract("file", folder / "to"), "");
  EXPECT_FALSE(fs::is_symlink(folder / "to/file"));
  EXPECT_EQ(ReadText(folder / "outside"), "old");
}

TEST(ExtractFiles, DoesNotFollowALinkToAFolder) {
  const TemporaryFolder folder;
  fs::create_directory(folder / "to");
  fs::create_directory(folder / "outside");
  fs::create_symlink("../outside", folder / "to/a");
  EXPECT_THAT(Extract("a/file", folder / "to"), HasSubstr("'a' is in the way"));
  EXPECT_TRUE(Listing(folder / "outside").empty());
}

TEST(ExtractFiles, SaysWhatIsInTheWay) {
  const TemporaryFolder folder;
  WriteText(folder / "a", "file");
  fs::create_directory(folder / "b");
  EXPECT_THAT(Extract("a/file", folder.path()), HasSubstr("'a' is in the way and not a folder"));
  EXPECT_THAT(Extract("b", folder.path()), HasSubstr("Is a directory"));
  EXPECT_THAT(Listing(folder.path()), ElementsAre("a", "b"));
}

TEST(ExtractFiles, GivesExecutableFilesTheirBit) {
  const TemporaryFolder folder;
  const Image image = SampleImage();
  const auto view = BootfsView::Parse(image);
  ASSERT_TRUE(view.ok());
  EXPECT_EQ(Outcome(ExtractFiles(view->files(), folder.path())), "");
  const auto is_executable = [&](std::string_view name) {
    return (fs::status(folder / name).permissions() & fs::perms::owner_exec) != fs::perms::none;
  };
  EXPECT_TRUE(is_executable("bin/tool"));
  EXPECT_FALSE(is_executable("text"));
  EXPECT_THAT(Listing(folder.path()), ElementsAre("a", "bin", "bin/tool", "text"));
}

}  // namespace
}  // namespace vmm
