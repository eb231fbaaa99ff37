// A program under test as a child process: what it printed, how it ended, and a bounded time for both.
//
// Nothing here sleeps: every wait is for an event of the child (output, end) and has a deadline. A deadline is a hang
// detector and so generous; a child that misses it is killed and the wait reports failure.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace integration {

// How long a test waits for anything before it calls it a hang; more where the machine itself is emulated.
[[nodiscard]] std::chrono::seconds Patience();

// A --timeout for a guest that is to end long before: it stops by itself and says why, soon before Patience() is over.
[[nodiscard]] std::string TimeLimit();

struct Ending {
  int code = -1;      // exit code; 128 + signal for a child that a signal ended, as a shell reports it
  bool hung = false;  // it had to be killed because its time was over
  std::chrono::microseconds processor_time{};  // of all its threads, with what a guest of its own ran
  std::string out;
  std::string err;
};

class Process {
 public:
  // Starts arguments[0] (a path or a name in PATH). Its standard input is empty, or `terminal`, the other side of a
  // pseudo terminal that stays the caller's, which then takes its output as well. A program that cannot be started
  // ends with code 127.
  explicit Process(const std::vector<std::string>& arguments, std::optional<int> terminal = std::nullopt);
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;
  // Kills the child if it still runs.
  ~Process();

  // False when the output ended, or Patience() passed, before the text appeared.
  [[nodiscard]] bool WaitForOutput(std::string_view text) { return WaitFor(out_, text); }
  // The same on standard error.
  [[nodiscard]] bool WaitForError(std::string_view text) { return WaitFor(err_, text); }

  // The child must not have been waited for.
  void Signal(int number) const;

  // Waits for the end of the child and of its output. Once.
  [[nodiscard]] Ending Wait();

  [[nodiscard]] pid_t pid() const { return pid_; }

 private:
  enum class Pumped { kMore, kEnded, kTimedOut };

  [[nodiscard]] bool WaitFor(const std::string& printed, std::string_view text);

  // Takes over what the child has printed, waiting for more until the deadline.
  Pumped Pump(std::chrono::steady_clock::time_point deadline);

  pid_t pid_ = -1;
  int out_fd_ = -1;
  int err_fd_ = -1;
  std::string out_;
  std::string err_;
};

// Start, wait, done.
[[nodiscard]] Ending Execute(const std::vector<std::string>& arguments);

}  // namespace integration
