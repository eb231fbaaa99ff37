// Everything that the memory system does, at random and by several threads at once, for a bounded time, with every byte
// checked: `stress [--seconds N] [--seed N] [--threads N] [OBJECT]`.
//
// Each thread has a VMO of its own, and of OBJECT, which must be writable, every page whose number leaves its own when
// divided by the number of threads. It knows what each of its pages must hold. Exit code 1: a page held something else,
// or a call failed; the line says which, and the seed finds it again.
#include <lib/zx/vmar.h>
#include <lib/zx/vmo.h>
#include <pagoda/mutex.h>
#include <pagoda/object.h>
#include <pagoda/thread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zircon/status.h>
#include <zircon/syscalls.h>

#include <atomic>
#include <memory>
#include <random>
#include <string_view>
#include <vector>

#include "guest/programs/objects.h"
#include "guest/programs/page-storm.h"
#include "guest/programs/storm-pages.h"

namespace {

constexpr uint64_t kPageSize = 4096;
constexpr uint64_t kOwnPages = 64;

using programs::PageWords;
using Pages = programs::StormPages;

// The counters that are printed at the end.
struct Totals {
  std::atomic<uint64_t> reads{0};
  std::atomic<uint64_t> writes{0};
  std::atomic<uint64_t> snapshots{0};
  std::atomic<uint64_t> evictions{0};
  std::atomic<uint64_t> maps{0};
};

struct Shared {
  uint64_t seed = 1;
  uint64_t threads = 4;
  zx_time_t end = 0;
  const zx::vmo* object = nullptr;  // null: none
  uint64_t object_pages = 0;
  std::atomic<bool> failed{false};
  Totals totals;
};

class Worker {
 public:
  Worker(Shared& shared, uint64_t number) : shared_(shared), number_(number), random_(shared.seed * 64 + number) {}

  void Run() {
    if (!Check(zx::vmo::create(kOwnPages * kPageSize, 0, &vmo_), "vmo_create")) {
      return;
    }
    Pages own(vmo_, 0, 1, kOwnPages);
    const uint64_t shared_count =
        shared_.object_pages > number_ ? (shared_.object_pages - number_ + shared_.threads - 1) / shared_.threads : 0;
    static const zx::vmo kNone;
    Pages object(shared_.object != nullptr ? *shared_.object : kNone, number_, shared_.threads, shared_count);
    while (!shared_.failed && zx_clock_get_monotonic() < shared_.end) {
      Step(object.count() != 0 && Below(2) == 0 ? object : own);
    }
    for (Pages* pages : {&own, &object}) {
      for (uint64_t index = 0; index < pages->count() && !shared_.failed; ++index) {
        Read(*pages, index);
      }
    }
  }

 private:
  uint64_t Below(uint64_t bound) { return random_() % bound; }

  bool Check(zx_status_t status, const char* call) {
    if (status == ZX_OK) {
      return true;
    }
    if (!shared_.failed.exchange(true)) {
      fprintf(stderr, "stress: %s: %s (seed %lu)\n", call, zx_status_get_string(status), shared_.seed);
    }
    return false;
  }

  void Compare(const Pages& pages, uint64_t index, const volatile uint64_t* words, uint64_t version, const char* how) {
    for (uint64_t word = 0; word < programs::kWordsPerPage; ++word) {
      const uint64_t expected = programs::StormWord(pages.NumberOf(index), version, word);
      const uint64_t found = words[word];
      if (found != expected && !shared_.failed.exchange(true)) {
        fprintf(stderr, "stress: thread %lu: %s of page %lu, word %lu: %lx in place of %lx (seed %lu)\n", number_, how,
                pages.NumberOf(index), word, found, expected, shared_.seed);
      }
    }
  }

  void Step(Pages& pages) {
    const uint64_t index = Below(pages.count());
    switch (Below(8)) {
      case 0:
      case 1:
        return Read(pages, index);
      case 2:
      case 3:
        return Write(pages, index);
      case 4:
        return UseMapping(pages);
      case 5:
        return Snapshot(pages, index);
      case 6:
        return Evict(pages, index);
      default:
        return Zero(pages, index);
    }
  }

  void Read(const Pages& pages, uint64_t index) {
    PageWords words;
    if (Check(pages.vmo().read(words.data(), pages.OffsetOf(index), kPageSize), "vmo_read")) {
      Compare(pages, index, words.data(), pages.version(index), "vmo_read");
      ++shared_.totals.reads;
    }
  }

  void Write(Pages& pages, uint64_t index) {
    const PageWords words = pages.NextContent(index);
    Check(pages.vmo().write(words.data(), pages.OffsetOf(index), kPageSize), "vmo_write");
    ++shared_.totals.writes;
  }

  // A few pages are read and written by faults.
  void UseMapping(Pages& pages) {
    const auto root = zx::vmar::root_self();
    const uint64_t last = pages.NumberOf(pages.count() - 1);
    constexpr zx_vm_option_t kOptions = ZX_VM_PERM_READ | ZX_VM_PERM_WRITE | ZX_VM_ALLOW_FAULTS;
    zx_vaddr_t address = 0;
    if (!Check(root->map(kOptions, 0, pages.vmo(), 0, (last + 1) * kPageSize, &address), "vmar_map")) {
      return;
    }
    for (uint64_t access = 0; access < 8; ++access) {
      const uint64_t index = Below(pages.count());
      auto* words = reinterpret_cast<uint64_t*>(address + pages.OffsetOf(index));
      Compare(pages, index, words, pages.version(index), "a mapping");
      if (Below(2) == 0) {
        const PageWords next = pages.NextContent(index);
        memcpy(words, next.data(), kPageSize);
      }
    }
    Check(root->unmap(address, (last + 1) * kPageSize), "vmar_unmap");
    ++shared_.totals.maps;
  }

