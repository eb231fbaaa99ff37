#include "guest/sdk/libc/fatal.h"

#include <stdlib.h>
#include <string.h>
#include <zircon/syscalls.h>

namespace pagoda::libc {

void Fatal(const char* reason) {
  char line[160] = "fatal: ";
  strncat(line, reason, sizeof(line) - sizeof("fatal: ") - 1);
  strcat(line, "\n");
  zx_pagoda_console_write(line, strlen(line));
  __builtin_trap();
}

}  // namespace pagoda::libc

extern "C" {

void abort() { pagoda::libc::Fatal("abort() was called"); }

void __assert_fail(const char* expression, const char* file, unsigned line, const char* /*function*/) {
  char reason[128] = "";
  strncat(reason, file, 40);
  strcat(reason, ": assertion failed: ");
  strncat(reason, expression, 60);
  static_cast<void>(line);
  pagoda::libc::Fatal(reason);
}

}  // extern "C"
