// Every way to stop a guest that would run for ever ends the monitor, soon, with the exit code that says which.
#include <csignal>
#include <string>

#include "tests/integration/fixture.h"
#include "vmm/cli/exit_codes.h"

namespace integration {
namespace {

class StopOnCpus : public GuestTest, public testing::WithParamInterface<int> {
 protected:
  // A program that spins on every CPU once it has said that it is there.
  std::vector<std::string> SpinningGuest(std::vector<std::string> options = {}) {
    options.insert(options.end(), {"--cpus", std::to_string(GetParam())});
    return RunCommand(options, {"spin"});
  }
};

TEST_P(StopOnCpus, TerminateSignalEndsTheRun) {
  Process pagoda(SpinningGuest());
  ASSERT_TRUE(pagoda.WaitForOutput("spinning"));
  pagoda.Signal(SIGTERM);
  const Ending ending = pagoda.Wait();
  EXPECT_FALSE(ending.hung);
  EXPECT_EQ(ending.code, vmm::kExitTerminated) << ending.err;
}

TEST_P(StopOnCpus, InterruptSignalEndsTheRun) {
  Process pagoda(SpinningGuest());
  ASSERT_TRUE(pagoda.WaitForOutput("spinning"));
  pagoda.Signal(SIGINT);
  const Ending ending = pagoda.Wait();
  EXPECT_FALSE(ending.hung);
  EXPECT_EQ(ending.code, vmm::kExitInterrupted) << ending.err;
}

TEST_P(StopOnCpus, TimeoutEndsTheRunWithAReport) {
  const Ending ending = Execute(SpinningGuest({"--timeout", "2"}));
  EXPECT_FALSE(ending.hung);
  EXPECT_EQ(ending.code, vmm::kExitTimeout) << ending.err;
  EXPECT_NE(ending.err.find("timeout"), std::string::npos) << ending.err;
  EXPECT_NE(ending.err.find("RIP"), std::string::npos) << "no registers: " << ending.err;
}

INSTANTIATE_TEST_SUITE_P(Each, StopOnCpus, testing::Values(1, 2, 8), testing::PrintToStringParamName());

using StopTest = GuestTest;

TEST_F(StopTest, AClosedOutputDoesNotHangTheRun) {
  const Ending ending =
      Execute({"sh", "-c", "{ \"$0\" run --timeout \"$1\" -- count 3000; echo $? >&2; } | { read line; }", PagodaPath(),
               TimeLimit()});
  EXPECT_FALSE(ending.hung);
  EXPECT_EQ(ending.err, "0\n");
}

TEST_F(StopTest, OutputThatIsLostIsSaidAndIsNoSuccess) {
  constexpr const char* kToAFullDisk = "exec \"$0\" run -- \"$@\" >/dev/full";
  const Ending success = Execute({"sh", "-c", kToAFullDisk, PagodaPath(), "hello"});
  EXPECT_EQ(success.code, vmm::kExitHostFailure);
  EXPECT_TRUE(success.err.starts_with("pagoda: ")) << success.err;
  EXPECT_TRUE(success.err.ends_with(" bytes of the guest's output could not be written: No space left on device\n"))
      << success.err;
  const Ending failure = Execute({"sh", "-c", kToAFullDisk, PagodaPath(), "cat", "no"});
  EXPECT_EQ(failure.code, 1) << "the program's own code says more";
}

}  // namespace
}  // namespace integration
