// The server with a real gdb, in batch mode, as a person without a .gdbinit has it.
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "tests/vmm/gdb/support/debugger_test.h"

namespace gdb_test {
namespace {

using gdb::AddressSpace;
using integration::Process;

class Gdb : public DebuggerTest {
 protected:
  Gdb() : DebuggerTest("gdb") {}

  [[nodiscard]] std::vector<std::string> CommandLine(const std::vector<std::string>& commands) const override {
    std::vector<std::string> line{"gdb", "-nx", "-batch", "-ex", "target remote " + server_->connect_text()};
    for (const std::string& command : commands) {
      line.insert(line.end(), {"-ex", command});
    }
    return line;
  }
};

TEST_F(Gdb, FindsSymbolsAndNamedThreadsWithoutAnyFlag) {
  const std::string text = Run({"info threads", "thread 2", "backtrace", "info symbol main_loop"});
  EXPECT_HAS(text, "* 1    Thread 1 \"CPU 0: <söme> & \"name\"\" (halted)");
  EXPECT_HAS(text, "  2    Thread 2 \"CPU 1: ");
  EXPECT_HAS(text, "[Switching to thread 2 ");
  EXPECT_HAS(text, "in Add (a=0, b=0)");
  EXPECT_HAS(text, "main_loop in section .text");
}

TEST_F(Gdb, StopsAtBreakpointsOfBothKinds) {
  const std::string text = Run({"break main_loop", "continue", "hbreak middle", "continue", "info breakpoints"});
  EXPECT_HAS(text, "hit Breakpoint 1, main_loop ()");
  EXPECT_HAS(text, "hit Breakpoint 2, middle ()");
  EXPECT_HAS(text, "breakpoint already hit 1 time");
}

TEST_F(Gdb, StopsAtAWatchpointAndShowsBothValues) {
  const std::string text = Run({"watch counter", "continue", "awatch counter"});
  EXPECT_HAS(text, "Hardware watchpoint 1: counter");
  EXPECT_HAS(text, "Old value = 5\nNew value = 6\n");
  EXPECT_HAS(text, "Hardware access (read/write) watchpoint 2: counter");
}

TEST_F(Gdb, StepsInstructionsAndLines) {
  const std::string text = Run({"break main_loop", "continue", "stepi 5", "print $pc - (long)&main_loop", "next"});
  EXPECT_HAS(text, "$1 = (void (*)()) 0x9");
  EXPECT_HAS(text, "\n16\t  counter = Add(counter, 2);");
  const auto actions = target_.actions();
  EXPECT_TRUE(std::any_of(actions.begin(), actions.end(), [](const gdb::ResumeAction& action) {
    return action.kind == gdb::ResumeAction::Kind::kStepRange;
  }));
}

TEST_F(Gdb, ShowsAndChangesRegisters) {
  gdb::Registers registers = target_.registers(1);
  registers.cr0 = 0x80050033;
  registers.rflags = 0x246;
  registers.efer = 0xd01;
  registers.fs_base = 0x7fff'0000'1234;
  registers.xmm[3] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
  target_.set_registers(1, registers);
  const std::string text = Run({"info registers cr0 eflags efer mxcsr fs_base", "p/x $xmm3.uint128", "p $ftag",
                                "set var $r9 = 0x123456789abcdef0", "set var $mxcsr = 0x1fa0", "p/x $r9"});
  EXPECT_HAS(text, "[ PE MP ET NE WP AM PG ]");
  EXPECT_HAS(text, "[ PF ZF IF ]");
  EXPECT_HAS(text, "[ SCE LME LMA NXE ]");
  EXPECT_HAS(text, "[ IM DM ZM OM UM PM ]");
  EXPECT_HAS(text, "0x7fff00001234");
  EXPECT_HAS(text, "0x100f0e0d0c0b0a090807060504030201");
  EXPECT_HAS(text, "= 65535");  // all empty
  EXPECT_HAS(text, "0x123456789abcdef0");
  EXPECT_EQ(target_.registers(1)[gdb::General::kR9], 0x123456789abcdef0u);
  EXPECT_EQ(target_.registers(1).mxcsr, 0x1fa0u);
}

TEST_F(Gdb, ReadsAndWritesMemoryOfAllBytes) {
  std::string pattern;
  for (int i = 0; i < 1024; ++i) {
    pattern += static_cast<char>(i);
  }
  target_.AddMemory(AddressSpace::kVirtual, 0x5000'0000, std::string(4096, 'x'));
  const std::string file = folder_.Write("pattern", pattern);
  const std::string text = Run({"restore " + file + " binary 0x50000010", "print text", "print origin",
                                "print counter = 77", "print counter", "x/1xb 0x10"});
  EXPECT_EQ(target_.MemoryAt(AddressSpace::kVirtual, 0x5000'0010, pattern.size()), pattern);
  EXPECT_HAS(text, "\"grün\"");
  EXPECT_HAS(text, "{x = 3, y = 4}");
  EXPECT_HAS(text, "$4 = 77");
  EXPECT_HAS(text, "Cannot access memory at address 0x10");
}

TEST_F(Gdb, ReadsFourMebibytes) {
  std::string content(4 << 20, '\0');
  for (size_t i = 0; i < content.size(); ++i) {
    content[i] = static_cast<char>(i * 31 + i / 256);
  }
  target_.AddMemory(AddressSpace::kVirtual, 0x6000'0000, content);
  Run({"dump binary memory " + folder_.Path("dump") + " 0x60000000 0x60400000"});
  std::ifstream stream(folder_.Path("dump"), std::ios::binary);
  EXPECT_TRUE(std::string(std::istreambuf_iterator<char>(stream), {}) == content);
}

TEST_F(Gdb, RunsMonitorCommands) {
  target_.AddMemory(AddressSpace::kPhysical, 0x2000, std::string("\x2a\0\0\0", 4));
  target_.monitor_text = std::string(100'000, 'm') + "end of text\n";
  const std::string text =
      Run({"monitor help", "monitor", "monitor nonsense", "monitor stat 7", "monitor stop", "monitor phys on",
           "printf \"value %d\\n\", *(int*)0x2000", "monitor phys off", "printf \"value %d\\n\", *(int*)0x2000"});
  EXPECT_HAS(text, "monitor status [WHAT]  how the guest is\n");
  EXPECT_HAS(text, "there is no command 'nonsense'; 'monitor help' lists what there is\n");
  EXPECT_HAS(text, target_.monitor_text);
  EXPECT_HAS(text, "thread 1 asked for '7'\n");
  EXPECT_HAS(text, "stop: it cannot be stopped\n");
  EXPECT_HAS(text, "value 42\n");
  EXPECT_HAS(text, "Cannot access memory at address 0x2000");
}

TEST_F(Gdb, MakesBreakpointsInRomHardwareOnes) {
  const uint64_t rom = sample_.Symbol("middle") & ~uint64_t{0xfff};
  target_.memory_map = {{.start = 0, .length = rom, .kind = gdb::MemoryRegion::Kind::kRam},
                        {.start = rom, .length = 0x1000, .kind = gdb::MemoryRegion::Kind::kRom},
                        {.start = rom + 0x1000, .length = 0 - (rom + 0x1000), .kind = gdb::MemoryRegion::Kind::kRam}};
  const std::string text = Run({"info mem", "break middle", "continue", "x/1xg 0x7ffffff8"});
  EXPECT_HAS(text, "hit Breakpoint 1, middle ()");
  EXPECT_HAS(text, "Note: automatically using hardware breakpoints for read-only addresses.");
  EXPECT_HAS(text, "Using memory regions provided by the target.");
}

TEST_F(Gdb, ResolvesPendingBreakpointsWhenAModuleAppears) {
  constexpr uint64_t kBase = 0x1'0000'0000;
  const SampleProgram module(PAGODA_GDB_MODULE);
  module.LoadModuleInto(target_, kBase);
  target_.program.libraries_at = sample_.Symbol("load_here");
  target_.program.goes_on_at = kBase + module.Symbol("module_function");
  const std::string text = Run({"set breakpoint pending on", "break module_function", "info sharedlibrary", "continue",
                                "info sharedlibrary", "print module_value", "backtrace 1"});
  EXPECT_HAS(text, "Function \"module_function\" not defined.");
  EXPECT_HAS(text, "No shared libraries loaded at this time.");
  EXPECT_HAS(text, "hit Breakpoint 1, module_function ()");
  EXPECT_HAS(text, PAGODA_GDB_MODULE);
  EXPECT_HAS(text, "$1 = 42");
}

TEST_F(Gdb, InterruptsARunningGuest) {
  Start();
  Process process(CommandLine({"continue", "print 6 * 7"}));
  ASSERT_TRUE(target_.WaitForCall("resume"));
  process.Signal(SIGINT);
  const std::string text = TextOf(process.Wait());
  EXPECT_HAS(text, "received signal SIGINT, Interrupt.");
  EXPECT_HAS(text, "spin_here ()");
  EXPECT_HAS(text, "$1 = 42");
}

TEST_F(Gdb, SeesTheGuestExit) {
  const std::string text = Run({"break middle", "continue", "set var $pc = (long)&exit_here - 1", "continue"});
  EXPECT_HAS(text, "exited with code 07]");
}

TEST_F(Gdb, KillsTheGuest) {
  EXPECT_HAS(Run({"kill"}), "[Inferior 1 (Remote target) killed]");
  EXPECT_TRUE(target_.WaitForCall("killed"));
}

TEST_F(Gdb, LeavesTheGuestRunningWhenItDetaches) {
  EXPECT_HAS(Run({"set breakpoint always-inserted on", "break middle", "detach"}), "detached]");
  EXPECT_TRUE(target_.WaitForCall("gone"));
  EXPECT_FALSE(target_.stop().has_value());
  EXPECT_TRUE(target_.points().empty());
}

TEST_F(Gdb, AttachesAfterAnotherOneDetached) {
  Run({"detach"});
  const std::string text = Run({"print $_siginfo", "print counter", "where 1"});
  EXPECT_HAS(text, "spin_here");
  EXPECT_EQ(target_.calls().back(), "gone");
}

TEST_F(Gdb, ThatIsKilledWhileTheGuestRunsLeavesItRunning) {
  Start();
  {
    Process process(CommandLine({"break exit_here", "continue"}));
    ASSERT_TRUE(target_.WaitForCall("resume"));
    process.Signal(SIGKILL);
    static_cast<void>(process.Wait());
  }
  ASSERT_TRUE(target_.WaitForCall("gone"));
  EXPECT_FALSE(target_.stop().has_value());
  EXPECT_TRUE(target_.points().empty());
  EXPECT_HAS(Run({"where 1"}), "spin_here");
}

TEST_F(Gdb, ThatIsKilledWhileTheGuestStandsLeavesItStanding) {
  Start();
  {
    Process process(
        CommandLine({"break main_loop", "continue", "echo here\\n", "python import signal; signal.pause()"}));
    ASSERT_TRUE(process.WaitForOutput("here"));
    process.Signal(SIGKILL);
    static_cast<void>(process.Wait());
  }
  ASSERT_TRUE(target_.WaitForCall("gone"));
  EXPECT_TRUE(target_.stop().has_value());
  EXPECT_HAS(Run({"where 1"}), "main_loop");
}

TEST_F(Gdb, IsRefusedInWordsWhileAnotherOneIsThere) {
  Start();
  Process first(CommandLine({"continue", "print counter"}));
  ASSERT_TRUE(target_.WaitForCall("resume"));
  EXPECT_HAS(Run({}), "Another debugger is connected to this guest already: a program on this host.");
  first.Signal(SIGINT);
  EXPECT_HAS(TextOf(first.Wait()), "$1 = 6");
}

}  // namespace
}  // namespace gdb_test
