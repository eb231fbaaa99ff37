// Waits for a line on the machine's console and prints it in brackets: `read-line [SECONDS]`. Exit code 1: none came.
#include <stdio.h>
#include <stdlib.h>
#include <zircon/status.h>
#include <zircon/syscalls.h>

#include <string>

int main(int argument_count, char** arguments) {
  const zx_time_t deadline = argument_count > 1 ? zx_deadline_after(ZX_SEC(atoi(arguments[1]))) : ZX_TIME_INFINITE;
  std::string line;
  while (line.find('\n') == std::string::npos) {
    char buffer[256];
    size_t size = 0;
    if (const zx_status_t status = zx_pagoda_console_read(buffer, sizeof(buffer), deadline, &size); status != ZX_OK) {
      fprintf(stderr, "read-line: %s\n", zx_status_get_string(status));
      return 1;
    }
    line.append(buffer, size);
  }
  printf("[%s]\n", line.substr(0, line.find('\n')).c_str());
  return 0;
}
