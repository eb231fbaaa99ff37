// The bytes of a kv store (KV_FORMAT.md).
#pragma once

#include <string.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "guest/programs/sha256.h"

namespace programs::kv {

inline constexpr uint64_t kPageSize = 4096;
inline constexpr uint64_t kFirstLog = 2 * kPageSize;
inline constexpr uint32_t kVersion = 1;
inline constexpr uint32_t kDeleted = UINT32_MAX;
inline constexpr char kSuperblockMark[] = "pagodakv";
inline constexpr char kTransactionMark[] = "transact";

using Digest = std::array<std::byte, 32>;

struct Superblock {
  char mark[8];
  uint32_t version;
  uint32_t reserved;
  uint64_t first_transaction;
  uint64_t log_start;
  Digest digest;
};
static_assert(sizeof(Superblock) == 64);

struct TransactionHeader {
  char mark[8];
  uint64_t log;
  uint64_t number;
  uint64_t length;
  Digest digest;
};
static_assert(sizeof(TransactionHeader) == 64);

struct EntryHeader {
  uint32_t key_length;
  uint32_t value_length;
};
static_assert(sizeof(EntryHeader) == 8);

[[nodiscard]] inline uint64_t PageUp(uint64_t bytes) { return (bytes + kPageSize - 1) / kPageSize * kPageSize; }
[[nodiscard]] inline uint64_t WordUp(uint64_t bytes) { return (bytes + 7) / 8 * 8; }
[[nodiscard]] inline uint64_t SizeOf(uint64_t key, uint64_t value) { return sizeof(EntryHeader) + key + value; }
[[nodiscard]] inline uint64_t SizeInLog(uint64_t entries) { return WordUp(sizeof(TransactionHeader) + entries); }

[[nodiscard]] inline std::span<const std::byte> BytesOf(std::string_view text) {
  return std::as_bytes(std::span(text));
}

// Of the part of `header` before its digest, and of what follows.
template <typename Header>
[[nodiscard]] Digest DigestOf(const Header& header, std::string_view rest) {
  Sha256 hash;
  hash.Update(std::as_bytes(std::span(&header, 1)).first(offsetof(Header, digest)));
  hash.Update(BytesOf(rest));
  const Sha256::Digest bytes = hash.Finish();
  Digest digest;
  memcpy(digest.data(), bytes.data(), digest.size());
  return digest;
}

[[nodiscard]] inline bool IsValid(const Superblock& superblock) {
  return memcmp(superblock.mark, kSuperblockMark, sizeof(superblock.mark)) == 0 && superblock.version == kVersion &&
         superblock.log_start >= kFirstLog && superblock.log_start % kPageSize == 0 &&
         superblock.digest == DigestOf(superblock, {});
}

}  // namespace programs::kv
