// Asks page sources as a device would, and remembers the answers.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "devices/pager/page_source.h"
#include "shared/base/range.h"

namespace test {

struct AnswerRecord {
  int count = 0;
  zx_status_t status = 0;
};

class RecordingAnswer final : public pager::Answer {
 public:
  explicit RecordingAnswer(AnswerRecord& record) : record_(record) {}
  void OnAnswer(zx_status_t status) override {
    ++record_.count;
    record_.status = status;
  }

 private:
  AnswerRecord& record_;
};

// Pages of memory to read into, filled with 0xee so that what was not written shows.
class PageBuffer {
 public:
  explicit PageBuffer(size_t pages) : bytes_(pages * base::kPageSize, '\xee') {}

  // One piece per entry, that many pages each, in order.
  [[nodiscard]] std::vector<iovec> Pieces(const std::vector<size_t>& pages) {
    std::vector<iovec> pieces;
    char* next = bytes_.data();
    for (const size_t count : pages) {
      pieces.push_back({.iov_base = next, .iov_len = count * base::kPageSize});
      next += count * base::kPageSize;
    }
    return pieces;
  }
  [[nodiscard]] const std::string& text() const { return bytes_; }

 private:
  std::string bytes_;
};

}  // namespace test
