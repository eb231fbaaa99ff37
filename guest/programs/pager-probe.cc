// Measures what it costs to touch pages that a pager on the host provides. One `name value` line for each thing that
// was measured, for programs and people; TSC cycles where the name says so.
//
//   random PAGES [THREADS]   one page in 64, in an order that is random but the same in every run; by several threads
//   sequential PAGES         the first pages, one after the other
//   strided PAGES            the same, one page in 8
//   refault PAGES            as `random`, after all of the object was read: what was evicted meanwhile is asked for
//   again dirty PAGES              as `sequential`, for writing, of pages that are there; then all is written back
//   supply                   all pages by one system call
//   each PAGES [PAUSE_US]    as `random`; prints the kernel's time before and after each touch, and of null system
//   calls
#include <lib/zx/vmar.h>
#include <lib/zx/vmo.h>
#include <pagoda/object.h>
#include <pagoda/thread.h>
#include <stdio.h>
#include <stdlib.h>
#include <zircon/status.h>
#include <zircon/syscalls.h>

#include <algorithm>
#include <atomic>
#include <random>
#include <string_view>
#include <vector>

namespace {

constexpr size_t kPageSize = 4096;
// So far apart that no page comes with another's request.
constexpr size_t kFar = 64;
constexpr size_t kStride = 8;

struct Object {
  zx::vmo vmo;
  volatile char* memory = nullptr;
  size_t size = 0;

