// A hosted kernel with a process, asked what a debugger asks.
#pragma once

#include <gtest/gtest.h>

#include <sstream>
#include <string>
#include <vector>

#include "guest/kernel/inspect/inspect.h"
#include "guest/kernel/object/vmo_dispatcher.h"
#include "guest/kernel/vm/vmo.h"
#include "tests/guest/kernel/syscall/pager_fixture.h"

namespace gk::test {

using abi::DebugCallError;
using abi::DebugCommand;

struct Inspection {
  DebugCallError error = DebugCallError::kNone;
  std::vector<std::string> lines;
  uint64_t cursor = 0;
};

inline std::vector<std::string> SplitLines(const std::string& text) {
  EXPECT_TRUE(text.empty() || text.back() == '\n') << text;
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) {
    lines.push_back(line);
  }
  return lines;
}

inline Inspection Ask(DebugCommand command, uint64_t argument = 0, uint64_t cursor = 0, size_t room = 65536) {
  std::vector<char> buffer(room);
  const inspect::Answer answer = inspect::Inspect(command, argument, cursor, buffer);
  EXPECT_LE(answer.size, room);
  return {.error = answer.error, .lines = SplitLines(std::string(buffer.data(), answer.size)), .cursor = answer.cursor};
}

// The words of a line, by the head under which they stand where there is one. Only the last column has spaces in it.
inline std::vector<std::string> Words(const std::string& line, size_t most = 100) {
  std::vector<std::string> words;
  std::istringstream stream(line);
  std::string word;
  while (words.size() + 1 < most && stream >> word) {
    words.push_back(word);
  }
  std::string rest;
  if (std::getline(stream >> std::ws, rest)) {
    words.push_back(rest);
  }
  return words;
}

// The row of a table whose column `key` says `value`; by column name, empty when there is none.
class Table {
 public:
  explicit Table(const Inspection& inspection) {
    EXPECT_EQ(inspection.error, DebugCallError::kNone);
    if (!inspection.lines.empty()) {
      heads_ = Words(inspection.lines[0]);
      for (size_t i = 1; i < inspection.lines.size(); ++i) {
        rows_.push_back(Words(inspection.lines[i], heads_.size()));
      }
    }
  }
  [[nodiscard]] const std::vector<std::vector<std::string>>& rows() const { return rows_; }
  [[nodiscard]] std::string Get(const std::string& key, const std::string& value, const std::string& column) const {
    for (const auto& row : rows_) {
      if (Cell(row, key) == value) {
        return Cell(row, column);
      }
    }
    return "no row has " + key + " " + value;
  }
  [[nodiscard]] size_t Count(const std::string& key, const std::string& value) const {
    size_t count = 0;
    for (const auto& row : rows_) {
      count += Cell(row, key) == value ? 1U : 0U;
    }
    return count;
  }

 private:
  [[nodiscard]] std::string Cell(const std::vector<std::string>& row, const std::string& column) const {
    for (size_t i = 0; i < heads_.size() && i < row.size(); ++i) {
      if (heads_[i] == column) {
        return row[i];
      }
    }
    return "no column " + column;
  }
  std::vector<std::string> heads_;
  std::vector<std::vector<std::string>> rows_;
};

class InspectTest : public PagerTest {
 protected:
  // A VMO with a name, which the process has a handle to.
  RefPtr<Vmo> MakeNamed(const std::string& name, uint64_t pages) {
    RefPtr<Vmo> vmo = *Vmo::Create(pages * kPageSize, Resizability::kFixed);
    Add(VmoDispatcher::Create(vmo, NameOf(name)), ZX_DEFAULT_VMO_RIGHTS);
    return vmo;
  }
  RefPtr<Vmo> VmoOf(zx_handle_t handle) {
    return (*process_->handles().Get<VmoDispatcher>(handle, ZX_RIGHT_NONE))->vmo_reference();
  }
  static std::string Text(uint64_t value) { return std::to_string(value); }
};

}  // namespace gk::test
