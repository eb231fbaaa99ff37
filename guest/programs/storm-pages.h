// Pages of a VMO that only one thread writes to, and what each holds: that version of page-storm.h, which is zeros for
// 0.
#pragma once

#include <lib/zx/vmo.h>
#include <stdint.h>

#include <array>
#include <vector>

#include "guest/programs/page-storm.h"

namespace programs {

using PageWords = std::array<uint64_t, kWordsPerPage>;

// One thread. `vmo` outlives it.
class StormPages {
 public:
  // Every `step`-th page from `first` on.
  StormPages(const zx::vmo& vmo, uint64_t first, uint64_t step, uint64_t count)
      : vmo_(vmo), first_(first), step_(step), versions_(count) {}

  [[nodiscard]] uint64_t count() const { return versions_.size(); }
  [[nodiscard]] uint64_t NumberOf(uint64_t index) const { return first_ + index * step_; }
  [[nodiscard]] uint64_t OffsetOf(uint64_t index) const { return NumberOf(index) * sizeof(PageWords); }
  [[nodiscard]] uint64_t version(uint64_t index) const { return versions_[index]; }
  [[nodiscard]] const zx::vmo& vmo() const { return vmo_; }

  // Of a new version, which it is from now on.
  PageWords NextContent(uint64_t index) {
    PageWords words;
    ++versions_[index];
    for (uint64_t word = 0; word < words.size(); ++word) {
      words[word] = StormWord(NumberOf(index), versions_[index], word);
    }
    return words;
  }
  void SetZero(uint64_t index) { versions_[index] = 0; }

 private:
  const zx::vmo& vmo_;
  uint64_t first_;
  uint64_t step_;
  std::vector<uint64_t> versions_;
};

}  // namespace programs
