// Patterns of grep: fixed strings, and the part of POSIX basic regular expressions that one walk over a line can match.
//
//   c        itself                     .        any byte
//   [abc]    one of them, also [a-z]    [^abc]   none of them
//   x*       any number of x, x being any of the above
//   ^  $     the line's start and end, at the start and end of the pattern
//   \c       c itself
//
// Groups, alternatives, intervals and classes like [:digit:] are not there, and are errors rather than something else.
// All states of the match are bits of one word (shift-and), so a line is matched in time linear in its length.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace programs {

enum class CaseRule { kExact, kIgnore };

class Pattern {
 public:
  // How many bytes or elements a regular expression may have.
  static constexpr size_t kMostElements = 63;

  // Null, or what is wrong with the expression, in words.
  [[nodiscard]] const char* ParseExpression(std::string_view text, CaseRule rule);
  void SetFixed(std::string_view text, CaseRule rule);

  [[nodiscard]] bool Matches(std::string_view line) const;

 private:
  enum class Kind { kFixed, kExpression };

  [[nodiscard]] const char* ParseElement(std::string_view text, size_t* at);
  [[nodiscard]] const char* ParseSet(std::string_view text, size_t* at);
  void Allow(unsigned char byte);
  // `states` and those that can be reached from them without a byte.
  [[nodiscard]] uint64_t Close(uint64_t states) const;
  [[nodiscard]] bool FixedMatches(std::string_view line) const;

  Kind kind_ = Kind::kFixed;
  CaseRule rule_ = CaseRule::kExact;
  std::string fixed_;
  // State i: elements 0..i-1 have been matched. Bit i of accepts_[b]: element i can be the byte b.
  std::array<uint64_t, 256> accepts_{};
  uint64_t repeats_ = 0;  // elements with a star
  size_t count_ = 0;
  bool at_start_ = false;
  bool at_end_ = false;
};

}  // namespace programs
