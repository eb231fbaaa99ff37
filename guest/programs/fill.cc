// Fills an object that the host serves, page by page, has it made durable, and does not give up where the host cannot
// take any more: it says so, and tries again until it succeeds.
#include <lib/zx/vmo.h>
#include <pagoda/object.h>
#include <stdio.h>
#include <string.h>
#include <zircon/status.h>
#include <zircon/syscalls.h>

#include <algorithm>
#include <array>
#include <string>

namespace {

constexpr size_t kPageSize = 4096;

// Page n is all one letter, the n-th of the alphabet that has no end.
zx_status_t WritePage(const zx::vmo& vmo, uint64_t offset, uint64_t content_size) {
  std::array<char, kPageSize> page;
  page.fill(static_cast<char>('a' + offset / kPageSize % 26));
  return vmo.write(page.data(), offset, std::min<uint64_t>(kPageSize, content_size - offset));
}

template <typename Action>
void UntilItSucceeds(const char* name, const char* what, Action action) {
  zx_status_t said = ZX_OK;
  while (const zx_status_t status = action()) {
    if (status != said) {
      fprintf(stderr, "fill: %s: %s: %s; trying again\n", name, what, zx_status_get_string(status));
      said = status;
    }
    zx_nanosleep(zx_deadline_after(ZX_MSEC(10)));
  }
}

}  // namespace

int main(int argument_count, char** arguments) {
  if (argument_count != 2) {
    fprintf(stderr, "usage: fill NAME\nNAME is an object that the host serves (pagoda run --pager NAME=...)\n");
    return 2;
  }
  zx::vmo vmo;
  uint64_t content_size = 0;
  zx_status_t status = pagoda::OpenObject(arguments[1], &vmo);
  if (status == ZX_OK) {
    status = vmo.get_prop_content_size(&content_size);
  }
  if (status != ZX_OK) {
    fprintf(stderr, "fill: %s: %s\n", arguments[1], zx_status_get_string(status));
    return 1;
  }
  const char* name = arguments[1];
  for (uint64_t offset = 0; offset < content_size; offset += kPageSize) {
    const std::string what = "page at " + std::to_string(offset);
    UntilItSucceeds(name, what.c_str(), [&] { return WritePage(vmo, offset, content_size); });
  }
  UntilItSucceeds(name, "sync", [&] { return pagoda::SyncObject(vmo); });
  return 0;
}
