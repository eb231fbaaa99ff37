// Breakpoints, steps, watchpoints and Ctrl-C with a real gdb, on machines with one and with two vCPUs.
#include <csignal>
#include <filesystem>

#include "tests/gdb/debugged_guest.h"

namespace integration {
namespace {

class StopsTest : public DebuggedGuest, public testing::WithParamInterface<int> {
 protected:
  void StartWaiting(const std::vector<std::string>& program) {
    Start({"--cpus", std::to_string(GetParam()), "--gdb-wait"}, program);
  }
};

INSTANTIATE_TEST_SUITE_P(Cpus, StopsTest, testing::Values(1, 2), testing::PrintToStringParamName());

TEST_P(StopsTest, AWaitingGuestStandsAtItsFirstInstruction) {
  StartWaiting({"hello"});
  const std::string said = Debug({"info threads", "p $rip == &_start", "kill"});
  EXPECT_TRUE(Shows(said, {"_start ()", "* 1 ", "\"CPU 0\"", "$1 = 1"}));
}

TEST_P(StopsTest, ABreakpointStopsTheKernelAndItGoesOnAsIfNothingHadBeen) {
  StartWaiting({"hello"});
  const std::string said =
      Debug({"break gk::StartKernel", "continue", "bt 2", "stepi", "next", "p boot.cpu_count", "delete", "continue"});
  EXPECT_TRUE(Shows(said, {"Breakpoint 1, gk::StartKernel", "#1 ", "ContinueFirstCpu",
                           "$1 = " + std::to_string(GetParam()), "exited normally"}));
  const Ending ending = guest().Wait();
  EXPECT_EQ(ending.code, 0);
  EXPECT_TRUE(Shows(ending.out, {"Hello! This is hello", "Hello from CPU 0"}));
}

TEST_P(StopsTest, ABreakpointWaitsForAProgramThatHasNotStarted) {
  TakeFilesOverTheWire();
  StartWaiting({"echo", "one", "two"});
  const std::string said =
      Debug({"break echo.cc:main", "continue", "p argument_count", "p arguments[2]", "info threads", "continue"});
  EXPECT_TRUE(Shows(said, {"from remote target", "pending", "Breakpoint 1, main (argument_count=3", "$1 = 3", "\"two\"",
                           "echo/main", "exited normally"}));
  EXPECT_EQ(guest().Wait().out, "one two\n");
}

// The instruction that makes a system call, in the vDSO: ud2 or syscall, as little-endian words.
constexpr const char* kStepToTheTrap =
    "python while int(gdb.parse_and_eval('*(unsigned short*)$rip')) not in (0x0b0f, 0x050f): gdb.execute('stepi')";

TEST_P(StopsTest, AStepOverASystemCallStopsBehindIt) {
  StartWaiting({"count", "2"});
  const std::string said = Debug({"tbreak zx_pagoda_console_write", "continue", kStepToTheTrap, "set $before = $rip",
                                  "stepi", "printf \"went %d\\n\", (int)($rip - $before)", "info threads", "continue"});
  EXPECT_TRUE(Shows(said, {"breakpoint 1, ", "went 2", "count/main", "exited normally"}));
  EXPECT_EQ(guest().Wait().out, "1\n2\n");
}

TEST_P(StopsTest, ManyStepsAreStillTheSameProgram) {
  StartWaiting({"count", "2"});
  const std::string said = Debug({"tbreak count.cc:main", "continue", "stepi 200", "continue"});
  EXPECT_TRUE(Shows(said, {"breakpoint 1, main", "exited normally"}));
  EXPECT_EQ(guest().Wait().out, "1\n2\n");
}

TEST_P(StopsTest, NextRunsACallToItsEnd) {
  StartWaiting({"count", "3"});
  const std::string said = Debug({"tbreak count.cc:12", "continue", "next", "p line", "continue"});
  EXPECT_TRUE(Shows(said, {"breakpoint 1, main", "exited normally"}));
  EXPECT_EQ(guest().Wait().out, "1\n2\n3\n");
}

TEST_P(StopsTest, TheKernelsEntryCodeCanBeStoppedAndStepped) {
  StartWaiting({"hello"});
  const std::string said = Debug(
      {"tbreak hello.cc:main", "continue", "tbreak *&enter_from_trap", "continue", "stepi 10", "p $cs", "continue"});
  EXPECT_TRUE(Shows(said, {"breakpoint 1, main", "breakpoint 2, ", "enter_from_trap", "$1 = 51", "exited normally"}));
  EXPECT_TRUE(Shows(guest().Wait().out, {"Hello from CPU 0"}));
}

TEST_P(StopsTest, ABreakpointInTheNucleusStopsRingZero) {
  StartWaiting({"hello"});
  // Where CPU 0's nucleus resumes a program (guest/nucleus/layout.h): mov, mov, lea, iretq.
  const std::string said = Debug({"break *0xffffffffc0001840", "continue", "p $cs", "stepi", "stepi", "stepi",
                                  "x/i $rip", "stepi", "p $cs", "delete", "continue"});
  EXPECT_TRUE(Shows(said, {"Breakpoint 1, 0xffffffffc0001840", "$1 = 16", "iretq", "$2 = 51", "exited normally"}));
}

TEST_P(StopsTest, AWatchpointStopsBehindTheWrite) {
  StartWaiting({"count", "3"});
  const std::string said = Debug({"tbreak count.cc:main", "continue", "set var *(long*)($rsp-16) = 0x1234567",
                                  "watch -l *(long*)($rsp-16)", "continue", "bt 1", "delete", "continue"});
  EXPECT_TRUE(
      Shows(said, {"Hardware watchpoint 2", "Old value = 19088743", "New value = ", "main (", "exited normally"}));
  EXPECT_EQ(guest().Wait().out, "1\n2\n3\n");
}

TEST_P(StopsTest, WatchpointsForReadsStopBehindTheRead) {
  StartWaiting({"echo", "one", "two"});
  const std::string said = Debug({"tbreak echo.cc:main", "continue", "rwatch -l arguments[2]", "continue",
                                  "awatch -l *(char*)arguments[2]", "delete 2", "continue", "delete", "continue"});
  EXPECT_TRUE(Shows(said, {"breakpoint 1, main", "Hardware read watchpoint 2", "Value = 0x", "\"two\"",
                           "Hardware access (read/write) watchpoint 3", "Value = 116 't'", "exited normally"}));
  EXPECT_EQ(guest().Wait().out, "one two\n");
}

TEST_P(StopsTest, CtrlCStopsProgramsThatNeverCallTheKernel) {
  Start({"--cpus", std::to_string(GetParam())}, {"spin"});
  ASSERT_TRUE(guest().WaitForOutput("spinning"));
  // gdb shows its packets: from this one on it passes a Ctrl-C on to the target.
  Process gdb(
      Gdb({"set debug remote on", "continue", "set debug remote off", "echo stopped\\n", "info threads", "kill"}));
  ASSERT_TRUE(gdb.WaitForError("Sending packet: $vCont;c")) << gdb.Wait().err;
  gdb.Signal(SIGINT);
  const Ending ending = gdb.Wait();
  EXPECT_TRUE(Shows(ending.out + ending.err, {"SIGINT", "stopped", "spin/main"}));
}

TEST_P(StopsTest, RegistersAndMemoryCanBeChanged) {
  StartWaiting({"echo", "one"});
  const std::string said =
      Debug({"tbreak echo.cc:main", "continue", "set var arguments[1][0] = 'O'", "p $rax = 0x1234567812345678",
             "p/x $rax", "p $xmm3.v2_int64[1] = 77", "p $xmm3.v2_int64[1]", "p $cs = 8", "continue"});
  EXPECT_TRUE(Shows(said, {"= 1311768465173141112", "0x1234567812345678", "77", "77", "exited normally"}));
  EXPECT_EQ(guest().Wait().out, "One\n");
}

TEST_P(StopsTest, AThousandBreakpointsAreAllThereAndGoAway) {
  StartWaiting({"hello"});
  // At each instruction from one function of the kernel on. gdb plants and removes all of them at each stop.
  const std::string said =
      Debug({"tbreak gk::StartKernel", "continue", "python import re",
             "python lines = gdb.execute('x/1000i gk::StartKernel', to_string=True).splitlines()",
             "python for line in lines: gdb.Breakpoint('*' + re.search('0xf[0-9a-f]+', line).group())",
             "python for i in range(4): gdb.execute('continue')", "bt 1", "delete", "continue"});
  EXPECT_TRUE(Shows(said, {"Breakpoint 1001 at", "Breakpoint 3, ", "#0 ", "exited normally"}));
  EXPECT_EQ(guest().Wait().code, 0);
}

TEST_P(StopsTest, ABreakpointsByteIsNotSeenInMemory) {
  StartWaiting({"hello"});
  const std::string said = Debug({"set breakpoint always-inserted on", "p/x *(unsigned char*)&gk::StartKernel",
                                  "break *&gk::StartKernel", "p/x *(unsigned char*)&gk::StartKernel", "kill"});
  EXPECT_EQ(said.find("0xcc"), std::string::npos) << said;
  EXPECT_TRUE(Shows(said, {"$1 = 0x", "$2 = 0x"}));
}

TEST_P(StopsTest, FourMebibytesAreReadAsTheyAre) {
  StartWaiting({"hello"});
  const std::string dump = files_.path("dump").string();
  const std::string said = Debug({"break gk::StartKernel", "continue", "monitor phys on", "compare-sections .text",
                                  "dump memory " + dump + " 0x200000 0x600000", "kill"});
  EXPECT_TRUE(Shows(said, {"Breakpoint 1", "Section .text", "matched"}));
  EXPECT_EQ(std::filesystem::file_size(dump), size_t{4} << 20);
}

}  // namespace
}  // namespace integration
