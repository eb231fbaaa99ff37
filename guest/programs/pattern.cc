#include "guest/programs/pattern.h"

#include <algorithm>
#include <bitset>
#include <cctype>

namespace programs {
namespace {

unsigned char Lower(char c) { return static_cast<unsigned char>(tolower(static_cast<unsigned char>(c))); }

}  // namespace

void Pattern::SetFixed(std::string_view text, CaseRule rule) {
  kind_ = Kind::kFixed;
  rule_ = rule;
  fixed_ = text;
  if (rule == CaseRule::kIgnore) {
    std::transform(fixed_.begin(), fixed_.end(), fixed_.begin(), [](char c) { return static_cast<char>(Lower(c)); });
  }
}

const char* Pattern::ParseExpression(std::string_view text, CaseRule rule) {
  *this = Pattern();
  kind_ = Kind::kExpression;
  rule_ = rule;
  size_t at = 0;
  if (text.starts_with('^')) {
    at_start_ = true;
    ++at;
  }
  for (bool first = true; at < text.size(); first = false) {
    if (text[at] == '$' && at + 1 == text.size()) {
      at_end_ = true;
      break;
    }
    if (text[at] == '*' && !first) {
      repeats_ |= uint64_t{1} << (count_ - 1);
      ++at;
      continue;
    }
    if (count_ == kMostElements) {
      return "it has more than 63 elements";
    }
    if (const char* wrong = ParseElement(text, &at)) {
      return wrong;
    }
    ++count_;
  }
  return nullptr;
}

const char* Pattern::ParseElement(std::string_view text, size_t* at) {
  const char c = text[(*at)++];
  if (c == '.') {
    for (uint64_t& accepts : accepts_) {
      accepts |= uint64_t{1} << count_;
    }
    return nullptr;
  }
  if (c == '[') {
    return ParseSet(text, at);
  }
  if (c != '\\') {
    Allow(static_cast<unsigned char>(c));
    return nullptr;
  }
  if (*at == text.size()) {
    return "it ends in a backslash";
  }
  const char escaped = text[(*at)++];
  if (isalnum(static_cast<unsigned char>(escaped)) != 0 ||
      std::string_view("(){}|+?<>'`").find(escaped) != std::string_view::npos) {
    return "groups, alternatives, intervals and other escapes are not supported";
  }
  Allow(static_cast<unsigned char>(escaped));
  return nullptr;
}

// Behind a '['. A ']' that comes first is one of the set, as is a '-' at either end.
const char* Pattern::ParseSet(std::string_view text, size_t* at) {
  std::bitset<256> set;
  const bool negated = *at < text.size() && text[*at] == '^';
  *at += negated ? 1 : 0;
  for (bool first = true;; first = false) {
    if (*at >= text.size()) {
      return "a [ has no ]";
    }
    const auto low = static_cast<unsigned char>(text[(*at)++]);
    if (low == ']' && !first) {
      break;
    }
    if (low == '[' && *at < text.size() && std::string_view(":.=").find(text[*at]) != std::string_view::npos) {
      return "classes like [:digit:] are not supported";
    }
    unsigned char high = low;
    if (*at + 1 < text.size() && text[*at] == '-' && text[*at + 1] != ']') {
      high = static_cast<unsigned char>(text[*at + 1]);
      *at += 2;
    }
    if (high < low) {
      return "a range ends before it begins";
    }
    for (unsigned byte = low; byte <= high; ++byte) {
      set.set(byte);
    }
  }
  if (rule_ == CaseRule::kIgnore) {
    for (int letter = 'a'; letter <= 'z'; ++letter) {
      const auto upper = static_cast<size_t>(toupper(letter));
      const auto lower = static_cast<size_t>(letter);
      const bool either = set[lower] || set[upper];
      set[lower] = either;
      set[upper] = either;
    }
  }
  for (size_t byte = 0; byte < accepts_.size(); ++byte) {
    accepts_[byte] |= set[byte] != negated ? uint64_t{1} << count_ : 0;
  }
  return nullptr;
}

void Pattern::Allow(unsigned char byte) {
  accepts_[byte] |= uint64_t{1} << count_;
  if (rule_ == CaseRule::kIgnore) {
    accepts_[static_cast<unsigned char>(tolower(byte))] |= uint64_t{1} << count_;
    accepts_[static_cast<unsigned char>(toupper(byte))] |= uint64_t{1} << count_;
  }
}

uint64_t Pattern::Close(uint64_t states) const {
  for (uint64_t before = 0; before != states;) {
    before = states;
    states |= (states & repeats_) << 1;
  }
  return states;
}

bool Pattern::Matches(std::string_view line) const {
  if (kind_ == Kind::kFixed) {
    return FixedMatches(line);
  }
  const uint64_t start = Close(1);
  const uint64_t end = uint64_t{1} << count_;
  uint64_t states = start;
  for (const char c : line) {
    if ((states & end) != 0 && !at_end_) {
      return true;
    }
    const uint64_t matched = states & accepts_[static_cast<unsigned char>(c)];
    states = Close((matched & ~repeats_) << 1 | (matched & repeats_)) | (at_start_ ? 0 : start);
  }
  return (states & end) != 0;
}

bool Pattern::FixedMatches(std::string_view line) const {
  if (rule_ == CaseRule::kExact) {
    return line.find(fixed_) != std::string_view::npos;
  }
  return std::search(line.begin(), line.end(), fixed_.begin(), fixed_.end(),
                     [](char in_line, char wanted) { return Lower(in_line) == static_cast<unsigned char>(wanted); }) !=
             line.end() ||
         fixed_.empty();
}

}  // namespace programs
