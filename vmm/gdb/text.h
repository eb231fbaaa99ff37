// The protocol's numbers and bytes as text: hexadecimal, and the escapes of binary data.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace vmm::gdb {

// Lower-case digits, no leading zeros: how the protocol writes numbers.
std::string HexNumber(uint64_t value);
// Two digits a byte.
std::string HexBytes(std::span<const std::byte> bytes);
std::string HexText(std::string_view text);
// Nothing when there is an odd number of digits, or something else than digits.
std::optional<std::vector<std::byte>> BytesOfHex(std::string_view hex);

// Binary data with '#', '$', '}' and '*' escaped (gdb manual, "Overview" of the remote protocol), in at most `limit`
// characters.
struct Escaped {
  std::string text;
  size_t consumed;  // how many of the bytes are in `text`
};
Escaped EscapeBinary(std::string_view bytes, size_t limit);

// Reads a packet's text from left to right. A step that fails consumes nothing.
class TextCursor {
 public:
  explicit TextCursor(std::string_view text) : rest_(text) {}

  [[nodiscard]] bool empty() const { return rest_.empty(); }
  [[nodiscard]] std::string_view rest() const { return rest_; }

  // True when the text goes on with this, which is then behind us.
  bool Skip(std::string_view expected);
  // Digits up to the first character that is none; nothing when there are none, or more than 64 bits.
  std::optional<uint64_t> TakeHex();
  // Everything up to `end`, which is consumed too, or to the end of the text.
  std::string_view TakeUntil(char end);

 private:
  std::string_view rest_;
};

}  // namespace vmm::gdb
