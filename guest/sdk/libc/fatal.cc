#include "guest/sdk/libc/fatal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zircon/syscalls.h>

namespace pagoda::libc {

void Fatal(const char* reason) {
  char line[160];
  snprintf(line, sizeof(line), "fatal: %.140s\n", reason);
  zx_pagoda_console_write(line, strlen(line));
  __builtin_trap();
}

}  // namespace pagoda::libc

extern "C" {

void abort() { pagoda::libc::Fatal("abort() was called"); }

void __assert_fail(const char* expression, const char* file, unsigned line, const char* /*function*/) {
  char reason[140];
  snprintf(reason, sizeof(reason), "%.50s:%u: assertion failed: %.50s", file, line, expression);
  pagoda::libc::Fatal(reason);
}

}  // extern "C"
