// What the random calls work on: a pool of handles that all threads share, and a region of memory, parts of which are
// mapped, read-only, or not there, and change all the time because the calls unmap and map in it.
//
// Nothing of this program itself is in reach of a call that the kernel carries out rightly: the root region, the
// program's process and its threads are not in the pool.
#pragma once

#include <lib/zx/vmar.h>
#include <lib/zx/vmo.h>
#include <zircon/types.h>

#include <atomic>

#include "tests/syscall_fuzz/random.h"

namespace fuzz {

inline constexpr uint64_t kPageSize = 4096;

class Arena {
 public:
  static constexpr size_t kHandles = 192;
  static constexpr uint64_t kPages = 256;

  // Maps afresh. False: there is no memory.
  bool Renew(Random& random);
  [[nodiscard]] bool alive() const;

  // A handle, or a value that is or was none.
  zx_handle_t AnyHandle(Random& random) const;
  zx_handle_t AnyRegion(Random& random) const;
  // An address in the arena, near its end, or where no program has memory.
  uint64_t AnyAddress(Random& random) const;

  // Takes over a handle; another one goes.
  void Add(Random& random, zx_handle_t handle, bool region);
  // Makes an object of some kind.
  void MakeSomething(Random& random);
  void CloseAll();
  // Whoever waits for pages that no pager will ever supply gets an error.
  void ClosePagers();

 private:
  static constexpr size_t kRegions = 16;  // the first so many slots are regions

  std::atomic<zx_handle_t> handles_[kHandles] = {};
  std::atomic<uint64_t> base_ = 0;
  std::atomic<zx_handle_t> region_ = 0;
};

}  // namespace fuzz