  void Read(size_t page) const { static_cast<void>(memory[page * kPageSize]); }
  void Write(size_t page) const { memory[page * kPageSize] = 1; }
};

using Pages = std::vector<size_t>;

uint64_t ReadTsc() {
  __builtin_ia32_lfence();
  return __builtin_ia32_rdtsc();
}

zx_status_t OpenAndMap(const char* name, bool writes, Object* object) {
  pagoda::ObjectSizes sizes;
  if (const zx_status_t status = pagoda::OpenObject(name, &object->vmo, &sizes); status != ZX_OK) {
    return status;
  }
  const zx_vm_option_t options = ZX_VM_PERM_READ | ZX_VM_ALLOW_FAULTS | (writes ? ZX_VM_PERM_WRITE : 0);
  zx_vaddr_t address = 0;
  const zx_status_t status = zx::vmar::root_self()->map(options, 0, object->vmo, 0, sizes.size, &address);
  object->memory = reinterpret_cast<volatile char*>(address);
  object->size = sizes.size;
  return status;
}

// At most `count` pages of an object of `size` bytes, `stride` apart.
Pages EveryNth(size_t size, size_t count, size_t stride) {
  Pages pages(std::min(count, size / kPageSize / stride));
  for (size_t i = 0; i < pages.size(); ++i) {
    pages[i] = i * stride;
  }
  return pages;
}

Pages Shuffled(Pages pages) {
  std::shuffle(pages.begin(), pages.end(), std::minstd_rand(1));
  return pages;
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

template <typename Touch>
std::vector<uint64_t> CyclesOf(const Pages& pages, Touch touch) {
  std::vector<uint64_t> samples(pages.size());
  for (size_t i = 0; i < pages.size(); ++i) {
    const uint64_t start = ReadTsc();
    touch(pages[i]);
    samples[i] = ReadTsc() - start;
  }
  return samples;
}

// Every thread touches its share, from the same moment on; what counts is when the last one is done.
int TouchByThreads(const Object& object, const Pages& pages, size_t count) {
  std::vector<pagoda::Thread> threads(count);
  std::vector<std::vector<uint64_t>> samples(count);
  std::atomic<size_t> waiting = 0;
  std::atomic<bool> go = false;
  bool started = true;
  for (size_t i = 0; i < count; ++i) {
    auto body = [&, i] {
      Pages mine;
      for (size_t next = i; next < pages.size(); next += count) {
        mine.push_back(pages[next]);
      }
      samples[i].reserve(mine.size());
      ++waiting;
      while (!go) {
        zx_thread_legacy_yield(0);
      }
      samples[i] = CyclesOf(mine, [&](size_t page) { object.Read(page); });
    };
    started &= threads[i].Start("toucher", body) == ZX_OK;
  }
  while (started && waiting < count) {
    zx_thread_legacy_yield(0);
  }
  const zx_time_t start = zx_clock_get_monotonic();
  go = true;
  std::vector<uint64_t> all;
  for (size_t i = 0; i < count; ++i) {
    threads[i].Join();
    all.insert(all.end(), samples[i].begin(), samples[i].end());
  }
  const zx_time_t took = zx_clock_get_monotonic() - start;
  printf("touch_cycles %lu\npages_per_second %lu\n", Median(all),
         all.size() * 1'000'000'000 / static_cast<uint64_t>(took));
  return started ? 0 : 1;
}

void Print(const std::vector<uint64_t>& in_sequence) {
  printf("touch_cycles %lu\npage_cycles %lu\n", Median(in_sequence), CostInSequence(in_sequence));
}

int Refault(const Object& object, size_t count) {
  for (size_t page = 0; page < object.size / kPageSize; ++page) {
    object.Read(page);
  }
  // The end of the object may still be there.
  const Pages pages = Shuffled(EveryNth(object.size / 2, count, kFar));
  printf("touch_cycles %lu\n", Median(CyclesOf(pages, [&](size_t page) { object.Read(page); })));
  return 0;
}

int DirtyAndSync(const Object& object, size_t count) {
  const Pages pages = EveryNth(object.size, count, 1);
  for (const size_t page : pages) {
    object.Read(page);
  }
  const std::vector<uint64_t> samples = CyclesOf(pages, [&](size_t page) { object.Write(page); });
  printf("touch_cycles %lu\n", CostInSequence(samples));
  const zx_time_t start = zx_clock_get_monotonic();
  const zx_status_t status = pagoda::SyncObject(object.vmo);
  const zx_time_t took = zx_clock_get_monotonic() - start;
  printf("sync_ns_per_page %lu\n", static_cast<uint64_t>(took) / pages.size());
  return status == ZX_OK ? 0 : 1;
}

int Supply(const Object& object) {
  const zx_time_t start = zx_clock_get_monotonic();
  const zx_status_t status = zx_vmo_op_range(object.vmo.get(), ZX_VMO_OP_PREFETCH, 0, object.size, nullptr, 0);
  const zx_time_t took = zx_clock_get_monotonic() - start;
  printf("bytes_per_second %lu\n", object.size * 1'000'000'000 / static_cast<uint64_t>(took));
  return status == ZX_OK ? 0 : 1;
}

// For whoever knows what the kernel did meanwhile. Nothing is printed before the end, because that would be steps of
// the kernel too.
int PrintTouches(const Object& object, const Pages& pages, zx_duration_t pause) {
  struct Interval {
    zx_time_t begin;
    zx_time_t end;
  };
  constexpr size_t kCalls = 200;
  std::vector<Interval> touches(pages.size());
  std::vector<Interval> calls(kCalls);
  const uint64_t first_tsc = ReadTsc();
  const zx_time_t first = zx_clock_get_monotonic();
  for (Interval& call : calls) {
    call.begin = zx_clock_get_monotonic();
    zx_pagoda_cpu_index();
    call.end = zx_clock_get_monotonic();
  }
  for (size_t i = 0; i < pages.size(); ++i) {
    if (pause > 0) {
      zx_nanosleep(zx_deadline_after(pause));
    }
    touches[i].begin = zx_clock_get_monotonic();
    object.Read(pages[i]);
    touches[i].end = zx_clock_get_monotonic();
  }
  const uint64_t last_tsc = ReadTsc();
  const zx_time_t last = zx_clock_get_monotonic();
  printf("clock %ld %lu\nclock %ld %lu\n", first, first_tsc, last, last_tsc);
  for (const Interval& call : calls) {
    printf("call %ld %ld\n", call.begin, call.end);
  }
  for (const Interval& touch : touches) {
    printf("touch %ld %ld\n", touch.begin, touch.end);
  }
  return 0;
}

int Usage() {
  fprintf(stderr,
          "usage: pager-probe NAME random|sequential|strided|refault|dirty|each PAGES [THREADS|PAUSE_US]\n"
          "       pager-probe NAME supply\nNAME is an object that the host serves\n");
  return 2;
}

int Measure(const Object& object, std::string_view order, size_t count, size_t more) {
  const Pages far = Shuffled(EveryNth(object.size, count, kFar));
  auto read = [&](size_t page) { object.Read(page); };
  if (order == "random" && more > 1) {
    return TouchByThreads(object, far, more);
  }
  if (order == "random") {
    printf("touch_cycles %lu\n", Median(CyclesOf(far, read)));
  } else if (order == "sequential") {
    Print(CyclesOf(EveryNth(object.size, count, 1), read));
  } else if (order == "strided") {
    Print(CyclesOf(EveryNth(object.size, count, kStride), read));
  } else if (order == "refault") {
    return Refault(object, count);
  } else if (order == "dirty") {
    return DirtyAndSync(object, count);
  } else if (order == "each") {
    return PrintTouches(object, far, ZX_USEC(more));
  } else if (order == "supply") {
    return Supply(object);
  } else {
    return Usage();
  }
  return 0;
}

}  // namespace

int main(int argument_count, char** arguments) {
  const std::string_view order = argument_count >= 3 ? arguments[2] : "";
  const size_t count = argument_count >= 4 ? strtoul(arguments[3], nullptr, 10) : 0;
  const size_t more = argument_count == 5 ? strtoul(arguments[4], nullptr, 10) : 0;
  if (argument_count > 5 || (count == 0) != (order == "supply")) {
    return Usage();
  }
  Object object;
  if (const zx_status_t status = OpenAndMap(arguments[1], order == "dirty", &object); status != ZX_OK) {
    fprintf(stderr, "pager-probe: %s: %s\n", arguments[1], zx_status_get_string(status));
    return 1;
  }
  if (object.size / kPageSize / kFar == 0) {
    fprintf(stderr, "pager-probe: %s: too small\n", arguments[1]);
    return 1;
  }
  return Measure(object, order, count, more);
}
