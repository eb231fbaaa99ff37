#include "tests/benchmarks/guest_run.h"

#include <gtest/gtest.h>

namespace bench {
namespace {

TEST(RunCommand, NamesKernelAndImageOnlyWhereTheyAreGiven) {
  EXPECT_EQ(RunCommand({"pagoda", "", ""}, {"--cpus", "2"}, {"hello"}),
            (std::vector<std::string>{"pagoda", "run", "--timeout", "60s", "--memory", "268435456", "--cpus", "2", "--",
                                      "hello"}));
  const auto command = RunCommand({"pagoda", "k.elf", "b.bootfs"}, {}, {"hello"});
  const std::vector<std::string> files(command.begin() + 6, command.begin() + 10);
  EXPECT_EQ(files, (std::vector<std::string>{"--kernel", "k.elf", "--bootfs", "b.bootfs"}));
}

TEST(ParseProbeOutput, ReadsOneValueFromEachLine) {
  const auto values = ParseProbeOutput("null_system_call_cycles 75036\npage_cycles 8900.5\n");
  ASSERT_TRUE(values.ok()) << values.error().message();
  EXPECT_EQ(values.value(), (Values{{"null_system_call_cycles", 75036}, {"page_cycles", 8900.5}}));
}

TEST(ParseProbeOutput, RefusesWhatIsNoNameAndValue) {
  EXPECT_FALSE(ParseProbeOutput("page_cycles\n").ok());
  EXPECT_FALSE(ParseProbeOutput("page_cycles many\n").ok());
  EXPECT_FALSE(ParseProbeOutput("page_cycles 1 2\n").ok());
  EXPECT_FALSE(ParseProbeOutput("\n").ok());
}

TEST(CheckEnding, SaysWhatEndedHowAndWhatItComplainedAbout) {
  const auto failed = CheckEnding({.code = 121, .hung = false, .out = "", .err = "triple fault"}, "boot-probe");
  ASSERT_FALSE(failed.ok());
  EXPECT_EQ(failed.error().message(), "boot-probe ended with code 121: triple fault");
  EXPECT_FALSE(CheckEnding({.code = 0, .hung = true, .out = "", .err = ""}, "boot-probe").ok());
  EXPECT_TRUE(CheckEnding({.code = 0, .hung = false, .out = "", .err = ""}, "boot-probe").ok());
}

}  // namespace
}  // namespace bench
