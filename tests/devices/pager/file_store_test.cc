// A host file as a store: written in place, and an error for everything that the file system will not do.
#include "devices/pager/file/file_store.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <zircon/errors.h>

#include <csignal>
#include <fstream>
#include <iterator>
#include <string>

#include "tests/devices/support/recording_answer.h"
#include "tests/devices/support/temporary_directory.h"

namespace {

using base::kPageSize;
using pager::FileAccess;
using pager::FileStore;

class FileStoreTest : public testing::Test {
 protected:
  // A file of `size` times '.', open as `mode` says.
  std::shared_ptr<FileStore> Store(size_t size, int mode = O_RDWR) {
    path_ = directory_.Write("file", std::string(size, '.'));
    return std::make_shared<FileStore>(Open(mode), path_, size, FileAccess::kResizable);
  }
  [[nodiscard]] dev::UniqueFd Open(int mode) const { return dev::UniqueFd(::open(path_.c_str(), mode | O_CLOEXEC)); }
  static zx_status_t Write(FileStore& store, uint64_t offset, std::string text) {
    const iovec piece{.iov_base = text.data(), .iov_len = text.size()};
    return store.Write(offset, std::span(&piece, 1));
  }
  [[nodiscard]] std::string File() const {
    std::ifstream file(path_, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  test::TemporaryDirectory directory_;
  std::string path_;
};

TEST_F(FileStoreTest, BytesAreWrittenInPlace) {
  const auto store = Store(3 * kPageSize);
  EXPECT_EQ(Write(*store, kPageSize, std::string(kPageSize, 'x')), ZX_OK);
  EXPECT_EQ(store->Sync(), ZX_OK);
  EXPECT_TRUE(File() == std::string(kPageSize, '.') + std::string(kPageSize, 'x') + std::string(kPageSize, '.'));
}

TEST_F(FileStoreTest, ZerosBecomeAHole) {
  const auto store = Store(64 * kPageSize);
  ASSERT_EQ(store->Sync(), ZX_OK);
  struct stat before;
  struct stat after;
  ASSERT_EQ(::stat(path_.c_str(), &before), 0);
  EXPECT_EQ(store->Zero(0, 63 * kPageSize), ZX_OK);
  EXPECT_EQ(store->Sync(), ZX_OK);
  ASSERT_EQ(::stat(path_.c_str(), &after), 0);
  EXPECT_TRUE(File() == std::string(63 * kPageSize, '\0') + std::string(kPageSize, '.'));
  EXPECT_LT(after.st_blocks, before.st_blocks);
}

TEST_F(FileStoreTest, SizeFollowsTheGuest) {
  const auto store = Store(10);
  EXPECT_EQ(store->SetSize(2 * kPageSize), ZX_OK);
  EXPECT_EQ(File().size(), 2 * kPageSize);
  EXPECT_EQ(store->info().content_size, 2 * kPageSize);
  EXPECT_EQ(store->SetSize(3), ZX_OK);
  EXPECT_EQ(File(), "...");
  EXPECT_EQ(store->info().size, kPageSize);
}

TEST_F(FileStoreTest, SizeIsFixedUnlessTheFileIsResizable) {
  Store(10);
  FileStore store(Open(O_RDWR), path_, 10, FileAccess::kReadWrite);
  EXPECT_EQ(store.SetSize(5), ZX_ERR_NOT_SUPPORTED);
  EXPECT_EQ(store.SetSize(20), ZX_ERR_NOT_SUPPORTED);
  EXPECT_EQ(File().size(), 10u);
}

TEST_F(FileStoreTest, FullFileSystemIsNoSpace) {
  const auto store = Store(kPageSize);
  // A limit on the size of files stands for a full disk; both are told apart from errors of the medium.
  rlimit limit;
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &limit), 0);
  const rlimit small{.rlim_cur = 2 * kPageSize, .rlim_max = limit.rlim_max};
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  const zx_status_t written = Write(*store, 2 * kPageSize, "x");
  const zx_status_t sized = store->SetSize(3 * kPageSize);
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &limit), 0);
  std::signal(SIGXFSZ, handler);
  EXPECT_EQ(written, ZX_ERR_NO_SPACE);
  EXPECT_EQ(sized, ZX_ERR_NO_SPACE);
  EXPECT_EQ(store->info().content_size, kPageSize);
  EXPECT_EQ(File().size(), kPageSize);
}

TEST_F(FileStoreTest, DeviceThatIsFullIsNoSpace) {
  path_ = "/dev/full";
  FileStore store(Open(O_RDWR), path_, kPageSize, FileAccess::kReadWrite);
  EXPECT_EQ(Write(store, 0, "x"), ZX_ERR_NO_SPACE);
}

TEST_F(FileStoreTest, OtherErrorsAreErrorsOfInputAndOutput) {
  // Descriptors that cannot be read or written stand for a disk that cannot.
  const auto unreadable = Store(kPageSize, O_WRONLY);
  test::PageBuffer buffer(1);
  EXPECT_EQ(unreadable->Read(0, buffer.Pieces({1})), ZX_ERR_IO);
  EXPECT_EQ(unreadable->ReadNow(0, buffer.Pieces({1})), ZX_ERR_IO);
  const auto unwritable = Store(kPageSize, O_RDONLY);
  EXPECT_EQ(Write(*unwritable, 0, "x"), ZX_ERR_IO);
  EXPECT_EQ(unwritable->Zero(0, kPageSize), ZX_ERR_IO);
  EXPECT_TRUE(File() == std::string(kPageSize, '.'));
}

TEST_F(FileStoreTest, WhatIsInThePageCacheIsReadAtOnce) {
  const auto store = Store(3 * kPageSize);
  test::PageBuffer buffer(3);
  EXPECT_EQ(store->ReadNow(0, buffer.Pieces({2, 1})), ZX_OK);
  EXPECT_TRUE(buffer.text() == std::string(3 * kPageSize, '.'));
}

TEST_F(FileStoreTest, WhatIsNotInThePageCacheWaits) {
  const auto store = Store(64 * kPageSize);
  ASSERT_EQ(store->Sync(), ZX_OK);
  const dev::UniqueFd file = Open(O_RDONLY);
  test::PageBuffer buffer(64);
  zx_status_t status = ZX_OK;
  // The host drops pages when it sees fit.
  for (int attempt = 0; attempt < 100 && status == ZX_OK; ++attempt) {
    ASSERT_EQ(::posix_fadvise(file.get(), 0, 0, POSIX_FADV_DONTNEED), 0);
    status = store->ReadNow(0, buffer.Pieces({64}));
  }
  if (status == ZX_OK) {
    GTEST_SKIP() << "the host kept every page of the file in memory through 100 requests to drop them";
  }
  EXPECT_EQ(status, ZX_ERR_SHOULD_WAIT);
  EXPECT_EQ(store->Read(0, buffer.Pieces({64})), ZX_OK);
  EXPECT_TRUE(buffer.text() == std::string(64 * kPageSize, '.'));
}

TEST_F(FileStoreTest, WhatIsNoFileIsRefused) {
  path_ = "/dev/null";
  EXPECT_FALSE(FileStore::Create(Open(O_RDWR), path_, FileAccess::kReadWrite).ok());
  path_ = directory_.Path("");
  const auto refused = FileStore::Create(Open(O_RDONLY), path_, FileAccess::kReadOnly);
  ASSERT_FALSE(refused.ok());
  EXPECT_NE(refused.error().message.find("is a directory"), std::string::npos);
}

}  // namespace
