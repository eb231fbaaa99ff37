// A guest that writes to a file on a disk that is full: it is told, loses nothing, and goes on when there is room.
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>

#include "tests/integration/fixture.h"

namespace integration {
namespace {

constexpr size_t kPageSize = 4096;
constexpr size_t kPages = 32;

// What the program `fill` writes.
std::string Filled() {
  std::string content;
  for (size_t page = 0; page < kPages; ++page) {
    content.append(kPageSize, static_cast<char>('a' + page % 26));
  }
  return content;
}

// A file of holes on a disk of a few hundred KiB, where something else takes all the room.
class FullDiskTest : public GuestTest {
 protected:
  void SetUp() override {
    GuestTest::SetUp();
    if (IsSkipped() || HasFatalFailure()) {
      return;
    }
    std::filesystem::create_directory(disk_);
    // In a name space of its own the mount goes with this process, however that ends.
    if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        mount("tmpfs", disk_.c_str(), "tmpfs", 0, "size=256k") != 0) {
      GTEST_SKIP() << "mounting a small disk takes root: " << std::strerror(errno);
    }
    mounted_ = true;
    std::ofstream(file_).close();
    std::filesystem::resize_file(file_, kPages * kPageSize);
    std::ofstream ballast(ballast_, std::ios::binary);
    while (ballast.write(std::string(kPageSize, '#').data(), kPageSize).flush()) {
    }
  }
  void TearDown() override {
    if (mounted_) {
      umount2(disk_.c_str(), MNT_DETACH);
    }
  }

  const std::filesystem::path disk_ = files_.path("disk");
  const std::filesystem::path file_ = disk_ / "file";
  const std::filesystem::path ballast_ = disk_ / "ballast";
  bool mounted_ = false;
};

TEST_F(FullDiskTest, WriterIsToldAndGoesOnWhenThereIsRoom) {
  Process guest(RunCommand({"--pager", "f=file:" + file_.string() + ",dirty-limit=32K"}, {"fill", "f"}));
  ASSERT_TRUE(guest.WaitForOutput("f: page at"));
  ASSERT_TRUE(guest.WaitForOutput("ZX_ERR_NO_SPACE; trying again"));
  std::filesystem::remove(ballast_);
  const Ending ending = guest.Wait();
  EXPECT_EQ(ending.code, 0) << ending.err << ending.out;
  EXPECT_TRUE(ReadFile(file_) == Filled());
  EXPECT_EQ(ending.err, "") << "nothing was lost";
}

TEST_F(FullDiskTest, SyncIsToldAndSucceedsWhenThereIsRoom) {
  Process guest(RunCommand({"--pager", "f=file:" + file_.string()}, {"fill", "f"}));
  ASSERT_TRUE(guest.WaitForOutput("f: sync: ZX_ERR_NO_SPACE; trying again"));
  std::filesystem::remove(ballast_);
  const Ending ending = guest.Wait();
  EXPECT_EQ(ending.code, 0) << ending.err << ending.out;
  EXPECT_TRUE(ReadFile(file_) == Filled());
  EXPECT_EQ(ending.err, "") << "nothing was lost";
}

TEST_F(FullDiskTest, WhatIsLostInTheEndIsSaid) {
  const Ending ending = Execute(RunCommand({"--pager", "f=file:" + file_.string()}, {"put", "f", "0", "text"}));
  EXPECT_EQ(ending.code, 0) << ending.err << ending.out;
  EXPECT_NE(ending.err.find(file_.string() + ": what the guest wrote is lost: no space left"), std::string::npos)
      << ending.err;
}

// The signal that the host sends with it ends a program that does not expect it.
TEST_F(FullDiskTest, LimitOnTheSizeOfFilesIsAFullDiskAndNotTheEndOfTheMonitor) {
  std::filesystem::remove(ballast_);
  rlimit limit;
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &limit), 0);
  const rlimit small{.rlim_cur = kPages / 2 * kPageSize, .rlim_max = limit.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
  const std::string beyond = std::to_string(kPages / 2 * kPageSize);
  const Ending ending = Execute(RunCommand({"--pager", "f=file:" + file_.string()}, {"put", "f", beyond, "text"}));
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &limit), 0);
  EXPECT_EQ(ending.code, 0) << ending.err << ending.out;
  EXPECT_NE(ending.err.find("no space left"), std::string::npos) << ending.err;
}

TEST_F(FullDiskTest, CoreFileForWhichThereIsNoRoomIsOneLineAndNoFile) {
  const std::string core = (disk_ / "core").string();
  const Ending ending = Execute(RunCommand({"--core", core}, {"fault", "write-null"}));
  EXPECT_EQ(ending.code, 139) << ending.err;
  EXPECT_NE(ending.err.find("pagoda: core file " + core + ": write: No space left on device\n"), std::string::npos)
      << ending.err;
  EXPECT_FALSE(std::filesystem::exists(core));
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(disk_), {}), 2) << "the file and the ballast";
}

}  // namespace
}  // namespace integration
