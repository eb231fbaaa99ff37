// A store as a page source: reads at once when they can be, elsewhere when they would wait, and what the guest wrote
// comes back.
#include "devices/pager/store_source.h"

#include <gtest/gtest.h>
#include <zircon/errors.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <memory>
#include <optional>
#include <string>

#include "tests/devices/support/fake_vmo.h"
#include "tests/devices/support/manual_alarm.h"
#include "tests/devices/support/recording_answer.h"

namespace {

using base::kPageSize;
using pager::StoreSource;

constexpr uint64_t kSize = 4 * kPageSize;

// A string; reads find it in the cache, or do not.
class StringStore final : public pager::Store {
 public:
  explicit StringStore(pager::ObjectInfo info) : info_(info), text(info.content_size, '.') {}

  [[nodiscard]] pager::ObjectInfo info() const override { return info_; }
  zx_status_t Read(uint64_t offset, std::span<const iovec> pages) override {
    ++reads;
    for (const iovec& piece : pages) {
      std::memset(piece.iov_base, 0, piece.iov_len);
      text.copy(static_cast<char*>(piece.iov_base), piece.iov_len, offset);
      offset += piece.iov_len;
    }
    return read_status;
  }
  [[nodiscard]] std::optional<pager::FileRange> RangeOf(uint64_t, uint64_t) const override { return range; }
  zx_status_t ReadNow(uint64_t offset, std::span<const iovec> pages) override {
    return cached ? Read(offset, pages) : ZX_ERR_SHOULD_WAIT;
  }
  zx_status_t Write(uint64_t offset, std::span<const iovec> data) override {
    for (const iovec& piece : data) {
      largest_write = std::max(largest_write, piece.iov_len);
      text.replace(offset, piece.iov_len, static_cast<const char*>(piece.iov_base), piece.iov_len);
      offset += piece.iov_len;
    }
    return ZX_OK;
  }

 private:
  const pager::ObjectInfo info_;

 public:
  std::string text;
  bool cached = false;
  std::optional<pager::FileRange> range;
  zx_status_t read_status = ZX_OK;
  int reads = 0;
  size_t largest_write = 0;
};

class StoreSourceTest : public testing::Test {
 protected:
  void Create(pager::ObjectInfo info, pager::WritebackOptions options = {}) {
    store_ = std::make_shared<StringStore>(info);
    source_ = std::make_shared<StoreSource>(context_.get_executor(), store_, options,
                                            std::make_unique<test::ManualAlarm>(clock_));
  }
  void Read() { source_->Read({0, buffer_.Pieces({4}), std::make_unique<test::RecordingAnswer>(read_)}); }
  void Complete() { source_->Complete(pager::CompleteRequest(std::make_unique<test::RecordingAnswer>(complete_))); }

  boost::asio::io_context context_;
  test::AlarmClock clock_;
  std::shared_ptr<StringStore> store_;
  std::shared_ptr<StoreSource> source_;
  test::PageBuffer buffer_{4};
  test::AnswerRecord read_;
  test::AnswerRecord complete_;
};

TEST_F(StoreSourceTest, WhatIsThereIsReadAtOnce) {
  Create({.size = kSize, .content_size = kSize});
  store_->cached = true;
  Read();
  EXPECT_EQ(read_.count, 1);
  EXPECT_EQ(read_.status, ZX_OK);
  EXPECT_TRUE(buffer_.text() == store_->text);
  EXPECT_EQ(context_.poll(), 0u);
}

TEST_F(StoreSourceTest, WhatWouldWaitIsReadElsewhere) {
  Create({.size = kSize, .content_size = kSize});
  Read();
  EXPECT_EQ(read_.count, 0);
  context_.poll();
  EXPECT_EQ(read_.count, 1);
  EXPECT_EQ(read_.status, ZX_OK);
  EXPECT_EQ(store_->reads, 1);
}

// Stands for a guest in another process, where the file can be read.
class FileReader final : public pager::Answer {
 public:
  explicit FileReader(std::optional<pager::FileRange>& range) : range_(range) {}
  void OnAnswer(zx_status_t status) override { ADD_FAILURE() << status; }
  bool OnFileRange(const pager::FileRange& range) override {
    range_ = range;
    return true;
  }

