// A guest kernel that ends badly: each way has a report with registers and an exit code of its own, and the monitor
// ends in good order. The kernel option crash=... makes it happen.
#include <string>

#include "tests/integration/fixture.h"

namespace integration {
namespace {

// vmm/cli/exit_codes.h
constexpr int kGuestPanic = 120;
constexpr int kTripleFault = 121;
constexpr int kTimedOut = 124;

struct Crash {
  const char* name;
  const char* kind;
  int code;
  const char* report;
  std::string timeout = TimeLimit();
};

class KernelCrash : public GuestTest, public testing::WithParamInterface<Crash> {};

TEST_P(KernelCrash, IsReportedWithRegistersAndItsOwnExitCode) {
  const std::string option = std::string("crash=") + GetParam().kind;
  const Ending ending = Execute(RunCommand({"--timeout", GetParam().timeout, "--option", option}, {"hello"}));
  EXPECT_FALSE(ending.hung);
  EXPECT_EQ(ending.code, GetParam().code) << ending.err;
  EXPECT_NE(ending.err.find(GetParam().report), std::string::npos) << ending.err;
  // AMD's CPUs reset their registers at a shutdown (APM volume 2, section 15.14.3); the report then says so.
  EXPECT_TRUE(ending.err.find("RIP ") != std::string::npos ||
              (GetParam().code == kTripleFault && ending.err.find("its registers are lost") != std::string::npos))
      << ending.err;
  EXPECT_EQ(ending.out, "");  // the program never ran
}

INSTANTIATE_TEST_SUITE_P(
    Each, KernelCrash,
    testing::Values(Crash{"Panic", "panic", kGuestPanic, "the kernel option crash=panic asked for this"},
                    Crash{"PageFault", "page-fault", kGuestPanic, "kernel: page fault"},
                    Crash{"StackOverflow", "stack-overflow", kGuestPanic, "kernel: stack overflow"},
                    Crash{"TripleFault", "triple-fault", kTripleFault, "triple fault"},
                    Crash{"Hang", "hang", kTimedOut, "--timeout", "2s"}),
    NameOfParameter());

class KernelOption : public GuestTest {};

TEST_F(KernelOption, ThatDoesNotExistIsNamedAndNothingRuns) {
  const Ending ending = Execute(RunCommand({"--option", "speed=high"}, {"hello"}));
  EXPECT_EQ(ending.code, 2);
  EXPECT_NE((ending.out + ending.err).find("'speed=high'"), std::string::npos) << ending.out << ending.err;
  EXPECT_EQ((ending.out + ending.err).find("Hello"), std::string::npos);
}

TEST_F(KernelOption, SeedGivesTheSameLayoutEveryTime) {
  // The fault report shows the stack pointer, which the layout decides.
  const std::vector<std::string> command = RunCommand({"--option", "seed=42"}, {"fault", "read-null"});
  const Ending first = Execute(command);
  const Ending second = Execute(command);
  EXPECT_EQ(first.out + first.err, second.out + second.err);
  const Ending other = Execute(RunCommand({"--option", "seed=43"}, {"fault", "read-null"}));
  EXPECT_NE(first.out + first.err, other.out + other.err);
}

}  // namespace
}  // namespace integration
