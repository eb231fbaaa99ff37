// Measures, in TSC cycles, what a system call and a page fault cost. One `name value` line each, for programs and
// people.
#include <lib/zx/vmar.h>
#include <lib/zx/vmo.h>
#include <stdio.h>
#include <zircon/syscalls.h>

#include <algorithm>
#include <vector>

namespace {

constexpr size_t kPageSize = 4096;
constexpr zx_vm_option_t kReadWrite = ZX_VM_PERM_READ | ZX_VM_PERM_WRITE;

uint64_t ReadTsc() {
  __builtin_ia32_lfence();
  return __builtin_ia32_rdtsc();
}

uint64_t Median(std::vector<uint64_t> samples) {
  const auto middle = samples.begin() + static_cast<ptrdiff_t>(samples.size() / 2);
  std::nth_element(samples.begin(), middle, samples.end());
  return *middle;
}

// A call that the kernel answers without doing anything.
uint64_t NullSystemCall() {
  std::vector<uint64_t> samples(1000);
  for (uint64_t& sample : samples) {
    const uint64_t start = ReadTsc();
    zx_pagoda_cpu_index();
    sample = ReadTsc() - start;
  }
  return Median(std::move(samples));
}

// Fresh anonymous memory of `pages` pages, or null.
volatile char* MapPages(size_t pages) {
  zx::vmo vmo;
  zx_vaddr_t address = 0;
  if (zx::vmo::create(pages * kPageSize, 0, &vmo) != ZX_OK ||
      zx::vmar::root_self()->map(kReadWrite, 0, vmo, 0, pages * kPageSize, &address) != ZX_OK) {
    return nullptr;
  }
  return reinterpret_cast<volatile char*>(address);
}

// Writes to one page of every `stride`, so far apart that the kernel does not map one page's neighbour for it.
bool MeasureSeparateFaults(uint64_t* median) {
  constexpr size_t kStride = 64;
  std::vector<uint64_t> samples(256);
  volatile char* memory = MapPages(samples.size() * kStride);
  if (memory == nullptr) {
    return false;
  }
  for (size_t i = 0; i < samples.size(); ++i) {
    const uint64_t start = ReadTsc();
    memory[i * kStride * kPageSize] = 1;
    samples[i] = ReadTsc() - start;
  }
  *median = Median(std::move(samples));
  return true;
}

// Writes to page after page, as programs do: shows what mapping several pages per fault is worth. The median over runs
// of 64 pages, because a mean would count what else the host did meanwhile.
bool MeasureSequentialPages(uint64_t* median) {
  constexpr size_t kRun = 64;
  std::vector<uint64_t> samples(64);
  volatile char* memory = MapPages(samples.size() * kRun);
  if (memory == nullptr) {
    return false;
  }
  for (uint64_t& sample : samples) {
    const uint64_t start = ReadTsc();
    for (size_t page = 0; page < kRun; ++page, memory += kPageSize) {
      memory[0] = 1;
    }
    sample = (ReadTsc() - start) / kRun;
  }
  *median = Median(std::move(samples));
  return true;
}

}  // namespace

int main() {
  printf("null_system_call_cycles %lu\n", NullSystemCall());
  uint64_t separate = 0;
  uint64_t sequential = 0;
  if (!MeasureSeparateFaults(&separate) || !MeasureSequentialPages(&sequential)) {
    fprintf(stderr, "bench-probe: no memory\n");
    return 1;
  }
  printf("anonymous_fault_cycles %lu\n", separate);
  printf("anonymous_page_cycles %lu\n", sequential);
  printf("ticks_per_second %lu\n", zx_ticks_per_second());
  return 0;
}
