// A directory in which somebody hostile makes the files: what must not be reached, must not block, and must not become
// zeros.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/fsuid.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <unistd.h>
#include <zircon/errors.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "devices/core/unique_fd.h"
#include "devices/pager/directory/directory_pager.h"
#include "tests/devices/support/awaited_answer.h"
#include "tests/devices/support/fake_vmo.h"
#include "tests/devices/support/recording_answer.h"
#include "tests/devices/support/temporary_directory.h"

namespace {

namespace fs = std::filesystem;

using base::kPageSize;
using pager::DirectoryPager;
using pager::FileAccess;
using pager::PageSource;

class HostileDirectoryTest : public testing::Test {
 protected:
  [[nodiscard]] zx_status_t OpenError(std::string_view path) const {
    const auto opened = pager_->Open(path);
    return opened.ok() ? ZX_OK : opened.error();
  }
  // A page of an open file.
  zx_status_t Read(PageSource& source, uint64_t offset, test::PageBuffer& buffer) {
    test::AwaitedAnswer answer;
    source.Read({offset, buffer.Pieces({1}), answer.Promise()});
    context_.restart();
    context_.poll();  // what is not in the page cache
    return answer.Wait();
  }

  boost::asio::io_context context_;
  test::TemporaryDirectory root_;
  std::unique_ptr<DirectoryPager> pager_ =
      DirectoryPager::Create(context_.get_executor(), root_.Path(""), FileAccess::kReadWrite).value();
};

TEST_F(HostileDirectoryTest, LinkThatStaysInsideIsFollowedAndOneThatLeavesOnTheWayIsNot) {
  fs::create_directories(root_.Path("a/b"));
  root_.Write("a/file", "inside");
  fs::create_symlink("../file", root_.Path("a/b/up"));
  fs::create_symlink("a/b", root_.Path("deep"));
  fs::create_symlink("../" + fs::path(root_.Path("")).parent_path().filename().string() + "/a/file",
                     root_.Path("detour"));
  EXPECT_EQ(OpenError("a/b/up"), ZX_OK);
  EXPECT_EQ(OpenError("deep/up"), ZX_OK);
  EXPECT_EQ(OpenError("detour"), ZX_ERR_ACCESS_DENIED) << "it ends inside, but leads through the outside";
}

TEST_F(HostileDirectoryTest, LinksOfTheProcFileSystemAreNotFollowed) {
  const auto proc = DirectoryPager::Create(context_.get_executor(), "/proc", FileAccess::kReadOnly).value();
  const std::string self = std::to_string(::getpid());
  EXPECT_EQ(proc->Open(self + "/exe").error(), ZX_ERR_ACCESS_DENIED);
  EXPECT_EQ(proc->Open(self + "/root/etc/passwd").error(), ZX_ERR_ACCESS_DENIED);
  EXPECT_TRUE(proc->Open(self + "/status").ok());
}

TEST_F(HostileDirectoryTest, WhatIsNoFileIsNotEvenOpened) {
  ASSERT_EQ(::mkfifo(root_.Path("fifo").c_str(), 0600), 0);
  const dev::UniqueFd watch(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
  ASSERT_GE(::inotify_add_watch(watch.get(), root_.Path("fifo").c_str(), IN_OPEN), 0);
  EXPECT_EQ(OpenError("fifo"), ZX_ERR_NOT_FILE);
  std::array<char, 512> events;
  EXPECT_LT(::read(watch.get(), events.data(), events.size()), 0) << "a writer of the FIFO would have gone on";

  const dev::UniqueFd listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
  root_.Path("socket").copy(address.sun_path, sizeof(address.sun_path) - 1);
  ASSERT_EQ(::bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
  EXPECT_EQ(OpenError("socket"), ZX_ERR_NOT_FILE);
}

TEST_F(HostileDirectoryTest, DeviceNodesAreNotServed) {
  if (::mknod(root_.Path("zero").c_str(), S_IFCHR | 0666, makedev(1, 5)) != 0) {
    GTEST_SKIP() << "making a device node takes root";
  }
  ASSERT_EQ(::mknod(root_.Path("disk").c_str(), S_IFBLK | 0666, makedev(7, 0)), 0);
  EXPECT_EQ(OpenError("zero"), ZX_ERR_NOT_FILE);
  EXPECT_EQ(OpenError("disk"), ZX_ERR_NOT_FILE);
}

TEST_F(HostileDirectoryTest, FileThatMayNotBeReadIsDenied) {
  fs::permissions(root_.Write("private", "secret"), fs::perms::none);
  fs::create_directory(root_.Path("closed"));
  fs::permissions(root_.Path("closed"), fs::perms::none);
  fs::permissions(root_.Path(""), fs::perms::all);
  // For root nothing is: this thread looks at files as somebody else.
  constexpr uid_t kNobody = 65534;
  const int before = ::setfsuid(kNobody);
  const zx_status_t opened = OpenError("private");
  const zx_status_t beneath = OpenError("closed/file");
  const auto listed = pager_->List("closed");
  ::setfsuid(static_cast<uid_t>(before));
  EXPECT_EQ(opened, ZX_ERR_ACCESS_DENIED);
  EXPECT_EQ(beneath, ZX_ERR_ACCESS_DENIED);
  ASSERT_FALSE(listed.ok());
  EXPECT_EQ(listed.error(), ZX_ERR_ACCESS_DENIED);
}

TEST_F(HostileDirectoryTest, NamesOfAnyBytesAreListedAndOpenAsTheyAre) {
  const std::vector<std::string> names = {"\x1b[31mred", "-rf", " ", "a\nb", "\xff\xfe", std::string(255, 'n')};
  for (const std::string& name : names) {
    root_.Write(name, name);
  }
  std::vector<std::string> listed = pager_->List("").value();
  std::sort(listed.begin(), listed.end());
  std::vector<std::string> sorted = names;
  std::sort(sorted.begin(), sorted.end());
  EXPECT_EQ(listed, sorted);
  for (const std::string& name : names) {
    EXPECT_EQ(OpenError(name), ZX_OK) << testing::PrintToString(name);
  }
}

TEST_F(HostileDirectoryTest, NameInAMessageIsOneLineOfPrintableText) {
  root_.Write("bad\n\x1b[2J", "text");
  const auto source = pager_->Open("bad\n\x1b[2J").value();
  const auto vmo = std::make_shared<test::FakeVmo>(4);
  source->Attach(vmo);
  vmo->Write(0, "x");
  vmo->Fail("lend 0+1", ZX_ERR_NO_MEMORY);
  testing::internal::CaptureStderr();
  test::AwaitedAnswer answer;
  source->Complete(pager::CompleteRequest(answer.Promise()));
  context_.restart();
  context_.poll();
  const std::string said = testing::internal::GetCapturedStderr();
  EXPECT_NE(said.find("/bad??[2J: what the guest wrote is lost"), std::string::npos) << said;
}

TEST_F(HostileDirectoryTest, TenThousandNamesAreListed) {
  constexpr int kNames = 10'000;
  for (int i = 0; i < kNames; ++i) {
    const dev::UniqueFd file(::open(root_.Path(std::to_string(i)).c_str(), O_CREAT | O_CLOEXEC, 0600));
  }
  const std::vector<std::string> names = pager_->List("").value();
  EXPECT_EQ(names.size(), static_cast<size_t>(kNames));
  EXPECT_NE(std::find(names.begin(), names.end(), "9999"), names.end());
}

TEST_F(HostileDirectoryTest, FileOfFiveTebibytesIsReadAtItsEnd) {
  const std::string path = root_.Write("large", "");
  constexpr uint64_t kSize = (uint64_t{5} << 40) + 3;
  if (::truncate(path.c_str(), static_cast<off_t>(kSize)) != 0) {
    GTEST_SKIP() << "this file system has no files of that size";
  }
  const dev::UniqueFd file(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  ASSERT_EQ(::pwrite(file.get(), "end", 3, static_cast<off_t>(kSize - 3)), 3);
  const auto source = pager_->Open("large").value();
  EXPECT_EQ(source->info().content_size, kSize);
  test::PageBuffer buffer(1);
  EXPECT_EQ(Read(*source, kSize - 3, buffer), ZX_OK);
  EXPECT_EQ(buffer.text(), "end" + std::string(kPageSize - 3, '\0'));
}

TEST_F(HostileDirectoryTest, WhatAFileHasLostIsAnErrorAndTheRestIsNot) {
  const std::string path = root_.Write("file", std::string(3 * kPageSize, 'x'));
  const auto source = pager_->Open("file").value();
  fs::resize_file(path, kPageSize + 10);
  test::PageBuffer buffer(1);
  EXPECT_EQ(Read(*source, 0, buffer), ZX_OK);
  EXPECT_EQ(buffer.text(), std::string(kPageSize, 'x'));
  EXPECT_EQ(Read(*source, kPageSize, buffer), ZX_ERR_IO) << "half of it is not there";
  EXPECT_EQ(Read(*source, 2 * kPageSize, buffer), ZX_ERR_IO);
  fs::remove(path);
  EXPECT_EQ(Read(*source, 0, buffer), ZX_OK) << "the file is there as long as somebody has it open";
}

TEST_F(HostileDirectoryTest, FileThatIsReplacedIsAnotherObject) {
  root_.Write("file", "old");
  const auto before = pager_->Open("file").value();
  fs::rename(root_.Write("new", "the new one"), root_.Path("file"));
  const auto after = pager_->Open("file").value();
  EXPECT_NE(before, after);
  EXPECT_EQ(after->info().content_size, 11u);
  test::PageBuffer buffer(1);
  EXPECT_EQ(Read(*before, 0, buffer), ZX_OK);
  EXPECT_EQ(buffer.text().substr(0, 4), std::string("old\0", 4));
}

TEST_F(HostileDirectoryTest, DeepPathsOpen) {
  std::string path;
  for (int i = 0; i < 120; ++i) {
    path += "d/";
  }
  fs::create_directories(root_.Path(path));
  root_.Write(path + "file", "deep");
  EXPECT_EQ(OpenError(path + "file"), ZX_OK);
  EXPECT_EQ(pager_->List(path).value(), std::vector<std::string>{"file"});
}

}  // namespace
