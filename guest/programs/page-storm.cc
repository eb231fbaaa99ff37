// Reads and writes pages of a host-served object without pause until a line comes on the console, and knows what every
// page must hold: `page-storm NAME SEED`.
//
// Each round opens the object anew, so that the pager writes back what the round before has written and reads it again.
// The file must begin with zeros. At the end the version of every page is printed, for whoever looks at the file.
// Exit code 1: a page held something else, or a call failed.
#include <lib/zx/vmar.h>
#include <lib/zx/vmo.h>
#include <pagoda/object.h>
#include <stdio.h>
#include <stdlib.h>
#include <zircon/status.h>
#include <zircon/syscalls.h>

#include <vector>

#include "guest/programs/page-storm.h"

namespace {

constexpr uint64_t kPageSize = programs::kWordsPerPage * sizeof(uint64_t);
constexpr int kPagesPerRound = 48;

// xorshift64*
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed * 2 + 1) {}
  uint64_t Below(uint64_t bound) {
    state_ ^= state_ >> 12;
    state_ ^= state_ << 25;
    state_ ^= state_ >> 27;
    return state_ * 0x2545f4914f6cdd1d % bound;
  }

 private:
  uint64_t state_;
};

bool Fail(const char* what, zx_status_t status) {
  fprintf(stderr, "page-storm: %s: %s\n", what, zx_status_get_string(status));
  return false;
}

bool Holds(const volatile uint64_t* words, uint64_t page, uint64_t version) {
  for (uint64_t index = 0; index < programs::kWordsPerPage; ++index) {
    if (words[index] != programs::StormWord(page, version, index)) {
      fprintf(stderr, "page-storm: page %lu version %lu word %lu is %lx\n", page, version, index, words[index]);
      return false;
    }
  }
  return true;
}

void Write(volatile uint64_t* words, uint64_t page, uint64_t version) {
  for (uint64_t index = 0; index < programs::kWordsPerPage; ++index) {
    words[index] = programs::StormWord(page, version, index);
  }
}

// One page of the mapping: it holds what was written last; three times in four it is written anew.
bool Visit(zx_vaddr_t mapping, Random& random, std::vector<uint64_t>& versions) {
  const uint64_t page = random.Below(versions.size());
  auto* words = reinterpret_cast<volatile uint64_t*>(mapping + page * kPageSize);
  if (!Holds(words, page, versions[page])) {
    return false;
  }
  if (random.Below(4) != 0) {
    Write(words, page, ++versions[page]);
  }
  return true;
}

bool Round(const char* name, Random& random, std::vector<uint64_t>& versions) {
  zx::vmo vmo;
  pagoda::ObjectSizes sizes;
  if (const zx_status_t status = pagoda::OpenObject(name, &vmo, &sizes); status != ZX_OK) {
    return Fail("cannot open", status);
  }
  versions.resize(sizes.size / kPageSize);
  zx_vaddr_t mapping = 0;
  constexpr zx_vm_option_t kOptions = ZX_VM_PERM_READ | ZX_VM_PERM_WRITE | ZX_VM_ALLOW_FAULTS;
  const auto root = zx::vmar::root_self();
  if (const zx_status_t status = root->map(kOptions, 0, vmo, 0, sizes.size, &mapping); status != ZX_OK) {
    return Fail("cannot map", status);
  }
  bool good = true;
  for (int visit = 0; visit < kPagesPerRound && good; ++visit) {
    good = Visit(mapping, random, versions);
  }
  root->unmap(mapping, sizes.size);
  return good;
}

bool LineHasCome() {
  char buffer[16];
  size_t size = 0;
  return zx_pagoda_console_read(buffer, sizeof(buffer), 0, &size) == ZX_OK;
}

}  // namespace

int main(int argument_count, char** arguments) {
  if (argument_count != 3) {
    fprintf(stderr, "usage: page-storm NAME SEED\n");
    return 2;
  }
  Random random(strtoul(arguments[2], nullptr, 10));
  std::vector<uint64_t> versions;
  printf("page-storm begins\n");
  uint64_t rounds = 0;
  do {
    if (!Round(arguments[1], random, versions)) {
      return 1;
    }
    ++rounds;
  } while (!LineHasCome());
  // To open what is being written back waits until that is done.
  if (zx::vmo vmo; pagoda::OpenObject(arguments[1], &vmo) != ZX_OK) {
    return 1;
  }
  printf("rounds %lu\n", rounds);
  for (const uint64_t version : versions) {
    printf("version %lu\n", version);
  }
  printf("page-storm ends\n");
  return 0;
}
