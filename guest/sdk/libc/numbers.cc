// Text to numbers, and the small integer functions of <stdlib.h>.
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

#include <charconv>
#include <limits>

#include "guest/sdk/libc/names.h"

namespace {

bool IsSpace(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

// The value of a digit in bases up to 36, or 36 for what is no digit.
unsigned DigitValue(char c) {
  if (c >= '0' && c <= '9') {
    return static_cast<unsigned>(c - '0');
  }
  if (c >= 'a' && c <= 'z') {
    return static_cast<unsigned>(c - 'a') + 10;
  }
  if (c >= 'A' && c <= 'Z') {
    return static_cast<unsigned>(c - 'A') + 10;
  }
  return 36;
}

bool HasHexPrefix(const char* text) {
  return text[0] == '0' && (text[1] == 'x' || text[1] == 'X') && DigitValue(text[2]) < 16;
}

// An integer as it was written: sign apart, so that the caller's type decides what overflows.
struct Magnitude {
  uint64_t value;
  bool negative;
  bool overflow;    // does not fit 64 bits
  const char* end;  // behind the last digit; the start of the text when there was none
};

Magnitude ReadInteger(const char* text, int base) {
  const char* cursor = text;
  while (IsSpace(*cursor)) {
    ++cursor;
  }
  Magnitude result = {.value = 0, .negative = *cursor == '-', .overflow = false, .end = text};
  if (*cursor == '-' || *cursor == '+') {
    ++cursor;
  }
  if ((base == 0 || base == 16) && HasHexPrefix(cursor)) {
    cursor += 2;
    base = 16;
  } else if (base == 0) {
    base = *cursor == '0' ? 8 : 10;
  }
  for (unsigned digit; (digit = DigitValue(*cursor)) < static_cast<unsigned>(base); ++cursor) {
    result.overflow |= __builtin_mul_overflow(result.value, static_cast<uint64_t>(base), &result.value);
    result.overflow |= __builtin_add_overflow(result.value, static_cast<uint64_t>(digit), &result.value);
    result.end = cursor + 1;
  }
  return result;
}

bool IsBase(int base) { return base == 0 || (base >= 2 && base <= 36); }

int64_t ReadSigned(const char* text, char** end, int base) {
  if (!IsBase(base)) {
    errno = EINVAL;
    return 0;
  }
  const Magnitude read = ReadInteger(text, base);
  if (end != nullptr) {
    *end = const_cast<char*>(read.end);
  }
  const uint64_t limit = static_cast<uint64_t>(INT64_MAX) + (read.negative ? 1 : 0);
  if (read.overflow || read.value > limit) {
    errno = ERANGE;
    return read.negative ? INT64_MIN : INT64_MAX;
  }
  return static_cast<int64_t>(read.negative ? -read.value : read.value);
}

uint64_t ReadUnsigned(const char* text, char** end, int base) {
  if (!IsBase(base)) {
    errno = EINVAL;
    return 0;
  }
  const Magnitude read = ReadInteger(text, base);
  if (end != nullptr) {
    *end = const_cast<char*>(read.end);
  }
  if (read.overflow) {
    errno = ERANGE;
    return UINT64_MAX;
  }
  return read.negative ? -read.value : read.value;
}

template <typename T>
T ReadFloating(const char* text, char** end) {
  const char* cursor = text;
  while (IsSpace(*cursor)) {
    ++cursor;
  }
  const bool negative = *cursor == '-';
  if (*cursor == '-' || *cursor == '+') {
    ++cursor;
  }
  std::chars_format format = std::chars_format::general;
  if (HasHexPrefix(cursor)) {
    cursor += 2;
    format = std::chars_format::hex;
  }
  T value = 0;
  std::from_chars_result read{cursor, std::errc::invalid_argument};
  if (*cursor != '-') {
    read = std::from_chars(cursor, cursor + __builtin_strlen(cursor), value, format);
  }
  const bool is_number = read.ec != std::errc::invalid_argument;
  if (end != nullptr) {
    *end = const_cast<char*>(is_number ? read.ptr : text);
  }
  if (!is_number) {
    return 0;
  }
  if (read.ec == std::errc::result_out_of_range) {
    // from_chars does not tell overflow from underflow; overflow is what programs look for.
    errno = ERANGE;
    value = std::numeric_limits<T>::infinity();
  }
  return negative ? -value : value;
}

uint64_t g_random_state = 1;

}  // namespace

extern "C" {

long LIBC(strtol)(const char* __restrict text, char** __restrict end, int base) { return ReadSigned(text, end, base); }
long long LIBC(strtoll)(const char* __restrict text, char** __restrict end, int base) {
  return ReadSigned(text, end, base);
}
unsigned long LIBC(strtoul)(const char* __restrict text, char** __restrict end, int base) {
  return ReadUnsigned(text, end, base);
}
unsigned long long LIBC(strtoull)(const char* __restrict text, char** __restrict end, int base) {
  return ReadUnsigned(text, end, base);
}
double LIBC(strtod)(const char* __restrict text, char** __restrict end) { return ReadFloating<double>(text, end); }
float LIBC(strtof)(const char* __restrict text, char** __restrict end) { return ReadFloating<float>(text, end); }
// With the precision of a double.
long double LIBC(strtold)(const char* __restrict text, char** __restrict end) {
  return static_cast<long double>(ReadFloating<double>(text, end));
}

int LIBC(atoi)(const char* text) { return static_cast<int>(ReadSigned(text, nullptr, 10)); }
long LIBC(atol)(const char* text) { return ReadSigned(text, nullptr, 10); }
long long LIBC(atoll)(const char* text) { return ReadSigned(text, nullptr, 10); }
double LIBC(atof)(const char* text) { return ReadFloating<double>(text, nullptr); }

int LIBC(abs)(int value) { return value < 0 ? -value : value; }
long LIBC(labs)(long value) { return value < 0 ? -value : value; }
long long LIBC(llabs)(long long value) { return value < 0 ? -value : value; }
div_t LIBC(div)(int a, int b) { return {a / b, a % b}; }
ldiv_t LIBC(ldiv)(long a, long b) { return {a / b, a % b}; }
lldiv_t LIBC(lldiv)(long long a, long long b) { return {a / b, a % b}; }

// Not for several threads at once, as in every C library; the constants are those of Knuth's MMIX generator.
void LIBC(srand)(unsigned seed) { g_random_state = seed; }
int LIBC(rand)() {
  g_random_state = g_random_state * 6364136223846793005U + 1442695040888963407U;
  return static_cast<int>(g_random_state >> 33);
}

}  // extern "C"
