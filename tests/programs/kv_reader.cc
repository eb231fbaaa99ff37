#include "tests/programs/kv_reader.h"

#include <openssl/evp.h>

#include <cstdint>
#include <cstring>

namespace programs_test {
namespace {

constexpr size_t kHashSize = 32;

template <typename T>
T Load(std::string_view bytes, size_t at) {
  T value;
  std::memcpy(&value, bytes.data() + at, sizeof(value));
  return value;
}

bool HasHash(std::string_view first, std::string_view second, std::string_view hash) {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  char found[EVP_MAX_MD_SIZE];
  EVP_DigestInit_ex(context, EVP_sha256(), nullptr);
  EVP_DigestUpdate(context, first.data(), first.size());
  EVP_DigestUpdate(context, second.data(), second.size());
  EVP_DigestFinal_ex(context, reinterpret_cast<unsigned char*>(found), nullptr);
  EVP_MD_CTX_free(context);
  return std::memcmp(found, hash.data(), kHashSize) == 0;
}

struct Log {
  uint64_t first;
  uint64_t start;
};

std::optional<Log> ReadSuperblock(std::string_view bytes) {
  if (bytes.size() < 64 || bytes.substr(0, 8) != "pagodakv" || Load<uint32_t>(bytes, 8) != 1 ||
      !HasHash(bytes.substr(0, 32), "", bytes.substr(32, kHashSize))) {
    return std::nullopt;
  }
  return Log{.first = Load<uint64_t>(bytes, 16), .start = Load<uint64_t>(bytes, 24)};
}

// The entries of transaction `number` at the start of `bytes`.
std::optional<std::string_view> ReadTransaction(std::string_view bytes, uint64_t log, uint64_t number) {
  if (bytes.size() < 64 || bytes.substr(0, 8) != "transact" || Load<uint64_t>(bytes, 8) != log ||
      Load<uint64_t>(bytes, 16) != number) {
    return std::nullopt;
  }
  const auto length = Load<uint64_t>(bytes, 24);
  if (length > (1U << 20) || length > bytes.size() - 64) {
    return std::nullopt;
  }
  const std::string_view entries = bytes.substr(64, length);
  return HasHash(bytes.substr(0, 32), entries, bytes.substr(32, kHashSize)) ? std::optional(entries) : std::nullopt;
}

void Apply(std::string_view entries, std::map<std::string, std::string>& keys) {
  while (!entries.empty()) {
    const auto key_length = Load<uint32_t>(entries, 0);
    const auto value_length = Load<uint32_t>(entries, 4);
    const std::string key(entries.substr(8, key_length));
    entries.remove_prefix(8 + key_length);
    if (value_length == UINT32_MAX) {
      keys.erase(key);
    } else {
      keys[key] = entries.substr(0, value_length);
      entries.remove_prefix(value_length);
    }
  }
}

}  // namespace

std::optional<KvContent> ReadKv(std::string_view file) {
  if (file.substr(0, 8192).find_first_not_of('\0') == std::string_view::npos) {
    return KvContent();
  }
  std::optional<Log> log;
  for (const size_t at : {size_t{0}, size_t{4096}}) {
    const auto found = file.size() > at ? ReadSuperblock(file.substr(at)) : std::nullopt;
    if (found && (!log || found->first > log->first)) {
      log = found;
    }
  }
  if (!log) {
    return std::nullopt;
  }
  KvContent content{.keys = {}, .log_start = log->start, .log_end = log->start, .last_transaction = 0};
  for (uint64_t number = log->first; content.log_end < file.size(); ++number) {
    const auto entries = ReadTransaction(file.substr(content.log_end), log->first, number);
    if (!entries) {
      break;
    }
    Apply(*entries, content.keys);
    content.last_transaction = content.log_end;
    content.log_end += (64 + entries->size() + 7) / 8 * 8;
  }
  return content;
}

}  // namespace programs_test
