// The file pager: the file's bytes, zeros after its end, an error for what has gone missing.
#include "devices/pager/file/file_pager.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <zircon/errors.h>

#include <chrono>
#include <fstream>
#include <iterator>
#include <string>

#include "tests/devices/support/fake_vmo.h"
#include "tests/devices/support/recording_answer.h"
#include "tests/devices/support/temporary_directory.h"

namespace {

using base::kPageSize;
using pager::FileAccess;
using pager::FilePager;

std::string Pattern(size_t size) {
  std::string text(size, '\0');
  for (size_t i = 0; i < size; ++i) {
    text[i] = static_cast<char>('a' + (i * 7 + i / kPageSize) % 26);
  }
  return text;
}

std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

class FilePagerTest : public testing::Test {
 protected:
  std::shared_ptr<pager::PageSource> Serve(const std::string& content) {
    content_ = content;
    path_ = directory_.Write("file", content);
    return FilePager::Create(context_.get_executor(), path_, FileAccess::kReadOnly).value()->Open("").value();
  }
  // Reads into `buffer`, in pieces of that many pages.
  static zx_status_t Read(pager::PageSource& source, uint64_t offset, test::PageBuffer& buffer,
                          const std::vector<size_t>& pieces) {
    test::AnswerRecord record;
    source.Read({offset, buffer.Pieces(pieces), std::make_unique<test::RecordingAnswer>(record)});
    EXPECT_EQ(record.count, 1) << "a file is read at once";
    return record.status;
  }
  // The file from `offset`, zeros after its end.
  [[nodiscard]] std::string Expected(uint64_t offset, uint64_t length) const {
    std::string expected = content_.substr(std::min<size_t>(offset, content_.size()), length);
    expected.resize(length, '\0');
    return expected;
  }