  // What a copy has seen does not change, whatever is written to either afterwards.
  void Snapshot(Pages& pages, uint64_t index) {
    zx::vmo copy;
    constexpr uint32_t kOptions = ZX_VMO_CHILD_SNAPSHOT_AT_LEAST_ON_WRITE;
    if (!Check(pages.vmo().create_child(kOptions, pages.OffsetOf(index), kPageSize, &copy), "vmo_create_child")) {
      return;
    }
    PageWords words;
    // Its own from its first write on.
    uint64_t first = programs::StormWord(pages.NumberOf(index), pages.version(index), 0);
    Check(copy.write(&first, 0, sizeof(first)), "vmo_write to a copy");
    const uint64_t version = pages.version(index);
    Write(pages, index);
    if (Check(copy.read(words.data(), 0, kPageSize), "vmo_read of a copy")) {
      Compare(pages, index, words.data(), version, "a copy");
    }
    first = ~first;
    Check(copy.write(&first, 0, sizeof(first)), "vmo_write to a copy");
    Read(pages, index);
    ++shared_.totals.snapshots;
  }

  // The kernel may give the page back, and has it read again; for an object what is dirty is made durable now and then.
  void Evict(const Pages& pages, uint64_t index) {
    if (&pages.vmo() == shared_.object) {
      if (Below(16) == 0) {
        Check(pagoda::SyncObject(pages.vmo()), "pagoda_object_sync");
      }
      Check(pages.vmo().op_range(ZX_VMO_OP_DONT_NEED, pages.OffsetOf(index), kPageSize, nullptr, 0), "DONT_NEED");
    }
    Read(pages, index);
    ++shared_.totals.evictions;
  }

  void Zero(Pages& pages, uint64_t index) {
    Check(pages.vmo().op_range(ZX_VMO_OP_ZERO, pages.OffsetOf(index), kPageSize, nullptr, 0), "ZERO");
    pages.SetZero(index);
    Read(pages, index);
    ++shared_.totals.writes;
  }

  Shared& shared_;
  const uint64_t number_;
  std::mt19937_64 random_;
  zx::vmo vmo_;
};

bool ParseArguments(int count, char** arguments, uint64_t* seconds, Shared* shared, const char** object) {
  for (int i = 1; i < count; ++i) {
    const std::string_view argument = arguments[i];
    if (!argument.starts_with("--")) {
      if (*object != nullptr) {
        return false;
      }
      *object = arguments[i];
      continue;
    }
    uint64_t* value = argument == "--seconds"   ? seconds
                      : argument == "--seed"    ? &shared->seed
                      : argument == "--threads" ? &shared->threads
                                                : nullptr;
    if (value == nullptr || ++i == count) {
      return false;
    }
    *value = strtoull(arguments[i], nullptr, 10);
  }
  return shared->threads >= 1 && shared->threads <= 64 && *seconds <= 86400;
}

}  // namespace

int main(int argument_count, char** arguments) {
  Shared shared;
  uint64_t seconds = 5;
  const char* name = nullptr;
  if (!ParseArguments(argument_count, arguments, &seconds, &shared, &name)) {
    fprintf(stderr,
            "usage: stress [--seconds N] [--seed N] [--threads N] [OBJECT]\n"
            "OBJECT is a writable object that the host serves, of zeros; it is overwritten\n");
    return 2;
  }
  zx::vmo object;
  if (name != nullptr) {
    pagoda::ObjectSizes sizes;
    zx_status_t status = pagoda::OpenObject(name, &object, &sizes);
    if (status != ZX_OK || (status = programs::CheckWritable(object)) != ZX_OK) {
      programs::Complain("stress", name, "cannot be opened", status);
      return 1;
    }
    shared.object = &object;
    shared.object_pages = sizes.content_size / kPageSize;
  }
  shared.end = zx_deadline_after(ZX_SEC(seconds));
  {
    std::vector<pagoda::Thread> threads(shared.threads);
    std::vector<std::unique_ptr<Worker>> workers;
    for (uint64_t number = 0; number < shared.threads; ++number) {
      workers.push_back(std::make_unique<Worker>(shared, number));
      Worker& worker = *workers.back();
      if (const zx_status_t status = threads[number].Start("stress", [&worker] { worker.Run(); }); status != ZX_OK) {
        fprintf(stderr, "stress: a thread cannot be started: %s\n", zx_status_get_string(status));
        shared.failed = true;
        break;
      }
    }
    for (pagoda::Thread& thread : threads) {
      thread.Join();
    }
  }
  const Totals& totals = shared.totals;
  printf("stress: seed %lu, %lu threads: %lu reads, %lu writes, %lu snapshots, %lu evictions, %lu mappings: %s\n",
         shared.seed, shared.threads, totals.reads.load(), totals.writes.load(), totals.snapshots.load(),
         totals.evictions.load(), totals.maps.load(), shared.failed ? "FAILED" : "all as it must be");
  return shared.failed ? 1 : 0;
}
