// Files that are kept until there is something better, and pipes whose readers are away or asleep.
#include "vmm/observe/output_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <fstream>
#include <iterator>
#include <string>

#include "tests/devices/support/temporary_directory.h"

namespace vmm {
namespace {

class OutputFileTest : public testing::Test {
 protected:
  std::string Pipe() {
    EXPECT_EQ(::mkfifo(path_.c_str(), 0600), 0);
    return path_;
  }

  [[nodiscard]] std::string Content() const {
    std::ifstream file(path_, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  test::TemporaryDirectory directory_;
  const std::string path_ = directory_.Path("out");
};

TEST_F(OutputFileTest, WhatWasInItStaysUntilSomethingIsWritten) {
  directory_.Write("out", "a long text from before");
  OutputFile file = OutputFile::Open(path_).value();
  EXPECT_TRUE(file.Write("").ok());
  EXPECT_EQ(Content(), "a long text from before");
  EXPECT_TRUE(file.Write("one ").ok());
  EXPECT_TRUE(file.Write("two").ok());
  EXPECT_EQ(Content(), "one two");
}

TEST_F(OutputFileTest, PipeThatNobodyReadsIsBadInputAndNotWaitedFor) {
  const Result<OutputFile> file = OutputFile::Open(Pipe());
  ASSERT_FALSE(file.ok());
  EXPECT_EQ(file.error().exit_code(), kExitBadInput);
  EXPECT_EQ(file.error().message(), path_ + ": is a pipe that nobody reads");
}

TEST_F(OutputFileTest, PipeThatIsReadGetsAll) {
  const dev::UniqueFd reader(::open(Pipe().c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  OutputFile file = OutputFile::Open(path_).value();
  EXPECT_TRUE(file.Write("one ").ok());
  EXPECT_TRUE(file.Write("two").ok());
  std::array<char, 100> got;
  const ssize_t count = ::read(reader.get(), got.data(), got.size());
  ASSERT_GT(count, 0);
  EXPECT_EQ(std::string(got.data(), static_cast<size_t>(count)), "one two");
}

TEST_F(OutputFileTest, ReaderThatTakesNothingIsWaitedForOnceAndThatIsSaid) {
  const dev::UniqueFd reader(::open(Pipe().c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  OutputFile file = OutputFile::Open(path_, std::chrono::milliseconds(1)).value();
  const Result<> written = file.Write(std::string(size_t{4} << 20, 'x'));
  ASSERT_FALSE(written.ok());
  EXPECT_EQ(written.error().message(), path_ + ": its reader takes nothing");
  std::array<char, 65536> taken;
  EXPECT_GT(::read(reader.get(), taken.data(), taken.size()), 0);
  EXPECT_FALSE(file.Write("more").ok()) << "what was left out would be missing in its middle";
}

TEST_F(OutputFileTest, FullDiskIsSaidWithThePath) {
  OutputFile file = OutputFile::Open("/dev/full").value();
  const Result<> written = file.Write("x");
  ASSERT_FALSE(written.ok());
  EXPECT_EQ(written.error().message(), "/dev/full: No space left on device");
}

}  // namespace
}  // namespace vmm
