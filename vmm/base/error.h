// What went wrong on the host's side, for a person, and the exit code that it leads to.
//
// An error starts at the place that knows the reason and gains context on its way up, one phrase per layer, so that
// main prints one line: "kernel.elf: segment 2: lies outside guest memory".
#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <utility>

#include "shared/base/result.h"
#include "vmm/cli/exit_codes.h"

namespace vmm {

class Error {
 public:
  // Never seen by a caller: Result<void> holds one while it is good.
  Error() = default;
  Error(int exit_code, std::string message) : exit_code_(exit_code), message_(std::move(message)) {}

  [[nodiscard]] int exit_code() const { return exit_code_; }
  [[nodiscard]] const std::string& message() const { return message_; }

  // Puts "context: " in front of the message.
  void AddContext(std::string_view context);

 private:
  int exit_code_ = kExitHostFailure;
  std::string message_;
};

template <typename T = void>
using Result = base::Result<T, Error>;

// The user gave something that cannot be used; nothing was started.
template <typename... Arguments>
base::Failure<Error> BadInput(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
  return {Error(kExitBadInput, fmt::format(format, std::forward<Arguments>(arguments)...))};
}

// A system call failed: "what: text of `error_number`".
base::Failure<Error> HostFailure(int error_number, std::string_view what);

// This host has no KVM that can run guests. `message` says what to do about it.
base::Failure<Error> HostCannotRun(std::string message);

// Adds context to a failure on its way up; a good result passes through.
template <typename T>
Result<T> WithContext(std::string_view context, Result<T> result) {
  if (!result.ok()) {
    result.error().AddContext(context);
  }
  return result;
}

}  // namespace vmm
