// A blob as a store: the bytes of the content, each chunk decompressed no more often than it must be.
#include "devices/pager/blob/blob_store.h"

#include <gtest/gtest.h>
#include <zircon/errors.h>

#include <atomic>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "tests/devices/pager/blob/blob_bytes.h"
#include "tests/devices/support/recording_answer.h"

namespace {

using base::kPageSize;
using pager::blob::BlobStore;
using test::Pattern;

constexpr uint64_t kChunk = 16 * kPageSize;
constexpr uint64_t kPagesPerChunk = 16;

class BlobStoreTest : public testing::Test {
 protected:
  BlobStore& Serve(size_t size) {
    content_ = Pattern(size);
    return Serve(test::MakeBlob(content_, kChunk));
  }
  BlobStore& Serve(const std::string& blob) {
    store_ = std::make_shared<BlobStore>(context_.get_executor(), test::OpenBlob(blob).value());
    return *store_;
  }
  // That many pages, which must be right.
  static void ExpectContent(BlobStore& store, const std::string& content, uint64_t page, std::vector<size_t> pieces) {
    size_t pages = 0;
    for (const size_t piece : pieces) {
      pages += piece;
    }
    test::PageBuffer buffer(pages);
    ASSERT_EQ(store.Read(page * kPageSize, buffer.Pieces(pieces)), ZX_OK);
    std::string expected = content.substr(page * kPageSize, pages * kPageSize);
    expected.resize(pages * kPageSize, '\0');
    EXPECT_TRUE(buffer.text() == expected) << "from page " << page;
  }
  zx_status_t ReadNow(uint64_t page) {
    test::PageBuffer buffer(1);
    const zx_status_t status = store_->ReadNow(page * kPageSize, buffer.Pieces({1}));
    EXPECT_TRUE(status != ZX_OK || buffer.text() == content_.substr(page * kPageSize, kPageSize));
    return status;
  }
  zx_status_t Read(uint64_t page) {
    test::PageBuffer buffer(1);
    return store_->Read(page * kPageSize, buffer.Pieces({1}));
  }

