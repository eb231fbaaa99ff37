// Builds a text for people in memory of the caller's: a report, a line of a table. What does not fit is left out.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <span>

namespace gk {

class TextWriter {
 public:
  explicit TextWriter(std::span<char> room) : room_(room) {}
  TextWriter(const TextWriter&) = delete;
  TextWriter& operator=(const TextWriter&) = delete;

  void Append(char character) {
    if (length_ < room_.size()) {
      room_[length_++] = character;
    }
  }
  void Append(const char* text);
  // A name that a program chose: what is not printable ASCII becomes '?', so that it plays no tricks with terminals.
  void AppendName(std::span<const char> name);
  void AppendDecimal(int64_t value);
  void AppendUnsigned(uint64_t value);
  // Without a prefix, at least `min_digits`.
  void AppendHexadecimal(uint64_t value, int min_digits);
  void AppendRepeated(char character, size_t count);

  void Clear() { length_ = 0; }
  [[nodiscard]] size_t length() const { return length_; }
  [[nodiscard]] std::span<const char> text() const { return room_.first(length_); }

 private:
  const std::span<char> room_;
  size_t length_ = 0;
};

}  // namespace gk
