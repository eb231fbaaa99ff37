// Measures how fast an object that the host serves can be read from its start to its end. One `name value` line each,
// for programs and people; the line "ready" before the first access, and "done" as the last: between them whoever
// started the machine can look at what it costs from outside.
#include <lib/zx/vmar.h>
#include <lib/zx/vmo.h>
#include <pagoda/object.h>
#include <stdio.h>
#include <stdlib.h>
#include <zircon/status.h>
#include <zircon/syscalls.h>

#include <algorithm>
#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include "guest/programs/sha256.h"

namespace {

constexpr size_t kPageSize = 4096;
constexpr size_t kBlockSize = 128 * 1024;  // of those who read in blocks

uint64_t ReadTsc() {
  __builtin_ia32_lfence();
  return __builtin_ia32_rdtsc();
}

// What the kernel is entered for takes at least half as long as a system call that does nothing.
uint64_t ShortestEntry() {
  uint64_t shortest = UINT64_MAX;
  for (int i = 0; i < 100; ++i) {
    const uint64_t start = ReadTsc();
    zx_pagoda_cpu_index();
    shortest = std::min(shortest, ReadTsc() - start);
  }
  return shortest / 2;
}

struct Object {
  zx::vmo vmo;
  uint64_t size = 0;
};

zx_status_t Map(const Object& object, const std::byte** memory) {
  zx_vaddr_t address = 0;
  constexpr zx_vm_option_t kOptions = ZX_VM_PERM_READ | ZX_VM_ALLOW_FAULTS;
  const zx_status_t status = zx::vmar::root_self()->map(kOptions, 0, object.vmo, 0, object.size, &address);
  *memory = reinterpret_cast<const std::byte*>(address);
  return status;
}

zx_status_t Nothing(const Object& /*object*/) { return ZX_OK; }

// One byte of each page.
zx_status_t TouchPages(const Object& object) {
  const std::byte* memory = nullptr;
  if (const zx_status_t status = Map(object, &memory); status != ZX_OK) {
    return status;
  }
  const uint64_t entry = ShortestEntry();
  uint64_t faults = 0;
  uint64_t before = __builtin_ia32_rdtsc();
  for (size_t offset = 0; offset < object.size; offset += kPageSize) {
    static_cast<void>(*static_cast<volatile const std::byte*>(memory + offset));
    const uint64_t now = __builtin_ia32_rdtsc();
    faults += now - before > entry ? 1 : 0;
    before = now;
  }
  printf("faults %lu\n", faults);
  return ZX_OK;
}

zx_status_t ReadBlocks(const Object& object) {
  std::vector<std::byte> block(kBlockSize);
  for (uint64_t offset = 0; offset < object.size; offset += kBlockSize) {
    const uint64_t length = std::min<uint64_t>(kBlockSize, object.size - offset);
    if (const zx_status_t status = object.vmo.read(block.data(), offset, length); status != ZX_OK) {
      return status;
    }
  }
  return ZX_OK;
}

zx_status_t Hash(const Object& object) {
  const std::byte* memory = nullptr;
  if (const zx_status_t status = Map(object, &memory); status != ZX_OK) {
    return status;
  }
  programs::Sha256 hash;
  hash.Update({memory, object.size});
  const programs::Sha256::Digest digest = hash.Finish();
  printf("digest_start %u\n", digest[0] << 16 | digest[1] << 8 | digest[2]);
  return ZX_OK;
}

// Every page is with the guest, and stays there if its memory is large enough: what the work itself takes is left.
zx_status_t BringPages(const Object& object) {
  const std::byte* memory = nullptr;
  if (const zx_status_t status = Map(object, &memory); status != ZX_OK) {
    return status;
  }
  for (size_t offset = 0; offset < object.size; offset += kPageSize) {
    static_cast<void>(*static_cast<volatile const std::byte*>(memory + offset));
  }
  return ZX_OK;
}

struct Job {
  std::string_view name;
  zx_status_t (*prepare)(const Object& object);  // is not measured
  zx_status_t (*run)(const Object& object);
};

constexpr Job kJobs[] = {{"touch", Nothing, TouchPages},
                         {"read", Nothing, ReadBlocks},
                         {"sha256", Nothing, Hash},
                         {"sha256-there", BringPages, Hash}};

zx_status_t Measure(const Job& job, const char* name) {
  Object object;
  pagoda::ObjectSizes sizes;
  if (const zx_status_t status = pagoda::OpenObject(name, &object.vmo, &sizes); status != ZX_OK) {
    return status;
  }
  object.size = sizes.size;
  if (const zx_status_t status = job.prepare(object); status != ZX_OK) {
    return status;
  }
  printf("ready 1\n");
  fflush(stdout);
  const uint64_t start = ReadTsc();
  if (const zx_status_t status = job.run(object); status != ZX_OK) {
    return status;
  }
  printf("cycles %lu\nticks_per_second %lu\nbytes %lu\ndone 1\n", ReadTsc() - start, zx_ticks_per_second(),
         object.size);
  fflush(stdout);
  // The machine is still there when it is looked at.
  zx_nanosleep(zx_deadline_after(ZX_MSEC(300)));
  return ZX_OK;
}

}  // namespace

int main(int argument_count, char** arguments) {
  const std::string_view name = argument_count == 3 ? arguments[2] : "";
  const Job* job = std::find_if(std::begin(kJobs), std::end(kJobs), [&](const Job& each) { return each.name == name; });
  if (job == std::end(kJobs)) {
    fprintf(stderr,
            "usage: stream-probe NAME touch|read|sha256|sha256-there\nNAME is an object that the host serves\n");
    return 2;
  }
  if (const zx_status_t status = Measure(*job, arguments[1]); status != ZX_OK) {
    fprintf(stderr, "stream-probe: %s: %s\n", arguments[1], zx_status_get_string(status));
    return 1;
  }
  return 0;
}
