#include "guest/sdk/libc/format.h"

#include <stdint.h>

#include <algorithm>
#include <charconv>
#include <string_view>

#include "guest/sdk/libc/format_specification.h"

namespace pagoda::libc {
namespace {

// A number ready to be laid out: sign or prefix, zeros to insert, digits.
struct Number {
  std::string_view prefix;
  size_t zeros = 0;
  std::string_view digits;
};

class Formatter {
 public:
  explicit Formatter(FormatSink& sink) : sink_(sink) {}

  void Append(std::string_view text) {
    if (!text.empty()) {
      sink_.Append(text.data(), text.size());
      total_ += text.size();
    }
  }
  void Text(const Specification& spec, std::string_view text) {
    const size_t padding = spec.width > text.size() ? spec.width - text.size() : 0;
    Repeat(' ', spec.left ? 0 : padding);
    Append(text);
    Repeat(' ', spec.left ? padding : 0);
  }
  void Lay(const Specification& spec, Number number, bool zero_fill) {
    const size_t size = number.prefix.size() + number.zeros + number.digits.size();
    size_t padding = spec.width > size ? spec.width - size : 0;
    if (zero_fill && !spec.left) {
      number.zeros += padding;
      padding = 0;
    }
    Repeat(' ', spec.left ? 0 : padding);
    Append(number.prefix);
    Repeat('0', number.zeros);
    Append(number.digits);
    Repeat(' ', spec.left ? padding : 0);
  }
  [[nodiscard]] size_t total() const { return total_; }

 private:
  void Repeat(char c, size_t count) {
    char block[32];
    std::fill_n(block, std::min(count, sizeof(block)), c);
    while (count > 0) {
      const size_t piece = std::min(count, sizeof(block));
      Append({block, piece});
      count -= piece;
    }
  }

