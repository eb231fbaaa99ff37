// Blob files: what goes in comes out, and whatever else a file holds is found before anybody sees it.
#include "devices/pager/blob/blob_file.h"

#include <gtest/gtest.h>
#include <libdeflate.h>
#include <sys/stat.h>
#include <zircon/errors.h>
#include <zstd.h>

#include <random>
#include <string>
#include <vector>

#include "tests/devices/pager/blob/blob_bytes.h"
#include "tests/devices/support/temporary_directory.h"

namespace {

using base::kPageSize;
using pager::blob::BlobFile;
using pager::blob::Chunk;
using pager::blob::ChunkEntry;
using pager::blob::Header;
using test::MakeBlob;
using test::OpenBlob;
using test::Pattern;

constexpr uint64_t kChunk = 4 * kPageSize;

// The chunk's content, or the status that it is refused with.
struct Loaded {
  zx_status_t status;
  std::string content;
};
Loaded LoadChunk(const BlobFile& file, uint64_t index) {
  Chunk chunk;
  if (const zx_status_t status = file.Load(index, chunk); status != ZX_OK) {
    return {status, ""};
  }
  const auto bytes = chunk.Verified(0, file.layout().ChunkContent(index));
  if (!bytes) {
    return {ZX_ERR_IO_DATA_INTEGRITY, ""};
  }
  return {ZX_OK, {reinterpret_cast<const char*>(bytes->data()), bytes->size()}};
}

// All content; "" when a chunk is refused.
std::string ContentOf(const BlobFile& file) {
  std::string content;
  for (uint64_t index = 0; index < file.layout().chunks(); ++index) {
    const Loaded loaded = LoadChunk(file, index);
    if (loaded.status != ZX_OK) {
      return "";
    }
    content += loaded.content;
  }
  return content;
}

void ExpectRefused(const std::string& bytes, const std::string& reason) {
  const auto file = OpenBlob(bytes);
  ASSERT_FALSE(file.ok());
  EXPECT_NE(file.error().message.find(reason), std::string::npos) << file.error().message;
  EXPECT_EQ(file.error().message.find("blob: "), 0u) << "the file is named";
  EXPECT_EQ(file.error().message.find('\n'), std::string::npos);
}

// The field of a header, changed.
template <typename T>
std::string WithField(std::string bytes, T Header::*field, T value) {
  Header header;
  std::memcpy(&header, bytes.data(), sizeof(header));
  header.*field = value;
  std::memcpy(bytes.data(), &header, sizeof(header));
  test::Reseal(bytes);
  return bytes;
}

struct KnownRoot {
  size_t size;
  const char* digest;
};

class RootOf : public testing::TestWithParam<KnownRoot> {};

// What fsverity-utils 1.5 prints for files of this pattern.
INSTANTIATE_TEST_SUITE_P(
    Size, RootOf,
    testing::Values(KnownRoot{0, "3d248ca542a24fc62d1c43b916eae5016878e2533c88238480b26128a1f1af95"},
                    KnownRoot{1, "b803429503d95915829b29fdbc8bbad142f3abfd11b1cadf5526582e685c0551"},
                    KnownRoot{4096, "87a706bdba32be89a173dc11d6a91c08165b4dcfcf743988c94595e82934a41a"},
                    KnownRoot{4097, "a4320d7c02e4663ab5e68f9c4104442b495b42611587610eeff876aa21e8c8bb"},
                    KnownRoot{524288, "576e4054c203aa6b1289c14e6b30a2e80fab133e57ef28f679d7cbc179d3a4ff"},
                    KnownRoot{524289, "224b5c7d7bce1476f46a7825f79169e3167141ca9fd7676f17ee6ed0c66511cd"},
                    KnownRoot{1228805, "24da5827351adacfe050d672212a4b647df9629c6369615594e187c1e7106c59"}),
    [](const auto& parameter) { return std::to_string(parameter.param.size); });

TEST_P(RootOf, ContentIsItsFsVerityDigestAndComesOutAsItWentIn) {
  const std::string content = Pattern(GetParam().size);
  const std::string bytes = MakeBlob(content, kChunk);
  const auto file = OpenBlob(bytes);
  ASSERT_TRUE(file.ok()) << file.error().message;
  EXPECT_EQ(pager::blob::ToHex(file.value().digest()), GetParam().digest);
  EXPECT_EQ(file.value().layout().content_size(), content.size());
  EXPECT_EQ(file.value().file_size(), bytes.size());
  EXPECT_TRUE(ContentOf(file.value()) == content);
}

TEST(BlobFile, RootDependsOnContentOnly) {
  const std::string content = Pattern(300 * kPageSize + 1);
  const auto small = OpenBlob(MakeBlob(content, kPageSize, 1)).value().digest();
  const auto large = OpenBlob(MakeBlob(content, uint64_t{1} << 20, 9)).value().digest();
  EXPECT_EQ(small, large);
  EXPECT_NE(OpenBlob(MakeBlob(content + '\0', kPageSize)).value().digest(), small) << "its size is part of it";
}

TEST(BlobFile, ContentOfAnotherRootIsRefused) {
  const std::string bytes = MakeBlob(Pattern(10), kChunk);
  const auto digest = OpenBlob(bytes).value().digest();
  EXPECT_TRUE(OpenBlob(bytes, digest).ok());
  const auto refused = OpenBlob(MakeBlob(Pattern(11), kChunk), digest);
  ASSERT_FALSE(refused.ok());
  EXPECT_NE(refused.error().message.find(pager::blob::ToHex(digest)), std::string::npos);
}

TEST(BlobFile, EveryFlippedBitOfHeaderAndTableIsFoundWhenItIsOpened) {
  const std::string bytes = MakeBlob(Pattern(3 * kChunk + 5), kChunk);
  const uint64_t end = OpenBlob(bytes).value().layout().table_offset() + 4 * sizeof(ChunkEntry);
  for (uint64_t bit = 0; bit < 8 * end; ++bit) {
    EXPECT_FALSE(OpenBlob(test::Flipped(bytes, bit)).ok()) << "bit " << bit;
  }
}

TEST(BlobFile, FlippedBitOfTheTreeAboveItsLeavesIsFoundWhenItIsOpened) {
  const std::string bytes = MakeBlob(Pattern(200 * kPageSize), kChunk);
  const auto level = OpenBlob(bytes).value().layout().levels().at(1);
  for (uint64_t bit = 8 * level.offset; bit < 8 * (level.offset + kPageSize); bit += 61) {
    ExpectRefused(test::Flipped(bytes, bit), "hash tree");
  }
}

// The block with the leaves of the first 128 pages.
TEST(BlobFile, FlippedBitOfALeafSpoilsThePagesBelowItsBlockAndNothingElse) {
  const std::string content = Pattern(200 * kPageSize);
  const std::string bytes = MakeBlob(content, kChunk);
  const uint64_t leaves = OpenBlob(bytes).value().layout().levels().at(0).offset;
  for (uint64_t bit = 8 * leaves; bit < 8 * (leaves + kPageSize); bit += 1021) {
    const auto file = OpenBlob(test::Flipped(bytes, bit));
    ASSERT_TRUE(file.ok());
    EXPECT_EQ(LoadChunk(file.value(), 0).status, ZX_ERR_IO_DATA_INTEGRITY);
    EXPECT_EQ(LoadChunk(file.value(), 31).status, ZX_ERR_IO_DATA_INTEGRITY);
    EXPECT_TRUE(LoadChunk(file.value(), 32).content == content.substr(32 * kChunk, kChunk));
  }
}

TEST(BlobFile, FlippedBitOfAChunkSpoilsThatChunkAndNothingElse) {
  const std::string content = Pattern(8 * kChunk);
  const std::string bytes = MakeBlob(content, kChunk);
  const uint64_t begin = OpenBlob(bytes).value().layout().data_offset();
  for (uint64_t bit = 8 * begin; bit < 8 * bytes.size(); bit += 13) {
    const auto file = OpenBlob(test::Flipped(bytes, bit));
    ASSERT_TRUE(file.ok());
    int damaged = 0;
    for (uint64_t index = 0; index < 8; ++index) {
      const Loaded loaded = LoadChunk(file.value(), index);
      damaged += loaded.status == ZX_ERR_IO_DATA_INTEGRITY ? 1 : 0;
      EXPECT_TRUE(loaded.status != ZX_OK || loaded.content == content.substr(index * kChunk, kChunk));
    }
    EXPECT_EQ(damaged, 1) << "bit " << bit;
  }
}

// A page that decompresses to something else, in a chunk that is not damaged otherwise.
TEST(BlobFile, PageThatIsNotWhatTheTreeSaysIsNotGivenOutAndItsNeighboursAre) {
  const std::string content = Pattern(kChunk);
  std::string forged = content;
  forged[kPageSize] ^= 1;
  const auto layout = OpenBlob(MakeBlob(content, kChunk)).value().layout();
  std::string bytes = MakeBlob(forged, kChunk);
  bytes.replace(layout.levels()[0].offset, kPageSize, MakeBlob(content, kChunk), layout.levels()[0].offset, kPageSize);
  Header honest;
  std::memcpy(&honest, MakeBlob(content, kChunk).data(), sizeof(honest));
  const auto file = OpenBlob(WithField(bytes, &Header::tree_root, honest.tree_root));
  ASSERT_TRUE(file.ok()) << file.error().message;
  Chunk chunk;
  ASSERT_EQ(file.value().Load(0, chunk), ZX_OK);
  EXPECT_FALSE(chunk.Verified(kPageSize, kPageSize));
  EXPECT_FALSE(chunk.Verified(0, kChunk));
  EXPECT_TRUE(chunk.Verified(0, kPageSize));
  EXPECT_TRUE(chunk.Verified(2 * kPageSize, 2 * kPageSize));
  EXPECT_FALSE(chunk.AlreadyVerified(kPageSize, kPageSize));
}

TEST(BlobFile, FileThatIsCutShortOrLongerIsRefused) {
  const std::string bytes = MakeBlob(Pattern(3 * kChunk), kChunk);
  for (size_t size = 0; size < bytes.size(); size += size < 256 ? 1 : 97) {
    EXPECT_FALSE(OpenBlob(bytes.substr(0, size)).ok()) << size;
  }
  ExpectRefused(bytes.substr(0, bytes.size() - 1), "not the");
  ExpectRefused(bytes + 'x', "not the");
}

TEST(BlobFile, FileThatIsCutShortLaterIsAnErrorOfReading) {
  const std::string bytes = MakeBlob(Pattern(2 * kChunk), kChunk);
  dev::UniqueFd descriptor = test::FileOf(bytes);
  const int raw = descriptor.get();
  const auto file = BlobFile::Open(std::move(descriptor), "blob", std::nullopt);
  ASSERT_EQ(::ftruncate(raw, static_cast<off_t>(bytes.size() - 1)), 0);
  EXPECT_EQ(LoadChunk(file.value(), 1).status, ZX_ERR_IO);
  EXPECT_EQ(LoadChunk(file.value(), 0).status, ZX_OK);
}

TEST(BlobFile, SizesThatCannotBeAreRefused) {
  const std::string bytes = MakeBlob(Pattern(3 * kChunk), kChunk);
  for (const uint32_t chunk_size : {0u, 1u, 2048u, 4097u, 12288u, 1u << 21, 1u << 31, ~0u}) {
    ExpectRefused(WithField(bytes, &Header::chunk_size, chunk_size), "damaged");
  }
  for (const uint64_t size : {uint64_t{1} << 44, uint64_t{1} << 45, uint64_t{1} << 63, ~uint64_t{0}}) {
    ExpectRefused(WithField(bytes, &Header::content_size, size), "damaged");
  }
  for (const uint64_t size : {uint64_t{1} << 30, uint64_t{1} << 37}) {
    ExpectRefused(WithField(bytes, &Header::content_size, size), "cut short");
  }
}

// As large as its header says, and nothing in it: nothing of that size may be kept in memory, or read to the end.
TEST(BlobFile, HugeFileOfNothingIsRefusedAtItsFirstEntry) {
  const std::string bytes = WithField(WithField(MakeBlob("x", kChunk), &Header::content_size, uint64_t{1} << 44),
                                      &Header::chunk_size, 1u << 20);
  dev::UniqueFd file = test::FileOf(bytes.substr(0, sizeof(Header)));
  ASSERT_EQ(::ftruncate(file.get(), off_t{1} << 43), 0);
  const auto refused = BlobFile::Open(std::move(file), "blob", std::nullopt);
  ASSERT_FALSE(refused.ok());
  EXPECT_NE(refused.error().message.find("damaged"), std::string::npos);
}

TEST(BlobFile, StoredSizesThatCannotBeAreRefused) {
  const std::string bytes = MakeBlob(Pattern(2 * kChunk), kChunk);
  for (const uint32_t size : {0u, 1u << 20, ~0u}) {
    std::string forged = bytes;
    std::memcpy(forged.data() + sizeof(Header), &size, sizeof(size));
    test::Reseal(forged);
    ExpectRefused(forged, "damaged");
  }
}

// A blob of one chunk, `frame`, that is right in everything else.
std::string WithFrame(std::string bytes, const std::string& frame) {
  const uint64_t data = OpenBlob(bytes).value().layout().data_offset();
  const ChunkEntry entry{.stored_size = static_cast<uint32_t>(frame.size()),
                         .checksum = static_cast<uint32_t>(::libdeflate_crc32(0, frame.data(), frame.size()))};
  bytes.resize(data);
  std::memcpy(bytes.data() + sizeof(Header), &entry, sizeof(entry));
  test::Reseal(bytes);
  return bytes + frame;
}

std::string Compress(const std::string& content) {
  std::string frame(ZSTD_compressBound(content.size()), '\0');
  frame.resize(ZSTD_compress(frame.data(), frame.size(), content.data(), content.size(), 1));
  return frame;
}

TEST(BlobFile, ChunkThatDecompressesToMoreOrLessIsDamaged) {
  const std::string bytes = MakeBlob(Pattern(kChunk), kChunk);
  const std::string good = WithFrame(bytes, Compress(Pattern(kChunk)));
  EXPECT_EQ(LoadChunk(OpenBlob(good).value(), 0).status, ZX_OK) << "this is how it is when it is right";
  for (const std::string& frame : {Compress(std::string(64 << 20, '\0')), Compress(Pattern(kChunk + 1)),
                                   Compress(Pattern(kChunk - 1)), std::string("\0", 1), std::string("no frame")}) {
    const auto file = OpenBlob(WithFrame(bytes, frame));
    ASSERT_TRUE(file.ok()) << file.error().message;
    EXPECT_EQ(LoadChunk(file.value(), 0).status, ZX_ERR_IO_DATA_INTEGRITY);
  }
}

TEST(BlobFile, WhatIsNoBlobIsNamed) {
  const test::TemporaryDirectory directory;
  const auto refusal = [](const std::string& path) { return BlobFile::Open(path, std::nullopt).error().message; };
  EXPECT_NE(refusal(directory.Write("text", std::string(200, 'x'))).find("is no blob"), std::string::npos);
  EXPECT_NE(refusal(directory.Path("")).find("directory"), std::string::npos);
  EXPECT_NE(refusal(directory.Path("none")).find("No such file"), std::string::npos);
  EXPECT_NE(refusal("").find("no path"), std::string::npos);
  ASSERT_EQ(::mkfifo(directory.Path("fifo").c_str(), 0600), 0);
  EXPECT_NE(refusal(directory.Path("fifo")).find("not a regular file"), std::string::npos);
  ExpectRefused(WithField(MakeBlob("x", kChunk), &Header::version, 2u), "version 2");
}

}  // namespace
