// printf's formatting, apart from where the text goes.
#pragma once

#include <stdarg.h>
#include <stddef.h>

namespace pagoda::libc {

// Takes the text piece by piece, in order.
class FormatSink {
 public:
  virtual void Append(const char* text, size_t length) = 0;

 protected:
  ~FormatSink() = default;
};

// Formats as printf does: all flags, widths, precisions and lengths, with d i u o x X c s p f F e E g G a A and %.
// long double is formatted with the precision of a double; %n is not supported, because it turns a format string into a
// write to memory. An unknown conversion is printed as it stands. Returns the length of the text.
size_t Format(FormatSink& sink, const char* format, va_list arguments);

}  // namespace pagoda::libc
