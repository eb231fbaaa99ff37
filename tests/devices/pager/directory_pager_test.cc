// A directory as a pager: its files by their paths, and nothing outside by any path.
#include "devices/pager/directory/directory_pager.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <zircon/errors.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "tests/devices/support/temporary_directory.h"

namespace {

namespace fs = std::filesystem;

using pager::DirectoryPager;
using pager::FileAccess;

class DirectoryPagerTest : public testing::Test {
 protected:
  // root/{file,sub/deep,sub/other} beside `secret`.
  void SetUp() override {
    fs::create_directories(outer_.Path("root/sub/deep"));
    outer_.Write("root/file", "file");
    outer_.Write("root/sub/other", "other one");
    outer_.Write("secret", "secret");
    pager_ = DirectoryPager::Create(context_.get_executor(), outer_.Path("root"), FileAccess::kReadWrite).value();
  }
  void Link(const std::string& target, const std::string& name) const {
    fs::create_symlink(target, outer_.Path("root/" + name));
  }
  [[nodiscard]] zx_status_t OpenError(std::string_view path) const {
    const auto opened = pager_->Open(path);
    return opened.ok() ? ZX_OK : opened.error();
  }
  [[nodiscard]] std::vector<std::string> List(std::string_view path) const {
    std::vector<std::string> names = pager_->List(path).value();
    std::sort(names.begin(), names.end());
    return names;
  }

  boost::asio::io_context context_;
  test::TemporaryDirectory outer_;
  std::unique_ptr<DirectoryPager> pager_;
};

TEST_F(DirectoryPagerTest, FilesAreServedByTheirPaths) {
  EXPECT_EQ(pager_->Open("file").value()->info().content_size, 4u);
  EXPECT_EQ(pager_->Open("sub/other").value()->info().content_size, 9u);
  EXPECT_FALSE(pager_->Open("sub/other").value()->info().read_only);
}

TEST_F(DirectoryPagerTest, OneFileIsOneObjectByWhateverPath) {
  Link("file", "link");
  const auto source = pager_->Open("file").value();
  EXPECT_EQ(pager_->Open("sub/../file").value(), source);
  EXPECT_EQ(pager_->Open("link").value(), source);
  EXPECT_NE(pager_->Open("sub/other").value(), source);
}

TEST_F(DirectoryPagerTest, NoPathLeadsOut) {
  Link("../secret", "out");
  Link(outer_.Path("secret"), "absolute");
  Link("..", "up");
  for (const std::string& path :
       {std::string("../secret"), std::string("sub/../../secret"), outer_.Path("secret"), std::string("out"),
        std::string("absolute"), std::string("up/secret"), std::string("/"), std::string("..")}) {
    EXPECT_EQ(OpenError(path), ZX_ERR_ACCESS_DENIED) << path;
  }
  EXPECT_EQ(pager_->List("..").error(), ZX_ERR_ACCESS_DENIED);
  EXPECT_EQ(pager_->List("up").error(), ZX_ERR_ACCESS_DENIED);
}

TEST_F(DirectoryPagerTest, WhatIsNoFileIsNotServed) {
  ASSERT_EQ(::mkfifo(outer_.Path("root/fifo").c_str(), 0600), 0);
  EXPECT_EQ(OpenError(""), ZX_ERR_NOT_FILE);
  EXPECT_EQ(OpenError("sub"), ZX_ERR_NOT_FILE);
  EXPECT_EQ(OpenError("fifo"), ZX_ERR_NOT_FILE);
  EXPECT_EQ(OpenError("none"), ZX_ERR_NOT_FOUND);
  EXPECT_EQ(OpenError("file/x"), ZX_ERR_NOT_FOUND);
  EXPECT_EQ(OpenError(std::string_view("file\0", 5)), ZX_ERR_NOT_FOUND);
  EXPECT_EQ(OpenError(std::string(255, 'n')), ZX_ERR_NOT_FOUND);
}

TEST_F(DirectoryPagerTest, LoopOfLinksEnds) {
  Link("b", "a");
  Link("a", "b");
  EXPECT_EQ(OpenError("a"), ZX_ERR_ACCESS_DENIED);
}

TEST_F(DirectoryPagerTest, ReadOnlyPagerServesReadOnly) {
  const auto pager =
      DirectoryPager::Create(context_.get_executor(), outer_.Path("root"), FileAccess::kReadOnly).value();
  EXPECT_TRUE(pager->Open("file").value()->info().read_only);
}

TEST_F(DirectoryPagerTest, FileThatCannotBeWrittenIsServedReadOnly) {
  // The program that runs is such a file, for root too.
  const fs::path program = fs::read_symlink("/proc/self/exe");
  const auto pager =
      DirectoryPager::Create(context_.get_executor(), program.parent_path(), FileAccess::kReadWrite).value();
  EXPECT_TRUE(pager->Open(program.filename().string()).value()->info().read_only);
}

TEST_F(DirectoryPagerTest, NamesInADirectoryAreListed) {
  EXPECT_EQ(List(""), (std::vector<std::string>{"file", "sub/"}));
  EXPECT_EQ(List("sub"), (std::vector<std::string>{"deep/", "other"}));
  EXPECT_EQ(List("sub/deep"), std::vector<std::string>{});
  EXPECT_EQ(pager_->List("file").error(), ZX_ERR_NOT_DIR);
  EXPECT_EQ(pager_->List("none").error(), ZX_ERR_NOT_FOUND);
}

TEST_F(DirectoryPagerTest, FileThatNobodyHasOpenIsOpenedAnew) {
  pager_->Open("file").value().reset();
  outer_.Write("root/file", "longer than before");
  EXPECT_EQ(pager_->Open("file").value()->info().content_size, 18u);
}

}  // namespace
