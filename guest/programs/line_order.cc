#include "guest/programs/line_order.h"

#include <algorithm>
#include <utility>

namespace programs {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// Takes the digits at the start of `text`.
std::string_view TakeDigits(std::string_view* text) {
  const auto end = std::find_if_not(text->begin(), text->end(), IsDigit);
  const std::string_view digits = text->substr(0, static_cast<size_t>(end - text->begin()));
  text->remove_prefix(digits.size());
  return digits;
}

// A number as it is written: of any length, so it stays text.
struct Number {
  explicit Number(std::string_view line) {
    line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
    negative = line.starts_with('-');
    line.remove_prefix(negative ? 1 : 0);
    whole = TakeDigits(&line);
    whole.remove_prefix(std::min(whole.find_first_not_of('0'), whole.size()));
    if (line.starts_with('.')) {
      line.remove_prefix(1);
      fraction = TakeDigits(&line);
      fraction.remove_suffix(fraction.size() - (fraction.find_last_not_of('0') + 1));
    }
    negative = negative && !(whole.empty() && fraction.empty());
  }

  bool negative;
  std::string_view whole;     // without leading zeros
  std::string_view fraction;  // without those at its end
};

int CompareMagnitudes(const Number& left, const Number& right) {
  if (left.whole.size() != right.whole.size()) {
    return left.whole.size() < right.whole.size() ? -1 : 1;
  }
  const int order = left.whole.compare(right.whole);
  return order != 0 ? order : left.fraction.compare(right.fraction);
}

int CompareNumbers(const Number& left, const Number& right) {
  if (left.negative != right.negative) {
    return left.negative ? -1 : 1;
  }
  return left.negative ? CompareMagnitudes(right, left) : CompareMagnitudes(left, right);
}

}  // namespace

int LineOrder::Compare(std::string_view left, std::string_view right) const {
  if (reversed) {
    std::swap(left, right);
  }
  const int order = numeric ? CompareNumbers(Number(left), Number(right)) : 0;
  return order != 0 || (numeric && unique) ? order : left.compare(right);
}

}  // namespace programs
