// The functions of libcrypto that OpenSSL 3 calls low-level: the newer ones look the algorithm up by name at each call,
// and link all of libcrypto, which every start of the monitor would pay for.
#define OPENSSL_SUPPRESS_DEPRECATED

#include "devices/pager/blob/sha256.h"

#include <openssl/sha.h>

#include <algorithm>
#include <charconv>

namespace pager::blob {

static_assert(sizeof(Hash) == SHA256_DIGEST_LENGTH);

struct Sha256Stream::State {
  SHA256_CTX context;
};

Sha256Stream::Sha256Stream() : state_(std::make_unique<State>()) { SHA256_Init(&state_->context); }

Sha256Stream::~Sha256Stream() = default;

void Sha256Stream::Update(std::span<const std::byte> bytes) {
  SHA256_Update(&state_->context, bytes.data(), bytes.size());
}

Hash Sha256Stream::Finish() {
  Hash hash;
  SHA256_Final(reinterpret_cast<unsigned char*>(hash.data()), &state_->context);
  return hash;
}

Hash Sha256(std::span<const std::byte> bytes) {
  SHA256_CTX context;
  SHA256_Init(&context);
  SHA256_Update(&context, bytes.data(), bytes.size());
  Hash hash;
  SHA256_Final(reinterpret_cast<unsigned char*>(hash.data()), &context);
  return hash;
}

std::string ToHex(const Hash& hash) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const std::byte byte : hash) {
    text += kDigits[std::to_integer<size_t>(byte >> 4)];
    text += kDigits[std::to_integer<size_t>(byte & std::byte{15})];
  }
  return text;
}

std::optional<Hash> ParseHash(std::string_view text) {
  Hash hash;
  if (text.size() != 2 * hash.size()) {
    return std::nullopt;
  }
  for (std::byte& byte : hash) {
    unsigned char value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + 2, value, 16);
    if (error != std::errc() || end != text.data() + 2) {
      return std::nullopt;
    }
    byte = std::byte{value};
    text.remove_prefix(2);
  }
  return hash;
}

}  // namespace pager::blob
