// Pages of a VMO that somebody reads while they are written back: nobody writes to them until they are returned.
#pragma once

#include <stddef.h>

#include <array>
#include <span>

#include "guest/kernel/lib/panic.h"
#include "guest/kernel/vm/page.h"

namespace gk {

class LentPages {
 public:
  static constexpr size_t kMost = 64;

  LentPages() = default;
  LentPages(const LentPages&) = delete;
  LentPages& operator=(const LentPages&) = delete;
  ~LentPages() { Return(); }

  // Neighbours in the object, not necessarily in RAM. Only to be read.
  [[nodiscard]] std::span<Page* const> pages() const { return std::span(pages_).first(count_); }

  // Called by Vmo::LendPages. Takes over what PagedContent::LendPage gave.
  void Add(Page* page) {
    GK_ASSERT(count_ < kMost);
    pages_[count_++] = page;
  }
  // Gives all of them back.
  void Return();

 private:
  std::array<Page*, kMost> pages_{};
  size_t count_ = 0;
};

}  // namespace gk
