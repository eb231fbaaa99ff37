#include "guest/sdk/libc/fatal.h"

#include <stdlib.h>
#include <string.h>
#include <zircon/syscalls.h>

#include <algorithm>
#include <string_view>

namespace {

// A short text in place. printf's machinery is left out on purpose: every program contains this file.
class Line {
 public:
  void Append(std::string_view text) {
    const size_t length = std::min(text.size(), sizeof(text_) - length_);
    memcpy(text_ + length_, text.data(), length);
    length_ += length;
  }
  void AppendDecimal(unsigned value) {
    char digits[10];
    size_t first = sizeof(digits);
    do {
      digits[--first] = static_cast<char>('0' + value % 10);
      value /= 10;
    } while (value != 0);
    Append({digits + first, sizeof(digits) - first});
  }
  // Ends the program.
  [[noreturn]] void Die() {
    length_ = std::min(length_, sizeof(text_) - 1);
    Append("\n");
    zx_pagoda_console_write(text_, length_);
    __builtin_trap();
  }

 private:
  char text_[200];
  size_t length_ = 0;
};

[[noreturn]] void DieOfAssertion(const char* file, unsigned number, const char* expression) {
  Line line;
  line.Append("fatal: ");
  line.Append(file);
  line.Append(":");
  line.AppendDecimal(number);
  line.Append(": assertion failed: ");
  line.Append(expression);
  line.Die();
}

}  // namespace

namespace pagoda::libc {

void Fatal(const char* reason) {
  Line line;
  line.Append("fatal: ");
  line.Append(reason);
  line.Die();
}

}  // namespace pagoda::libc

extern "C" {

void abort() { pagoda::libc::Fatal("abort() was called"); }

void __assert_fail(const char* expression, const char* file, unsigned line, const char* /*function*/) {
  DieOfAssertion(file, line, expression);
}

}  // extern "C"

namespace std {

// An index or a precondition that _GLIBCXX_ASSERTIONS checks.
void __glibcxx_assert_fail(const char* file, int line, const char* /*function*/, const char* condition) noexcept {
  DieOfAssertion(file, static_cast<unsigned>(line), condition);
}

}  // namespace std