  FormatSink& sink_;
  size_t total_ = 0;
};

std::string_view SignOf(const Specification& spec, bool negative) {
  if (negative) {
    return "-";
  }
  return spec.plus ? "+" : spec.space ? " " : "";
}

void ToUpperCase(char* begin, const char* end) {
  for (; begin != end; ++begin) {
    if (*begin >= 'a' && *begin <= 'z') {
      *begin = static_cast<char>(*begin - 'a' + 'A');
    }
  }
}

void FormatInteger(Formatter& out, const Specification& spec, uint64_t magnitude, std::string_view prefix) {
  const int base = spec.conversion == 'o' ? 8 : (spec.conversion | 0x20) == 'x' || spec.conversion == 'p' ? 16 : 10;
  char digits[24] = {};
  char* end = std::to_chars(digits, digits + sizeof(digits), magnitude, base).ptr;
  if (spec.conversion == 'X') {
    ToUpperCase(digits, end);
  }
  Number number = {.prefix = prefix, .zeros = 0, .digits = {digits, static_cast<size_t>(end - digits)}};
  if (magnitude == 0 && spec.precision == 0) {
    number.digits = {};
  }
  if (spec.alternate && spec.conversion == 'o' && (number.digits.empty() || number.digits[0] != '0')) {
    number.zeros = 1;
  }
  if (spec.alternate && magnitude != 0 && base == 16) {
    number.prefix = spec.conversion == 'X' ? "0X" : "0x";
  }
  if (spec.precision > 0 && static_cast<size_t>(spec.precision) > number.digits.size()) {
    number.zeros = static_cast<size_t>(spec.precision) - number.digits.size();
  }
  out.Lay(spec, number, spec.zero && spec.precision < 0);
}

// More digits than these are zeros in every double: 309 before the point, 1074 behind it.
constexpr int kMaxPrecision = 1074;
constexpr size_t kFloatingBuffer = 309 + kMaxPrecision + 16;

void FormatFloating(Formatter& out, const Specification& spec, double value) {
  const char kind = static_cast<char>(spec.conversion | 0x20);
  const bool negative = __builtin_signbit(value) != 0;
  const double magnitude = negative ? -value : value;
  const int precision = std::min(spec.precision < 0 ? 6 : spec.precision, kMaxPrecision);
  char text[kFloatingBuffer];
  char* const limit = text + sizeof(text);
  char* end;
  switch (kind) {
    case 'e':
      end = std::to_chars(text, limit, magnitude, std::chars_format::scientific, precision).ptr;
      break;
    case 'f':
      end = std::to_chars(text, limit, magnitude, std::chars_format::fixed, precision).ptr;
      break;
    case 'g':
      end = std::to_chars(text, limit, magnitude, std::chars_format::general, precision).ptr;
      break;
    default:
      end = spec.precision < 0 ? std::to_chars(text, limit, magnitude, std::chars_format::hex).ptr
                               : std::to_chars(text, limit, magnitude, std::chars_format::hex, precision).ptr;
  }
  const bool upper = kind != spec.conversion;
  if (upper) {
    ToUpperCase(text, end);
  }
  char prefix[4];
  size_t prefix_size = SignOf(spec, negative).copy(prefix, 1);
  const bool finite = __builtin_isfinite(value);
  if (kind == 'a' && finite) {
    prefix[prefix_size++] = '0';
    prefix[prefix_size++] = upper ? 'X' : 'x';
  }
  out.Lay(spec, {{prefix, prefix_size}, 0, {text, static_cast<size_t>(end - text)}}, spec.zero && finite);
}

void FormatString(Formatter& out, const Specification& spec, const char* text) {
  if (text == nullptr) {
    text = "(null)";
  }
  const size_t limit = spec.precision < 0 ? SIZE_MAX : static_cast<size_t>(spec.precision);
  size_t length = 0;
  while (length < limit && text[length] != '\0') {
    ++length;
  }
  out.Text(spec, {text, length});
}

// The analyzer does not see that Format initialises the list that all of these take from.
// NOLINTBEGIN(clang-analyzer-valist.Uninitialized)

int64_t TakeSigned(Length length, ArgumentList& arguments) {
  switch (length) {
    case Length::kLong:
      return va_arg(arguments.list, int64_t);
    case Length::kShort:
      return static_cast<int16_t>(va_arg(arguments.list, int));
    case Length::kChar:
      return static_cast<int8_t>(va_arg(arguments.list, int));
    default:
      return va_arg(arguments.list, int);
  }
}

uint64_t TakeUnsigned(Length length, ArgumentList& arguments) {
  switch (length) {
    case Length::kLong:
      return va_arg(arguments.list, uint64_t);
    case Length::kShort:
      return static_cast<uint16_t>(va_arg(arguments.list, unsigned));
    case Length::kChar:
      return static_cast<uint8_t>(va_arg(arguments.list, unsigned));
    default:
      return va_arg(arguments.list, unsigned);
  }
}

double TakeFloating(Length length, ArgumentList& arguments) {
  return length == Length::kLongDouble ? static_cast<double>(va_arg(arguments.list, long double))
                                       : va_arg(arguments.list, double);
}

// False: the letter is no conversion, and no argument was taken.
bool Convert(Formatter& out, Specification spec, ArgumentList& arguments) {
  switch (spec.conversion) {
    case 'd':
    case 'i': {
      const int64_t value = TakeSigned(spec.length, arguments);
      const auto magnitude = value < 0 ? -static_cast<uint64_t>(value) : static_cast<uint64_t>(value);
      FormatInteger(out, spec, magnitude, SignOf(spec, value < 0));
      return true;
    }
    case 'u':
    case 'o':
    case 'x':
    case 'X':
      FormatInteger(out, spec, TakeUnsigned(spec.length, arguments), "");
      return true;
    case 'p':
      spec.alternate = true;
      FormatInteger(out, spec, reinterpret_cast<uintptr_t>(va_arg(arguments.list, void*)), "");
      return true;
    case 'c': {
      const char c = static_cast<char>(va_arg(arguments.list, int));
      out.Text(spec, {&c, 1});
      return true;
    }
    case 's':
      FormatString(out, spec, va_arg(arguments.list, const char*));
      return true;
    case 'f':
    case 'F':
    case 'e':
    case 'E':
    case 'g':
    case 'G':
    case 'a':
    case 'A':
      FormatFloating(out, spec, TakeFloating(spec.length, arguments));
      return true;
    case '%':
      out.Append("%");
      return true;
    default:
      return false;
  }
}

// NOLINTEND(clang-analyzer-valist.Uninitialized)

}  // namespace

size_t Format(FormatSink& sink, const char* format, va_list arguments) {
  ArgumentList rest;
  va_copy(rest.list, arguments);
  Formatter out(sink);
  while (*format != '\0') {
    const char* percent = format;
    while (*percent != '\0' && *percent != '%') {
      ++percent;
    }
    out.Append({format, static_cast<size_t>(percent - format)});
    if (*percent == '\0') {
      break;
    }
    const Specification spec = ReadSpecification(percent + 1, rest, &format);
    if (!Convert(out, spec, rest)) {
      out.Append({percent, static_cast<size_t>(format - percent)});
    }
  }
  va_end(rest.list);
  return out.total();
}

}  // namespace pagoda::libc
