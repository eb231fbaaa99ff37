// SHA-256 against OpenSSL's, whole and in pieces.
#include "guest/programs/sha256.h"

#include <openssl/sha.h>

#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace {

using programs::Sha256;

std::vector<std::byte> RandomBytes(size_t size) {
  std::mt19937 random(static_cast<unsigned>(size));
  std::vector<std::byte> bytes(size);
  for (std::byte& byte : bytes) {
    byte = static_cast<std::byte>(random());
  }
  return bytes;
}

std::string Reference(const std::vector<std::byte>& bytes) {
  Sha256::Digest digest;
  SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), digest.data());
  return Sha256::ToHex(digest);
}

TEST(Sha256, EmptyMessageHasTheKnownDigest) {
  EXPECT_EQ(Sha256::ToHex(Sha256().Finish()), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST(Sha256, EveryLengthAroundABlockAgreesWithTheReference) {
  for (size_t size = 0; size < 200; ++size) {
    const std::vector<std::byte> bytes = RandomBytes(size);
    Sha256 hash;
    hash.Update(bytes);
    EXPECT_EQ(Sha256::ToHex(hash.Finish()), Reference(bytes)) << size;
  }
}

TEST(Sha256, PiecesOfAnySizeGiveTheSameDigest) {
  const std::vector<std::byte> bytes = RandomBytes(100'000);
  for (const size_t piece : {size_t{1}, size_t{63}, size_t{64}, size_t{65}, size_t{4096}, size_t{99'999}}) {
    Sha256 hash;
    for (size_t offset = 0; offset < bytes.size(); offset += piece) {
      hash.Update(std::span(bytes).subspan(offset, std::min(piece, bytes.size() - offset)));
    }
    EXPECT_EQ(Sha256::ToHex(hash.Finish()), Reference(bytes)) << piece;
  }
}

}  // namespace