  boost::asio::io_context context_;
  std::string content_;
  std::shared_ptr<BlobStore> store_;
};

TEST_F(BlobStoreTest, VersionIsThatOfTheContentAndNotOfTheFile) {
  const std::string content = Pattern(3 * kPageSize);
  const std::string version = Serve(test::MakeBlob(content, kPageSize)).content_version();
  EXPECT_EQ(Serve(test::MakeBlob(content, kChunk)).content_version(), version);
  EXPECT_NE(Serve(test::MakeBlob(Pattern(3 * kPageSize - 1), kChunk)).content_version(), version);
}

TEST_F(BlobStoreTest, ObjectIsReadOnlyAndAsLargeAsTheContent) {
  const pager::ObjectInfo info = Serve(kChunk + 5).info();
  EXPECT_TRUE(info.read_only);
  EXPECT_EQ(info.content_size, kChunk + 5);
  EXPECT_EQ(info.size, kChunk + kPageSize);
  EXPECT_EQ(Serve(0).info().size, 0u);
}

TEST_F(BlobStoreTest, PagesAcrossChunksHoldTheContentAndZerosBehindIt) {
  BlobStore& store = Serve(3 * kChunk + 5);
  ExpectContent(store, content_, 3, {1, 20, 5, 3});
  ExpectContent(store, content_, 3 * kPagesPerChunk - 1, {1, 1});
}

TEST_F(BlobStoreTest, PagesInSequenceDecompressTheirChunkOnce) {
  BlobStore& store = Serve(2 * kChunk);
  for (uint64_t page = 0; page < 2 * kPagesPerChunk; ++page) {
    ExpectContent(store, content_, page, {1});
  }
  EXPECT_EQ(store.loads(), 2u);
}

TEST_F(BlobStoreTest, WhatHasBeenVerifiedIsReadAtOnce) {
  Serve(2 * kChunk);
  EXPECT_EQ(ReadNow(0), ZX_ERR_SHOULD_WAIT);
  EXPECT_EQ(Read(0), ZX_OK);
  EXPECT_EQ(ReadNow(0), ZX_OK);
  EXPECT_EQ(ReadNow(1), ZX_ERR_SHOULD_WAIT) << "nobody has asked for it";
  EXPECT_EQ(Read(1), ZX_OK);
  EXPECT_EQ(ReadNow(9), ZX_OK) << "the second read expected more";
  EXPECT_EQ(ReadNow(kPagesPerChunk), ZX_ERR_SHOULD_WAIT) << "of another chunk";
}

TEST_F(BlobStoreTest, NextChunkIsReadyForWhoReadsOneAfterAnother) {
  Serve(4 * kChunk);
  EXPECT_EQ(Read(0), ZX_OK);
  context_.poll();
  EXPECT_EQ(ReadNow(kPagesPerChunk), ZX_ERR_SHOULD_WAIT) << "one page is no sequence";
  EXPECT_EQ(Read(1), ZX_OK);
  context_.restart();
  context_.poll();
  for (uint64_t page = kPagesPerChunk; page < 3 * kPagesPerChunk; ++page) {
    EXPECT_EQ(ReadNow(page), ZX_OK) << page;
    context_.restart();
    context_.poll();
  }
  EXPECT_EQ(store_->loads(), 4u);
}

TEST_F(BlobStoreTest, WholeChunksAreASequenceToo) {
  Serve(4 * kChunk);
  test::PageBuffer buffer(kPagesPerChunk);
  EXPECT_EQ(store_->Read(0, buffer.Pieces({kPagesPerChunk})), ZX_OK);
  context_.poll();
  EXPECT_EQ(store_->ReadNow(kChunk, buffer.Pieces({kPagesPerChunk})), ZX_OK);
  EXPECT_TRUE(buffer.text() == content_.substr(kChunk, kChunk));
}

TEST_F(BlobStoreTest, NothingIsReadAheadForPlacesThatAreFarApart) {
  Serve(20 * kChunk);
  for (uint64_t chunk = 1; chunk < 20; chunk += 2) {
    EXPECT_EQ(Read(chunk * kPagesPerChunk + 3), ZX_OK);
    EXPECT_EQ(Read(chunk * kPagesPerChunk + 9), ZX_OK);
  }
  EXPECT_EQ(context_.poll(), 0u);
  EXPECT_EQ(store_->loads(), 10u);
}

TEST_F(BlobStoreTest, ChunkThatIsDamagedIsNoErrorOfReadingAhead) {
  content_ = Pattern(2 * kChunk);
  const std::string blob = test::MakeBlob(content_, kChunk);
  Serve(test::Flipped(blob, 8 * blob.size() - 100));
  EXPECT_EQ(Read(0), ZX_OK);
  EXPECT_EQ(Read(1), ZX_OK);
  EXPECT_EQ(context_.poll(), 1u);
  EXPECT_EQ(ReadNow(kPagesPerChunk), ZX_ERR_SHOULD_WAIT);
  EXPECT_EQ(Read(kPagesPerChunk), ZX_ERR_IO_DATA_INTEGRITY);
}

TEST_F(BlobStoreTest, MoreChunksThanAreKeptAreReadRight) {
  constexpr uint64_t kChunks = 200;
  BlobStore& store = Serve(kChunks * kChunk);
  std::mt19937_64 random(1);
  for (int i = 0; i < 1000; ++i) {
    ExpectContent(store, content_, random() % (kChunks * kPagesPerChunk), {1});
  }
  EXPECT_GT(store.loads(), kChunks) << "they cannot all have been kept";
}

TEST_F(BlobStoreTest, DamagedChunkIsAnErrorEachTimeAndOthersAreServed) {
  content_ = Pattern(3 * kChunk);
  const std::string blob = test::MakeBlob(content_, kChunk);
  Serve(test::Flipped(blob, 8 * blob.size() - 100));
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(Read(2 * kPagesPerChunk), ZX_ERR_IO_DATA_INTEGRITY);
    EXPECT_EQ(ReadNow(2 * kPagesPerChunk), ZX_ERR_SHOULD_WAIT);
    EXPECT_EQ(Read(kPagesPerChunk), ZX_OK);
  }
  test::PageBuffer buffer(2);
  EXPECT_EQ(store_->Read((2 * kPagesPerChunk - 1) * kPageSize, buffer.Pieces({2})), ZX_ERR_IO_DATA_INTEGRITY);
}

TEST_F(BlobStoreTest, ThreadsThatReadTheSameChunksGetTheContent) {
  constexpr uint64_t kChunks = 70;
  BlobStore& store = Serve(kChunks * kChunk);
  auto work = boost::asio::make_work_guard(context_);
  std::thread ahead([this] { context_.run(); });
  std::vector<std::thread> threads;
  for (unsigned seed = 0; seed < 4; ++seed) {
    threads.emplace_back([&store, this, seed] {
      std::mt19937_64 random(seed / 2);  // two of each
      for (int i = 0; i < 300; ++i) {
        const uint64_t page = i % 2 == 0 ? random() % (kChunks * kPagesPerChunk) : static_cast<uint64_t>(i);
        if (test::PageBuffer buffer(1); store.ReadNow(page * kPageSize, buffer.Pieces({1})) == ZX_OK) {
          EXPECT_TRUE(buffer.text() == content_.substr(page * kPageSize, kPageSize));
        }
        ExpectContent(store, content_, page, {1});
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  work.reset();
  ahead.join();
}

}  // namespace