 private:
  std::optional<pager::FileRange>& range_;
};

TEST_F(StoreSourceTest, WhoCanReadTheFileGetsItsRange) {
  Create({.size = kSize, .content_size = kSize});
  store_->range = pager::FileRange{.descriptor = 5, .offset = 7, .length = 9};
  std::optional<pager::FileRange> range;
  source_->Read({0, buffer_.Pieces({4}), std::make_unique<FileReader>(range)});
  ASSERT_TRUE(range);
  EXPECT_EQ(range->descriptor, 5);
  EXPECT_EQ(store_->reads, 0);
  Read();
  context_.poll();
  EXPECT_EQ(read_.status, ZX_OK) << "who cannot gets the bytes";
  EXPECT_EQ(store_->reads, 1);
}

TEST_F(StoreSourceTest, ErrorOfAReadIsItsAnswer) {
  Create({.size = kSize, .content_size = kSize});
  store_->read_status = ZX_ERR_IO_DATA_INTEGRITY;
  Read();
  context_.poll();
  EXPECT_EQ(read_.status, ZX_ERR_IO_DATA_INTEGRITY);
}

TEST_F(StoreSourceTest, SourceMayGoBeforeItsReads) {
  Create({.size = kSize, .content_size = kSize});
  Read();
  source_.reset();
  context_.poll();
  EXPECT_EQ(read_.status, ZX_OK);
}

TEST_F(StoreSourceTest, WhatTheGuestWroteIsStoredAtComplete) {
  Create({.size = kSize, .content_size = kSize});
  const auto vmo = std::make_shared<test::FakeVmo>(kSize);
  source_->Attach(vmo);
  vmo->Write(kPageSize, "hello");
  Complete();
  context_.poll();
  EXPECT_EQ(complete_.status, ZX_OK);
  EXPECT_EQ(store_->text.substr(kPageSize, 5), "hello");
}

TEST_F(StoreSourceTest, FlushIsOnRequest) {
  Create({.size = kSize, .content_size = kSize});
  const auto vmo = std::make_shared<test::FakeVmo>(kSize);
  source_->Attach(vmo);
  vmo->Write(0, "hello");
  zx_status_t status = ZX_ERR_INTERNAL;
  source_->Flush([&status](zx_status_t answer) { status = answer; });
  context_.poll();
  EXPECT_EQ(status, ZX_OK);
  EXPECT_EQ(store_->text.substr(0, 5), "hello");
}

TEST_F(StoreSourceTest, ZerosAreWrittenWhereThereIsNoBetterWay) {
  constexpr uint64_t kLarge = 50 * kPageSize;
  Create({.size = kLarge, .content_size = kLarge - 100});
  const auto vmo = std::make_shared<test::FakeVmo>(kLarge - 100);
  source_->Attach(vmo);
  vmo->Zero(0, 50);
  Complete();
  context_.poll();
  EXPECT_EQ(complete_.status, ZX_OK);
  EXPECT_TRUE(store_->text == std::string(kLarge - 100, '\0'));
  EXPECT_LE(store_->largest_write, 64u * 1024);
}

TEST_F(StoreSourceTest, ReadOnlyObjectHasNothingToWriteBack) {
  Create({.size = kSize, .content_size = kSize, .read_only = true}, {.interval = std::chrono::seconds(1)});
  const auto vmo = std::make_shared<test::FakeVmo>(kSize);
  source_->Attach(vmo);
  context_.poll();
  EXPECT_FALSE(clock_.set);
  Complete();
  EXPECT_EQ(complete_.count, 1);
  EXPECT_TRUE(vmo->log().empty());
}

TEST_F(StoreSourceTest, DirtyLimitTrapsDirtyPagesOfWritableObjects) {
  Create({.size = kSize, .content_size = kSize}, {.dirty_limit = kPageSize});
  EXPECT_TRUE(source_->info().trap_dirty);
  test::AnswerRecord dirty;
  source_->Dirty({0, kPageSize, std::make_unique<test::RecordingAnswer>(dirty)});
  EXPECT_EQ(dirty.status, ZX_OK);
  Create({.size = kSize, .content_size = kSize, .read_only = true}, {.dirty_limit = kPageSize});
  EXPECT_FALSE(source_->info().trap_dirty);
}

}  // namespace
