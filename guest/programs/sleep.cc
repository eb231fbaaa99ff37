// Sleeps for a number of milliseconds and says how long it was.
#include <stdio.h>
#include <stdlib.h>
#include <zircon/syscalls.h>

int main(int argument_count, char** arguments) {
  if (argument_count != 2) {
    fprintf(stderr, "usage: sleep MILLISECONDS\n");
    return 2;
  }
  const zx_duration_t wanted = ZX_MSEC(atoll(arguments[1]));
  const zx_time_t start = zx_clock_get_monotonic();
  const zx_status_t status = zx_nanosleep(zx_deadline_after(wanted));
  const zx_duration_t slept = zx_clock_get_monotonic() - start;
  printf("slept %.3f ms\n", static_cast<double>(slept) / 1e6);
  return status == ZX_OK && slept >= wanted ? 0 : 1;
}
