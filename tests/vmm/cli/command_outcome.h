// A command of `pagoda` executed in the test's process, and what a person sees of it.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <string>
#include <vector>

namespace vmm {

struct Outcome {
  int exit_code;
  std::string output;
  std::string error;
};

// `pagoda NAME ARGUMENTS…`, where `add` (AddBlobCommand and its like) makes NAME known.
inline Outcome Execute(void (*add)(CLI::App& app, int& exit_code), const std::string& name,
                       std::vector<std::string> arguments) {
  CLI::App app("test");
  int exit_code = -1;
  add(app, exit_code);
  arguments.insert(arguments.begin(), name);
  std::reverse(arguments.begin(), arguments.end());
  ::testing::internal::CaptureStdout();
  ::testing::internal::CaptureStderr();
  try {
    app.parse(arguments);
  } catch (const CLI::ParseError& error) {
    exit_code = app.exit(error);
  }
  std::string output = ::testing::internal::GetCapturedStdout();
  return {exit_code, std::move(output), ::testing::internal::GetCapturedStderr()};
}

// One line with `reason` in it.
inline void ExpectFailure(const Outcome& outcome, int exit_code, const std::string& reason) {
  EXPECT_EQ(outcome.exit_code, exit_code);
  EXPECT_THAT(outcome.error, ::testing::HasSubstr(reason));
  EXPECT_EQ(std::count(outcome.error.begin(), outcome.error.end(), '\n'), 1) << outcome.error;
}

// Bad input: nothing is printed either.
inline void ExpectRefused(const Outcome& outcome, const std::string& reason) {
  ExpectFailure(outcome, 2, reason);
  EXPECT_EQ(outcome.output, "");
}

}  // namespace vmm
