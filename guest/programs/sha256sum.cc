// Hashes objects that the host serves. Every first touch of a page of the mapping is a page fault that a pager on the
// host answers. The output is that of coreutils' sha256sum.
#include <lib/zx/vmar.h>
#include <lib/zx/vmo.h>
#include <pagoda/object.h>
#include <stdio.h>
#include <zircon/status.h>

#include <cstddef>
#include <span>

#include "guest/programs/sha256.h"

namespace {

bool Fail(const char* name, const char* what, zx_status_t status) {
  fprintf(stderr, "sha256sum: %s: %s: %s\n", name, what, zx_status_get_string(status));
  return false;
}

bool HashObject(const char* name) {
  zx::vmo vmo;
  pagoda::ObjectSizes sizes;
  if (const zx_status_t status = pagoda::OpenObject(name, &vmo, &sizes); status != ZX_OK) {
    return Fail(name, "cannot be opened", status);
  }
  programs::Sha256 hash;
  if (sizes.content_size > 0) {
    const auto root = zx::vmar::root_self();
    zx_vaddr_t address = 0;
    constexpr zx_vm_option_t kOptions = ZX_VM_PERM_READ | ZX_VM_ALLOW_FAULTS;
    if (const zx_status_t status = root->map(kOptions, 0, vmo, 0, sizes.size, &address); status != ZX_OK) {
      return Fail(name, "cannot be mapped", status);
    }
    hash.Update({reinterpret_cast<const std::byte*>(address), sizes.content_size});
    root->unmap(address, sizes.size);
  }
  printf("%s  %s\n", programs::Sha256::ToHex(hash.Finish()).c_str(), name);
  return true;
}

}  // namespace

int main(int argument_count, char** arguments) {
  if (argument_count < 2) {
    fprintf(stderr, "usage: sha256sum NAME...\nNAME is an object that the host serves (pagoda run --pager NAME=...)\n");
    return 2;
  }
  bool all_hashed = true;
  for (int i = 1; i < argument_count; ++i) {
    all_hashed &= HashObject(arguments[i]);
  }
  return all_hashed ? 0 : 1;
}
