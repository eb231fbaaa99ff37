#include "tests/integration/content.h"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <random>
#include <string_view>

namespace integration {

std::string Sha256(const std::string& content) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
  unsigned int size = 0;
  EVP_Digest(content.data(), content.size(), digest.data(), &size, EVP_sha256(), nullptr);
  std::string text;
  for (unsigned int index = 0; index < size; ++index) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    text += kDigits[digest[index] >> 4];
    text += kDigits[digest[index] & 15];
  }
  return text;
}

std::string RandomContent(size_t size) {
  std::mt19937_64 generator(size);
  std::string content(size, '\0');
  for (size_t at = 0; at < size; at += sizeof(uint64_t)) {
    const uint64_t bytes = generator();
    std::memcpy(content.data() + at, &bytes, std::min(sizeof(bytes), size - at));
  }
  return content;
}

}  // namespace integration
