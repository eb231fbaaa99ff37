// One conversion of a format string: what stands between '%' and its letter.
#pragma once

#include <stdarg.h>
#include <stddef.h>

namespace pagoda::libc {

// A va_list that is a parameter has decayed to a pointer and cannot be handed on by reference; in a structure it can.
struct ArgumentList {
  va_list list;
};

enum class Length { kDefault, kChar, kShort, kLong, kLongDouble };

// One conversion: what stands between '%' and its letter.
struct Specification {
  bool left = false;
  bool plus = false;
  bool space = false;
  bool alternate = false;
  bool zero = false;
  size_t width = 0;
  int precision = -1;  // -1: not given
  Length length = Length::kDefault;
  char conversion = '\0';
};

// Reads a specification from behind its '%'. Widths and precisions given as '*' are taken from `arguments`. `*end` is
// where the format goes on; at the end of the format the conversion is '\0'.
Specification ReadSpecification(const char* cursor, ArgumentList& arguments, const char** end);

}  // namespace pagoda::libc
