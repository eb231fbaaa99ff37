// What the pagers do, live, in one line on standard error: a line that is drawn over and over on a terminal, a new line
// every few seconds elsewhere.
//
// The guest's output may go to the same terminal. Its line stays whole: the progress line goes before output appears,
// and does not come back before the output's line has ended.
//
// Threads: Tick from one; BeforeOutput and AfterOutput from the console's; Finish from any, last.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "devices/console/console_output.h"
#include "vmm/observe/run_report.h"

namespace vmm {

enum class ProgressStyle {
  kRedrawn,  // a terminal
  kLines,    // a file or pipe
};

// The line for what has happened between `before` and `now`; `width`: of the terminal, in columns.
[[nodiscard]] std::string ProgressLine(const RunReport& before, const RunReport& now, size_t width);

class Progress final : public dev::ConsoleWatcher {
 public:
  using Write = std::function<void(std::string_view)>;

  // `shares_terminal`: the guest's output appears where the line is. `width`: of the terminal.
  Progress(ProgressStyle style, bool shares_terminal, size_t width, Write write)
      : style_(style), shares_terminal_(shares_terminal), width_(width), write_(std::move(write)) {}

  [[nodiscard]] static std::chrono::milliseconds PeriodOf(ProgressStyle style);

  void Tick(const RunReport& now);
  // Writes other lines in its place. Any thread.
  void Print(std::string_view text);
  // On a terminal takes the line away, elsewhere adds the last one; nothing is drawn any more.
  void Finish(const RunReport& now);

  // dev::ConsoleWatcher
  void BeforeOutput() override;
  void AfterOutput(char last) override;

 private:
  void EraseLocked();

  const ProgressStyle style_;
  const bool shares_terminal_;
  const size_t width_;
  const Write write_;
  RunReport before_;  // of Tick

  std::mutex mutex_;            // guards what follows, and the order of writes
  bool drawn_ = false;          // there is a line on the screen
  bool inside_a_line_ = false;  // the guest's output has not ended its line
  bool finished_ = false;
};

}  // namespace vmm
