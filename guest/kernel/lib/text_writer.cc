#include "guest/kernel/lib/text_writer.h"

namespace gk {

void TextWriter::Append(const char* text) {
  for (; *text != '\0'; ++text) {
    Append(*text);
  }
}

void TextWriter::AppendName(std::span<const char> name) {
  for (const char character : name) {
    Append(character >= ' ' && character <= '~' ? character : '?');
  }
}

void TextWriter::AppendDecimal(int64_t value) {
  if (value < 0) {
    Append('-');
  }
  AppendUnsigned(value < 0 ? 0 - static_cast<uint64_t>(value) : static_cast<uint64_t>(value));
}

void TextWriter::AppendUnsigned(uint64_t value) {
  char digits[20];
  size_t count = 0;
  do {
    digits[count++] = static_cast<char>('0' + value % 10);
    value /= 10;
  } while (value != 0);
  while (count > 0) {
    Append(digits[--count]);
  }
}

void TextWriter::AppendHexadecimal(uint64_t value, int min_digits) {
  int digits = 16;
  while (digits > min_digits && (value >> (4 * (digits - 1))) == 0) {
    --digits;
  }
  while (digits-- > 0) {
    Append("0123456789abcdef"[(value >> (4 * digits)) & 0xf]);
  }
}

void TextWriter::AppendRepeated(char character, size_t count) {
  while (count-- > 0) {
    Append(character);
  }
}

}  // namespace gk
