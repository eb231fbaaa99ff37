// Measures, in TSC cycles, what it costs to touch pages that a pager on the host provides. One `name value` line each,
// for programs and people.
#include <lib/zx/vmar.h>
#include <lib/zx/vmo.h>
#include <pagoda/object.h>
#include <stdio.h>
#include <stdlib.h>
#include <zircon/status.h>
#include <zircon/syscalls.h>

#include <algorithm>
#include <random>
#include <string_view>
#include <vector>

namespace {

constexpr size_t kPageSize = 4096;

uint64_t ReadTsc() {
  __builtin_ia32_lfence();
  return __builtin_ia32_rdtsc();
}

zx_status_t MapObject(const char* name, volatile const char** memory, size_t* pages) {
  zx::vmo vmo;
  pagoda::ObjectSizes sizes;
  if (const zx_status_t status = pagoda::OpenObject(name, &vmo, &sizes); status != ZX_OK) {
    return status;
  }
  zx_vaddr_t address = 0;
  constexpr zx_vm_option_t kOptions = ZX_VM_PERM_READ | ZX_VM_ALLOW_FAULTS;
  const zx_status_t status = zx::vmar::root_self()->map(kOptions, 0, vmo, 0, sizes.size, &address);
  *memory = reinterpret_cast<volatile const char*>(address);
  *pages = sizes.size / kPageSize;
  return status;
}

// The pages to touch: the first `count`, or one of every kStride, so far apart that no two come with one request, in an
// order that is random but the same in every run.
std::vector<size_t> PagesToTouch(size_t pages, size_t count, bool random) {
  constexpr size_t kStride = 64;
  const size_t stride = random ? kStride : 1;
  std::vector<size_t> order(std::min(count, pages / stride));
  for (size_t i = 0; i < order.size(); ++i) {
    order[i] = i * stride;
  }
  if (random) {
    std::shuffle(order.begin(), order.end(), std::minstd_rand(1));
  }
  return order;
}

uint64_t Median(std::vector<uint64_t> samples) {
  const auto middle = samples.begin() + static_cast<ptrdiff_t>(samples.size() / 2);
  std::nth_element(samples.begin(), middle, samples.end());
  return *middle;
}

// The cost of each page in a sequence: what pages that come together with others are worth. The first of every kPeriod
// pages is compared with the first of all other periods, the second with the second, and so on. Unlike the mean of all
// touches, the mean of these medians does not see that the host ran something else in between.
uint64_t CostInSequence(const std::vector<uint64_t>& samples) {
  constexpr size_t kPeriod = 512;  // a multiple of what one request brings
  const size_t periods = samples.size() / kPeriod;
  uint64_t sum = 0;
  for (size_t place = 0; place < kPeriod && periods > 0; ++place) {
    std::vector<uint64_t> same_place(periods);
    for (size_t i = 0; i < periods; ++i) {
      same_place[i] = samples[i * kPeriod + place];
    }
    sum += Median(std::move(same_place));
  }
  return sum / kPeriod;
}

// Reads one byte of each page.
void TouchPages(volatile const char* memory, const std::vector<size_t>& order) {
  std::vector<uint64_t> samples(order.size());
  for (size_t i = 0; i < order.size(); ++i) {
    const uint64_t start = ReadTsc();
    static_cast<void>(memory[order[i] * kPageSize]);
    samples[i] = ReadTsc() - start;
  }
  printf("touch_cycles %lu\npage_cycles %lu\n", Median(samples), CostInSequence(samples));
}

}  // namespace

int main(int argument_count, char** arguments) {
  const std::string_view order = argument_count == 4 ? arguments[2] : "";
  const size_t count = argument_count == 4 ? strtoul(arguments[3], nullptr, 10) : 0;
  if ((order != "random" && order != "sequential") || count == 0) {
    fprintf(stderr, "usage: pager-probe NAME random|sequential PAGES\nNAME is an object that the host serves\n");
    return 2;
  }
  volatile const char* memory = nullptr;
  size_t pages = 0;
  if (const zx_status_t status = MapObject(arguments[1], &memory, &pages); status != ZX_OK) {
    fprintf(stderr, "pager-probe: %s: %s\n", arguments[1], zx_status_get_string(status));
    return 1;
  }
  const std::vector<size_t> chosen = PagesToTouch(pages, count, order == "random");
  if (chosen.empty()) {
    fprintf(stderr, "pager-probe: %s: too small\n", arguments[1]);
    return 1;
  }
  TouchPages(memory, chosen);
  printf("ticks_per_second %lu\n", zx_ticks_per_second());
  return 0;
}