  boost::asio::io_context context_;
  test::TemporaryDirectory directory_;
  std::string path_;
  std::string content_;
};

TEST_F(FilePagerTest, SizeIsRoundedUpToPages) {
  const auto source = Serve(Pattern(kPageSize + 1));
  EXPECT_EQ(source->info().content_size, kPageSize + 1);
  EXPECT_EQ(source->info().size, 2 * kPageSize);
  EXPECT_TRUE(source->info().read_only);
}

TEST_F(FilePagerTest, EmptyFileHasNoPages) {
  const auto source = Serve("");
  EXPECT_EQ(source->info().content_size, 0u);
  EXPECT_EQ(source->info().size, 0u);
}

TEST_F(FilePagerTest, PagesHoldTheFile) {
  const auto source = Serve(Pattern(5 * kPageSize));
  test::PageBuffer buffer(3);
  EXPECT_EQ(Read(*source, kPageSize, buffer, {3}), ZX_OK);
  EXPECT_TRUE(buffer.text() == Expected(kPageSize, 3 * kPageSize));
}

TEST_F(FilePagerTest, ScatteredPagesHoldTheFileInOrder) {
  const auto source = Serve(Pattern(8 * kPageSize));
  test::PageBuffer buffer(6);
  EXPECT_EQ(Read(*source, 2 * kPageSize, buffer, {1, 3, 2}), ZX_OK);
  EXPECT_TRUE(buffer.text() == Expected(2 * kPageSize, 6 * kPageSize));
}

TEST_F(FilePagerTest, TailOfTheLastPageIsZero) {
  const auto source = Serve(Pattern(2 * kPageSize + 10));
  test::PageBuffer buffer(2);
  EXPECT_EQ(Read(*source, kPageSize, buffer, {1, 1}), ZX_OK);
  EXPECT_TRUE(buffer.text() == Expected(kPageSize, 2 * kPageSize));
}

TEST_F(FilePagerTest, MorePiecesThanOneCallTakesAreRead) {
  constexpr size_t kPages = 1100;  // IOV_MAX is 1024
  const auto source = Serve(Pattern(kPages * kPageSize));
  test::PageBuffer buffer(kPages);
  EXPECT_EQ(Read(*source, 0, buffer, std::vector<size_t>(kPages, 1)), ZX_OK);
  EXPECT_TRUE(buffer.text() == content_);
}

TEST_F(FilePagerTest, FileThatHasShrunkIsAnError) {
  const auto source = Serve(Pattern(3 * kPageSize));
  ASSERT_EQ(::truncate(path_.c_str(), kPageSize + 1), 0);
  test::PageBuffer buffer(2);
  EXPECT_EQ(Read(*source, kPageSize, buffer, {2}), ZX_ERR_IO);
  EXPECT_EQ(Read(*source, 2 * kPageSize, buffer, {1}), ZX_ERR_IO);
  EXPECT_EQ(Read(*source, 0, buffer, {1}), ZX_OK) << "what is still there can be read";
}

TEST_F(FilePagerTest, FileThatHasGrownKeepsItsSizeAndItsZeroTail) {
  const auto source = Serve(Pattern(10));
  std::ofstream(path_, std::ios::app) << Pattern(2 * kPageSize);
  test::PageBuffer buffer(1);
  EXPECT_EQ(Read(*source, 0, buffer, {1}), ZX_OK);
  EXPECT_TRUE(buffer.text() == Expected(0, kPageSize));
  EXPECT_EQ(source->info().size, kPageSize);
}

TEST_F(FilePagerTest, OnlyTheFileItselfExists) {
  Serve("x");
  const auto pager = FilePager::Create(context_.get_executor(), path_, FileAccess::kReadOnly).value();
  EXPECT_EQ(pager->Open("x").error(), ZX_ERR_NOT_FOUND);
  EXPECT_EQ(pager->Open("../file").error(), ZX_ERR_NOT_FOUND);
}

TEST_F(FilePagerTest, FifoIsRefusedWithoutWaitingForAWriter) {
  const std::string path = directory_.Path("fifo");
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  EXPECT_FALSE(FilePager::Create(context_.get_executor(), path, FileAccess::kReadOnly).ok());
}

TEST_F(FilePagerTest, FileThatCannotBeWrittenIsRefusedAndReadOnlyProposed) {
  // The program that runs is such a file, for root too.
  const auto writable = FilePager::Create(context_.get_executor(), "/proc/self/exe", FileAccess::kReadWrite);
  ASSERT_FALSE(writable.ok());
  EXPECT_NE(writable.error().message.find("',ro'"), std::string::npos) << writable.error().message;
  EXPECT_TRUE(FilePager::Create(context_.get_executor(), "/proc/self/exe", FileAccess::kReadOnly).ok());
}

TEST_F(FilePagerTest, SizeIsTakenFromTheFileWhenNobodyHasItOpen) {
  Serve("x");
  const auto pager = FilePager::Create(context_.get_executor(), path_, FileAccess::kReadOnly).value();
  auto first = pager->Open("").value();
  std::ofstream(path_, std::ios::app) << "yz";
  EXPECT_EQ(pager->Open("").value()->info().content_size, 1u) << "one guest's object does not change under it";
  first.reset();
  EXPECT_EQ(pager->Open("").value()->info().content_size, 3u);
}

TEST_F(FilePagerTest, WhatTheGuestWroteIsInTheFileAtComplete) {
  path_ = directory_.Write("file", Pattern(2 * kPageSize + 10));
  const auto pager =
      FilePager::Create(context_.get_executor(), path_, FileAccess::kResizable, {.interval = std::chrono::hours(1)})
          .value();
  const auto source = pager->Open("").value();
  EXPECT_TRUE(source->info().resizable);
  EXPECT_FALSE(source->info().trap_dirty);
  const auto vmo = std::make_shared<test::FakeVmo>(2 * kPageSize + 10);
  source->Attach(vmo);
  vmo->Write(kPageSize, std::string(2 * kPageSize, 'x'));
  vmo->Resize(3 * kPageSize + 1);
  test::AnswerRecord complete;
  source->Complete(pager::CompleteRequest(std::make_unique<test::RecordingAnswer>(complete)));
  context_.poll();
  EXPECT_EQ(complete.status, ZX_OK);
  EXPECT_TRUE(ReadFile(path_) == Pattern(kPageSize) + std::string(2 * kPageSize, 'x') + std::string(1, '\0'));
  EXPECT_EQ(source->info().content_size, 3 * kPageSize + 1);
}

TEST_F(FilePagerTest, DirtyLimitMakesTheObjectTrapDirtyPages) {
  path_ = directory_.Write("file", "x");
  const auto pager =
      FilePager::Create(context_.get_executor(), path_, FileAccess::kReadWrite, {.dirty_limit = kPageSize}).value();
  EXPECT_TRUE(pager->Open("").value()->info().trap_dirty);
}

}  // namespace
