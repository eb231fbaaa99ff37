#include "vmm/gdb/text.h"

#include <algorithm>
#include <charconv>
#include <system_error>

namespace vmm::gdb {

namespace {

constexpr std::string_view kDigits = "0123456789abcdef";
constexpr char kEscape = '}';

std::optional<uint8_t> DigitValue(char digit) {
  if (digit >= '0' && digit <= '9') {
    return static_cast<uint8_t>(digit - '0');
  }
  const char lower = static_cast<char>(digit | 0x20);
  if (lower >= 'a' && lower <= 'f') {
    return static_cast<uint8_t>(lower - 'a' + 10);
  }
  return std::nullopt;
}

}  // namespace

std::string HexNumber(uint64_t value) {
  char digits[16];
  const auto end = std::to_chars(digits, digits + sizeof(digits), value, 16).ptr;
  return {digits, end};
}

std::string HexBytes(std::span<const std::byte> bytes) {
  std::string text(bytes.size() * 2, '\0');
  char* place = text.data();
  for (const std::byte byte : bytes) {
    const auto value = std::to_integer<size_t>(byte);
    *place++ = kDigits[value >> 4];
    *place++ = kDigits[value & 15];
  }
  return text;
}

std::string HexText(std::string_view text) { return HexBytes(std::as_bytes(std::span(text))); }

std::optional<std::vector<std::byte>> BytesOfHex(std::string_view hex) {
  if (hex.size() % 2 != 0) {
    return std::nullopt;
  }
  std::vector<std::byte> bytes;
  bytes.reserve(hex.size() / 2);
  for (size_t i = 0; i < hex.size(); i += 2) {
    const auto high = DigitValue(hex[i]);
    const auto low = DigitValue(hex[i + 1]);
    if (!high || !low) {
      return std::nullopt;
    }
    bytes.push_back(static_cast<std::byte>(*high << 4 | *low));
  }
  return bytes;
}

Escaped EscapeBinary(std::string_view bytes, size_t limit) {
  Escaped escaped{.text = {}, .consumed = 0};
  while (escaped.consumed < bytes.size()) {
    // As much as needs no escape, then one that does.
    const std::string_view rest = bytes.substr(escaped.consumed, limit - escaped.text.size());
    const size_t plain = std::min(rest.find_first_of("#$}*"), rest.size());
    escaped.text += rest.substr(0, plain);
    escaped.consumed += plain;
    if (plain == rest.size() || escaped.text.size() + 2 > limit) {
      break;
    }
    escaped.text += kEscape;
    escaped.text += static_cast<char>(rest[plain] ^ 0x20);
    ++escaped.consumed;
  }
  return escaped;
}

bool TextCursor::Skip(std::string_view expected) {
  if (!rest_.starts_with(expected)) {
    return false;
  }
  rest_.remove_prefix(expected.size());
  return true;
}

std::optional<uint64_t> TextCursor::TakeHex() {
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), value, 16);
  if (error != std::errc{}) {
    return std::nullopt;
  }
  rest_.remove_prefix(static_cast<size_t>(end - rest_.data()));
  return value;
}

std::string_view TextCursor::TakeUntil(char end) {
  const size_t length = rest_.find(end);
  const std::string_view taken = rest_.substr(0, length);
  rest_.remove_prefix(length == std::string_view::npos ? rest_.size() : length + 1);
  return taken;
}

}  // namespace vmm::gdb
