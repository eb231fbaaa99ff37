// Guest RAM in an ordinary process: a buffer of the test, and a page allocator that owns it.
//
// While a FakeRam lives, the kernel's physical map shows it and the pmm, the page heap and the fake MMU start afresh.
// When it goes, everything must have been given back: it aborts when pages are missing, so every test is a leak test.
// One at a time. Kernel objects must be gone before it: declare it first.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <vector>

#include "guest/kernel/arch/types.h"
#include "shared/abi/boot_info.h"

namespace gk::fake_arch {

class FakeRam {
 public:
  static constexpr uint64_t kDefaultSize = uint64_t{64} << 20;
  // What the monitor and the kernel's image are supposed to take.
  static constexpr PhysicalAddress kFreeStart = uint64_t{1} << 20;

  FakeRam() : FakeRam({{0, kDefaultSize}}) {}
  explicit FakeRam(std::initializer_list<abi::MemoryRange> ranges, PhysicalAddress free_start = kFreeStart);
  FakeRam(const FakeRam&) = delete;
  FakeRam& operator=(const FakeRam&) = delete;
  ~FakeRam();

  [[nodiscard]] const std::vector<abi::MemoryRange>& ranges() const { return ranges_; }

  // Pages that were free at the start and are not now.
  [[nodiscard]] uint64_t pages_in_use() const;

  // The test gives up on finding leaks: it ends with pages in use on purpose.
  void AllowLeaks() { check_leaks_ = false; }

 private:
  std::vector<abi::MemoryRange> ranges_;
  void* buffer_;
  size_t span_;
  uint64_t initially_in_use_;
  bool check_leaks_ = true;
};

}  // namespace gk::fake_arch
