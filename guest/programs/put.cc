// Writes text into an object that the host serves, at an offset. The pager on the host gets it when this program has
// ended, or whenever it writes back.
#include <lib/zx/vmo.h>
#include <pagoda/object.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zircon/status.h>

int main(int argument_count, char** arguments) {
  if (argument_count != 4) {
    fprintf(stderr,
            "usage: put NAME OFFSET TEXT\nNAME is an object that the host serves (pagoda run --pager NAME=...)\n");
    return 2;
  }
  zx::vmo vmo;
  zx_status_t status = pagoda::OpenObject(arguments[1], &vmo);
  if (status == ZX_OK) {
    status = vmo.write(arguments[3], strtoul(arguments[2], nullptr, 0), strlen(arguments[3]));
  }
  if (status != ZX_OK) {
    fprintf(stderr, "put: %s: %s\n", arguments[1], zx_status_get_string(status));
    return 1;
  }
  return 0;
}
