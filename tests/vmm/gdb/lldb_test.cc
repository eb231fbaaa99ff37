// The server with a real lldb, in batch mode. It asks for the program's file itself; the rest comes over the wire.
#include <gtest/gtest.h>

#include <csignal>
#include <string>
#include <vector>

#include "tests/vmm/gdb/support/debugger_test.h"

namespace gdb_test {
namespace {

using integration::Process;

class Lldb : public DebuggerTest {
 protected:
  Lldb() : DebuggerTest("lldb") {}

  void SetUp() override {
    DebuggerTest::SetUp();
    if (!IsSkipped()) {
      Start(net::TcpAddress{.host = "127.0.0.1", .port = 0});
    }
  }
  [[nodiscard]] std::vector<std::string> CommandLine(const std::vector<std::string>& commands) const override {
    std::vector<std::string> line{
        "lldb", "--no-lldbinit", "--batch", PAGODA_GDB_SAMPLE, "-o", "gdb-remote " + server_->connect_text()};
    for (const std::string& command : commands) {
      line.insert(line.end(), {"-o", command});
    }
    return line;
  }
};

TEST_F(Lldb, ConnectsAndListsTheThreads) {
  const std::string text = Run({"thread list"});
  EXPECT_HAS(text, "* thread #1: tid = 0x0001");
  EXPECT_HAS(text, "thread #2: tid = 0x0002");
  EXPECT_HAS(text, "name = 'CPU 1: <söme> & \"name\"'");
  EXPECT_HAS(text, "stop reason = signal SIGTRAP");
}

TEST_F(Lldb, StopsAtBreakpointsAndWatchpoints) {
  const std::string text = Run({"breakpoint set --name main_loop", "continue", "thread step-inst",
                                "watchpoint set variable counter", "continue", "thread backtrace all"});
  EXPECT_HAS(text, "stop reason = breakpoint 1.1");
  EXPECT_HAS(text, "stop reason = instruction step");
  EXPECT_HAS(text, "stop reason = watchpoint 1");
  EXPECT_HAS(text, "gdb_sample`write_here");
}

TEST_F(Lldb, ReadsAndWritesRegistersAndMemory) {
  gdb::Registers registers = target_.registers(1);
  registers.cr3 = 0x1234000;
  target_.set_registers(1, registers);
  const std::string text = Run({"register read cr3 rip", "register write rbx 0x77", "expression counter = 99",
                                "memory read --count 6 &text", "process plugin packet monitor status"});
  EXPECT_HAS(text, "cr3 = 0x0000000001234000");
  EXPECT_HAS(text, "67 72 c3 bc 6e 00");
  EXPECT_HAS(text, "the guest is well");
  EXPECT_EQ(target_.registers(1)[gdb::General::kRbx], 0x77u);
  EXPECT_EQ(target_.MemoryAt(gdb::AddressSpace::kVirtual, sample_.Symbol("counter"), 1), "\x63");
}

TEST_F(Lldb, KillsTheGuest) {
  EXPECT_HAS(Run({"process kill"}), "Process 1 exited with status = 9");
  ASSERT_TRUE(target_.WaitForCall("gone"));
}

TEST_F(Lldb, LeavesTheGuestRunningWhenItDetaches) {
  EXPECT_HAS(Run({"breakpoint set --name middle", "detach"}), "Process 1 detached");
  ASSERT_TRUE(target_.WaitForCall("gone"));
  EXPECT_FALSE(target_.stop().has_value());
  EXPECT_TRUE(target_.points().empty());
}

}  // namespace
}  // namespace gdb_test
