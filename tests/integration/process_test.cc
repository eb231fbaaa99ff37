// The harness itself: a harness that overlooks a hang or an exit code makes every test above it worthless.
#include <csignal>

#include "tests/integration/process.h"

#include <gtest/gtest.h>

namespace integration {
namespace {

TEST(Process, ReportsExitCodeAndBothStreams) {
  const Ending ending = Execute({"sh", "-c", "echo out; echo err >&2; exit 42"});
  EXPECT_EQ(ending.code, 42);
  EXPECT_EQ(ending.out, "out\n");
  EXPECT_EQ(ending.err, "err\n");
  EXPECT_FALSE(ending.hung);
}

TEST(Process, ReportsASignalAsAShellDoes) { EXPECT_EQ(Execute({"sh", "-c", "kill -9 $$"}).code, 128 + SIGKILL); }

TEST(Process, ReportsAProgramThatDoesNotExist) { EXPECT_EQ(Execute({"/nowhere/program"}).code, 127); }

TEST(Process, WaitsForOutputThatComesAndNotForOutputThatCannot) {
  Process process({"sh", "-c", "echo ready; read line; echo never"});
  EXPECT_TRUE(process.WaitForOutput("ready"));
  EXPECT_FALSE(process.WaitForOutput("something else"));
  EXPECT_EQ(process.Wait().out, "ready\nnever\n");
}

TEST(Process, KeepsOutputLargerThanAPipe) {
  EXPECT_EQ(Execute({"sh", "-c", "printf '%1000000s' x"}).out.size(), 1000000);
}

}  // namespace
}  // namespace integration
