// Lines in memory, as many as a share of the guest's memory holds, to be sorted there.
#pragma once

#include <zircon/types.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "guest/programs/line_order.h"

namespace programs {

class LineBatch {
 public:
  // `budget`: bytes.
  explicit LineBatch(uint64_t budget) : most_text_(budget / 3 * 2), most_lines_(budget / 3 / sizeof(Line)) {
    text_.reserve(most_text_);
    lines_.reserve(most_lines_);
  }

  // False: it has no room for the line. One line always fits.
  [[nodiscard]] bool Add(std::string_view line) {
    if (!lines_.empty() && (text_.size() + line.size() > most_text_ || lines_.size() == most_lines_)) {
      return false;
    }
    lines_.push_back({static_cast<uint32_t>(text_.size()), static_cast<uint32_t>(line.size())});
    text_.append(line);
    return true;
  }

  void Sort(const LineOrder& order) {
    const auto before = [&](const Line& a, const Line& b) { return order.Compare(TextOf(a), TextOf(b)) < 0; };
    if (order.unique) {
      std::stable_sort(lines_.begin(), lines_.end(), before);
    } else {
      std::sort(lines_.begin(), lines_.end(), before);
    }
  }

  // Calls `take` with each, in order, as long as it gives ZX_OK; what it gave last.
  template <typename Take>
  [[nodiscard]] zx_status_t ForEach(Take take) const {
    for (const Line& line : lines_) {
      if (const zx_status_t status = take(TextOf(line)); status != ZX_OK) {
        return status;
      }
    }
    return ZX_OK;
  }

  [[nodiscard]] bool empty() const { return lines_.empty(); }
  void Clear() {
    text_.clear();
    lines_.clear();
  }

 private:
  struct Line {
    uint32_t offset;
    uint32_t length;
  };
  [[nodiscard]] std::string_view TextOf(const Line& line) const {
    return std::string_view(text_).substr(line.offset, line.length);
  }

  const size_t most_text_;
  const size_t most_lines_;
  std::string text_;
  std::vector<Line> lines_;
};

}  // namespace programs
