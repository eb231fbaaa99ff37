// A guest boots, a program runs on its CPUs, and what the program says and returns comes out of `pagoda run`.
#include <string>

#include "tests/integration/fixture.h"
#include "vmm/cli/exit_codes.h"

namespace integration {
namespace {

class BootOnCpus : public GuestTest, public testing::WithParamInterface<int> {};

TEST_P(BootOnCpus, EveryCpuSaysHello) {
  const Ending ending = Execute(RunCommand({"--cpus", std::to_string(GetParam())}, {"hello"}));
  EXPECT_EQ(ending.code, 0) << ending.err;
  for (int cpu = 0; cpu < GetParam(); ++cpu) {
    EXPECT_NE(ending.out.find("CPU " + std::to_string(cpu)), std::string::npos) << ending.out;
  }
  EXPECT_EQ(ending.out.find("CPU " + std::to_string(GetParam())), std::string::npos) << ending.out;
  EXPECT_EQ(ending.err, "") << "a good run says nothing of its own";
}

TEST_P(BootOnCpus, ThreadsOfOneProgramRunToTheirEnd) {
  const Ending ending = Execute(RunCommand({"--cpus", std::to_string(GetParam())}, {"threads"}));
  EXPECT_EQ(ending.code, 0) << ending.err << ending.out;
}

INSTANTIATE_TEST_SUITE_P(Each, BootOnCpus, testing::Values(1, 2, 8), testing::PrintToStringParamName());

class BootWithMemory : public GuestTest, public testing::WithParamInterface<const char*> {};

TEST_P(BootWithMemory, RunsAProgram) {
  const Ending ending = Execute(RunCommand({"--memory", GetParam()}, {"hello"}));
  EXPECT_EQ(ending.code, 0) << ending.err;
}

// 4 GiB puts RAM on both sides of the hole for devices; only what the guest touches costs the host anything.
INSTANTIATE_TEST_SUITE_P(Each, BootWithMemory, testing::Values("32M", "512M", "4G"),
                         [](const auto& parameter) { return std::string(parameter.param); });

using BootTest = GuestTest;

TEST_F(BootTest, TheExitCodeOfTheProgramIsThatOfTheRun) {
  for (const char* code : {"0", "1", "42", "255"}) {
    EXPECT_EQ(Execute(RunCommand({}, {"exit", code})).code, std::stoi(code));
  }
}

TEST_F(BootTest, TheProgramGetsItsArgumentsUnchanged) {
  const Ending ending = Execute(RunCommand({}, {"echo", "two words", "--cpus", "", "ümlaut", "[a,b]"}));
  EXPECT_EQ(ending.code, 0) << ending.err;
  EXPECT_EQ(ending.out, "two words --cpus  ümlaut [a,b]\n");
}

TEST_F(BootTest, LongOutputArrivesWholeAndInOrder) {
  const Ending ending = Execute(RunCommand({"--cpus", "2"}, {"count", "5000"}));
  std::string expected;
  for (int line = 1; line <= 5000; ++line) {
    expected += std::to_string(line) + "\n";
  }
  EXPECT_EQ(ending.code, 0) << ending.err;
  EXPECT_EQ(ending.out, expected);
}

TEST_F(BootTest, CheckSaysThatThisHostCanRunGuests) {
  const Ending ending = Execute({PagodaPath(), "check"});
  EXPECT_EQ(ending.code, 0) << ending.out << ending.err;
}

TEST_F(BootTest, TwoMachinesRunSideBySide) {
  Process first(RunCommand({}, {"hello"}));
  Process second(RunCommand({}, {"hello"}));
  EXPECT_EQ(first.Wait().code, 0);
  EXPECT_EQ(second.Wait().code, 0);
}

}  // namespace
}  // namespace integration
