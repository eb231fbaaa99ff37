// What surrounds a stop: coming and going, crashes, questions, and the command line.
#include <csignal>

#include "tests/gdb/debugged_guest.h"

namespace integration {
namespace {

using SessionsTest = DebuggedGuest;

TEST_F(SessionsTest, AfterADetachTheGuestRunsAndAnotherDebuggerCanCome) {
  Start({}, {"spin"});
  ASSERT_TRUE(guest().WaitForOutput("spinning"));
  EXPECT_TRUE(Shows(Debug({"info threads", "detach"}), {"spin/main", "detached"}));
  EXPECT_TRUE(Shows(Debug({"info threads", "kill"}), {"spin/main", "killed"}));
}

TEST_F(SessionsTest, ASecondDebuggerIsToldWhyAndCanComeWhenTheFirstIsLost) {
  Start({"--cpus", "2"}, {"spin"});
  ASSERT_TRUE(guest().WaitForOutput("spinning"));
  Process first(Gdb({"set debug remote on", "continue"}));
  ASSERT_TRUE(first.WaitForError("Sending packet: $vCont;c")) << first.Wait().err;
  EXPECT_TRUE(Shows(Debug({}), {"Another debugger is connected to this guest already"}));

  first.Signal(SIGKILL);
  ASSERT_TRUE(guest().WaitForError("the debugger has gone"));
  EXPECT_TRUE(Shows(Debug({"info threads", "kill"}), {"spin/", "spin/", "killed"}));
}

TEST_F(SessionsTest, LostWhileTheGuestStandsLeavesItStandingWithoutBreakpoints) {
  Start({"--gdb-wait"}, {"echo", "one"});
  EXPECT_TRUE(Shows(Debug({"tbreak echo.cc:main", "continue", "break zx_pagoda_console_write", "shell kill -9 $PPID"}),
                    {"breakpoint 1, main"}));
  ASSERT_TRUE(guest().WaitForError("the debugger has gone"));
  EXPECT_TRUE(Shows(Debug({"continue"}), {"main (", "exited normally"}));
  EXPECT_EQ(guest().Wait().out, "one\n");
}

TEST_F(SessionsTest, LldbStopsTheKernelAndKillsTheGuest) {
  if (Execute({"lldb", "--version"}).code != 0) {
    GTEST_SKIP() << "there is no lldb: apt-get install lldb";
  }
  Start({"--gdb-wait"}, {"hello"});
  const Ending lldb = Execute({"lldb", "--no-lldbinit", "--batch", KernelPath(), "-o",
                               "process connect unix-connect://" + files_.path("gdb").string(), "-o",
                               "breakpoint set --name gk::StartKernel", "-o", "continue", "-o", "thread backtrace",
                               "-o", "process plugin packet monitor regs", "-o", "process kill"});
  EXPECT_TRUE(Shows(lldb.out + lldb.err, {"stop reason = breakpoint 1.1", "gk::StartKernel", "thread 1, CPU 0", "RIP ",
                                          "exited with status = 9"}));
}

TEST_F(SessionsTest, TheGuestsOwnBreakpointTrapsStopForADebugger) {
  Start({"--gdb-wait"}, {"fault", "breakpoint"});
  const std::string said = Debug({"continue", "bt 1", "continue"});
  EXPECT_TRUE(Shows(said, {"SIGTRAP", "Breakpoint ()", "exited"}));
  EXPECT_TRUE(Shows(guest().Wait().out, {"about to execute int3", "still alive"}));
}

TEST_F(SessionsTest, WithoutADebuggerTheGuestsOwnTrapsAreItsOwn) {
  Start({}, {"fault", "breakpoint"});
  const Ending ending = guest().Wait();
  EXPECT_EQ(ending.code, 139);
  EXPECT_EQ(ending.out.find("still alive"), std::string::npos);
}

TEST_F(SessionsTest, APanicWaitsForADebugger) {
  Start({"--on-crash=gdb", "--option", "crash=panic"}, {"hello"});
  ASSERT_TRUE(guest().WaitForError("has crashed and waits for a debugger"));
  EXPECT_TRUE(Shows(Debug({"bt", "continue"}), {"gk::Panic", "CrashOnPurpose", "SIGABRT"}));
  EXPECT_EQ(guest().Wait().code, 120);
}

TEST_F(SessionsTest, AKernelThatFailsWhileAPageIsAskedForWaitsAndIsExplained) {
  const std::string file = files_.Write("served", "content").string();
  Start({"--cpus", "2", "--gdb-wait", "--on-crash=gdb", "--pager", "f=file:" + file + ",ro"}, {"sha256sum", "f"});
  EXPECT_TRUE(Shows(Debug({"tbreak sha256sum.cc:main", "continue", "tbreak *'gk::PageSource::Require'", "continue",
                           "set $rdi = 0xdead0000", "detach"}),
                    {"gk::PageSource::Require", "detached"}));
  ASSERT_TRUE(guest().WaitForError("has crashed and waits for a debugger"));
  EXPECT_TRUE(Shows(Debug({"info threads", "bt", "continue"}),
                    {"sha256sum/main", "gk::PageSource::Require (this=0xdead0000", "gk::AddressSpace::HandleFault",
                     "enter_from_trap", "SIGABRT"}));
  const Ending ending = guest().Wait();
  EXPECT_EQ(ending.code, 120);
  EXPECT_TRUE(Shows(ending.err, {"guest kernel panic on CPU 0", "page fault: read from 0xdead0", "RIP ",
                                 "page tables for 0xdead0", "not mapped", "backtrace:", "gk::PageSource::Require at ",
                                 "gk::AddressSpace::HandleFault at ", "code:", "  => ", "CPU 1:", "NucleusIdle at "}));
}

TEST_F(SessionsTest, APanicStopsForTheDebuggerThatIsThere) {
  Start({"--gdb-wait", "--option", "crash=page-fault"}, {"hello"});
  EXPECT_TRUE(
      Shows(Debug({"continue", "bt", "continue"}), {"SIGABRT", "CrashOnPurpose (kind=gk::CrashKind::kPageFault)"}));
  EXPECT_EQ(guest().Wait().code, 120);
}

TEST_F(SessionsTest, AProgramsFaultStopsWhereItHappened) {
  Start({"--gdb-wait"}, {"fault", "write-null"});
  EXPECT_TRUE(
      Shows(Debug({"continue", "bt 2", "continue"}), {"SIGSEGV", "WriteNull ()", "main (", "exited with code 0213"}));
  EXPECT_EQ(guest().Wait().code, 139);
}

TEST_F(SessionsTest, ATripleFaultStopsForTheDebugger) {
  Start({"--gdb-wait", "--option", "crash=triple-fault"}, {"hello"});
  EXPECT_TRUE(Shows(Debug({"continue", "info threads", "continue"}), {"SIGSEGV", "CPU 0"}));
  EXPECT_EQ(guest().Wait().code, 121);
}

TEST_F(SessionsTest, MonitorCommandsAnswerWhatThePersonAsks) {
  Start({"--gdb-wait"}, {"hello"});
  const std::string said = Debug({"tbreak hello.cc:main", "continue", "monitor help", "monitor vmos", "monitor vmars",
                                  "monitor pagers", "monitor requests", "monitor threads", "monitor maps 0x10000000",
                                  "monitor dis 0x10000000 2", "monitor dis $rip 1", "monitor regs",
                                  "monitor vmars 999999", "monitor maps", "monitor nonsense", "continue"});
  EXPECT_TRUE(
      Shows(said, {"monitor vmos", "KOID", "vdso", "process ", "hello", "PROCESS", "level 4", "level 1", "pushq",
                   "RIP ", "no process has this koid", "an address is missing", "there is no command"}));
  EXPECT_EQ(guest().Wait().code, 0);
}

TEST_F(SessionsTest, MonitorCommandsAnswerAboutTheCpuThatTheyName) {
  Start({"--cpus", "2"}, {"spin"});
  ASSERT_TRUE(guest().WaitForOutput("spinning"));
  const std::string said =
      Debug({"thread 1", "monitor regs 2", "monitor maps $rip 1", "monitor dis $rip 1 2", "monitor regs 3", "kill"});
  EXPECT_TRUE(Shows(said, {"thread 2, CPU 1: spin/", "CS 0033", "thread 1, CPU 0: spin/", "level 4",
                           "thread 2, CPU 1: spin/", "=> ", "regs: there is no thread 3; 'info threads' lists them"}));
}

TEST_F(SessionsTest, MonitorCommandsSayWhatIsNotThereYet) {
  Start({"--gdb-wait"}, {"hello"});
  EXPECT_TRUE(Shows(Debug({"monitor vmos", "kill"}), {"has not started up so far"}));
}

TEST_F(SessionsTest, PhysicalMemoryIsReadOnDemand) {
  Start({"--gdb-wait"}, {"hello"});
  const std::string said = Debug(
      {"p/x *(unsigned long*)&_start", "monitor phys on", "p/x *(unsigned long*)0x200000", "monitor phys off", "kill"});
  const size_t first = said.find("$1 = ");
  const size_t second = said.find("$2 = ");
  ASSERT_NE(second, std::string::npos) << said;
  EXPECT_EQ(said.substr(first + 5, said.find('\n', first) - first - 5),
            said.substr(second + 5, said.find('\n', second) - second - 5));
}

struct BadInput {
  const char* name;
  std::vector<std::string> options;
  const char* complaint;
};

class GdbOptionsTest : public testing::TestWithParam<BadInput> {};

TEST_P(GdbOptionsTest, BadInputIsOneLineAndCodeTwo) {
  const Ending ending = Execute(RunCommand(GetParam().options, {"hello"}));
  EXPECT_EQ(ending.code, 2);
  EXPECT_NE(ending.err.find(GetParam().complaint), std::string::npos) << ending.err;
  EXPECT_EQ(ending.err.find('\n'), ending.err.size() - 1) << ending.err;
}

INSTANTIATE_TEST_SUITE_P(All, GdbOptionsTest,
                         testing::Values(BadInput{"NoAddress", {"--gdb", "nowhere"}, "--gdb"},
                                         BadInput{"WaitForNothing", {"--gdb-wait"}, "--gdb-wait"},
                                         BadInput{"NoSuchAnswer", {"--on-crash=maybe"}, "--on-crash"}),
                         NameOfParameter());

}  // namespace
}  // namespace integration
