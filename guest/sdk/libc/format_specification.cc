#include "guest/sdk/libc/format_specification.h"

#include <algorithm>

namespace pagoda::libc {
namespace {

class SpecificationReader {
 public:
  SpecificationReader(const char* cursor, ArgumentList& arguments) : cursor_(cursor), arguments_(arguments) {}

  Specification Read() {
    ReadFlags();
    ReadWidth();
    ReadPrecision();
    ReadLength();
    spec_.conversion = *cursor_;
    if (*cursor_ != '\0') {
      ++cursor_;
    }
    return spec_;
  }
  [[nodiscard]] const char* cursor() const { return cursor_; }

 private:
  void ReadFlags() {
    for (;; ++cursor_) {
      switch (*cursor_) {
        case '-':
          spec_.left = true;
          break;
        case '+':
          spec_.plus = true;
          break;
        case ' ':
          spec_.space = true;
          break;
        case '#':
          spec_.alternate = true;
          break;
        case '0':
          spec_.zero = true;
          break;
        default:
          return;
      }
    }
  }
  int ReadNumber() {
    if (*cursor_ == '*') {
      ++cursor_;
      // The caller initialised the list, which the analyzer does not see.
      return va_arg(arguments_.list, int);  // NOLINT(clang-analyzer-valist.Uninitialized)
    }
    int value = 0;
    for (; *cursor_ >= '0' && *cursor_ <= '9'; ++cursor_) {
      value = std::min(value, 100'000'000) * 10 + (*cursor_ - '0');
    }
    return value;
  }
  void ReadWidth() {
    const int width = ReadNumber();
    if (width < 0) {
      spec_.left = true;
    }
    spec_.width = width < 0 ? -static_cast<size_t>(width) : static_cast<size_t>(width);
  }
  void ReadPrecision() {
    if (*cursor_ == '.') {
      ++cursor_;
      spec_.precision = std::max(ReadNumber(), -1);
    }
  }
  // long, long long, intmax_t, size_t and ptrdiff_t all have 64 bits here.
  void ReadLength() {
    for (;; ++cursor_) {
      switch (*cursor_) {
        case 'h':
          spec_.length = spec_.length == Length::kShort ? Length::kChar : Length::kShort;
          break;
        case 'l':
        case 'j':
        case 'z':
        case 't':
          spec_.length = Length::kLong;
          break;
        case 'L':
          spec_.length = Length::kLongDouble;
          break;
        default:
          return;
      }
    }
  }

  const char* cursor_;
  ArgumentList& arguments_;
  Specification spec_;
};

}  // namespace

Specification ReadSpecification(const char* cursor, ArgumentList& arguments, const char** end) {
  SpecificationReader reader(cursor, arguments);
  const Specification specification = reader.Read();
  *end = reader.cursor();
  return specification;
}

}  // namespace pagoda::libc
