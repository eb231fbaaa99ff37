#include "vmm/loader/input_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>

#include "tests/vmm/support/temporary_file.h"

namespace vmm {
namespace {

constexpr std::array<std::byte, 4> kContents = {std::byte{1}, std::byte{2}, std::byte{3}, std::byte{4}};

TEST(InputFile, ReadsAtOffsets) {
  const vmm_test::TemporaryFile file(kContents);
  const auto input = InputFile::Open(file.path());
  ASSERT_TRUE(input.ok());
  std::array<std::byte, 2> bytes = {};

  ASSERT_TRUE(input.value().ReadAt(2, bytes).ok());

  EXPECT_EQ(input.value().size(), 4u);
  EXPECT_EQ(bytes[0], std::byte{3});
  EXPECT_EQ(bytes[1], std::byte{4});
}

TEST(InputFile, AFileThatShrankSinceIsTruncated) {
  const vmm_test::TemporaryFile file(kContents);
  const auto input = InputFile::Open(file.path());
  ASSERT_TRUE(input.ok());
  ASSERT_EQ(truncate(file.path().c_str(), 3), 0);
  std::array<std::byte, 2> bytes = {};

  const auto result = input.value().ReadAt(2, bytes);

  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().message(), file.path() + ": truncated: no bytes at offset 3");
}

TEST(InputFile, MissingFilesAndFoldersAreBadInput) {
  const auto missing = InputFile::Open("/nonexistent/kernel.elf");
  const auto folder = InputFile::Open("/");

  ASSERT_FALSE(missing.ok());
  EXPECT_EQ(missing.error().message(), "/nonexistent/kernel.elf: No such file or directory");
  EXPECT_EQ(missing.error().exit_code(), kExitBadInput);
  ASSERT_FALSE(folder.ok());
  EXPECT_EQ(folder.error().message(), "/: not a regular file");
}

TEST(InputFile, APipeIsRefusedWithoutWaitingForItsOtherEnd) {
  const vmm_test::TemporaryFile file(kContents);
  const std::string pipe = file.path() + ".pipe";
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);

  const auto result = InputFile::Open(pipe);

  unlink(pipe.c_str());
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().message(), pipe + ": not a regular file");
}

}  // namespace
}  // namespace vmm
