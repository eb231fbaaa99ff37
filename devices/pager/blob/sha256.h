// SHA-256, and how its values are written.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace pager::blob {

using Hash = std::array<std::byte, 32>;

[[nodiscard]] Hash Sha256(std::span<const std::byte> bytes);

// The same of bytes that come in parts.
class Sha256Stream {
 public:
  Sha256Stream();
  Sha256Stream(const Sha256Stream&) = delete;
  Sha256Stream& operator=(const Sha256Stream&) = delete;
  ~Sha256Stream();

  void Update(std::span<const std::byte> bytes);
  // Once, last.
  [[nodiscard]] Hash Finish();

 private:
  struct State;
  const std::unique_ptr<State> state_;
};

// 64 lower-case digits.
[[nodiscard]] std::string ToHex(const Hash& hash);
// 64 digits of either case; nullopt: it is something else.
[[nodiscard]] std::optional<Hash> ParseHash(std::string_view text);

}  // namespace pager::blob
