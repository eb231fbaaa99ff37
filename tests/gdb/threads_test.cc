// Stops, steps and watchpoints while other threads run: whose is it?
#include "tests/gdb/debugged_guest.h"

namespace integration {
namespace {

class ThreadsTest : public DebuggedGuest, public testing::WithParamInterface<int> {
 protected:
  void StartWaiting(const std::vector<std::string>& program) {
    Start({"--cpus", std::to_string(GetParam()), "--gdb-wait"}, program);
  }
};

INSTANTIATE_TEST_SUITE_P(Cpus, ThreadsTest, testing::Values(1, 2), testing::PrintToStringParamName());

// Lines of Python for one line of gdb's.
std::string Python(const std::string& lines) {
  std::string quoted;
  for (const char byte : lines) {
    quoted += byte == '\n' ? std::string("\\n") : std::string(1, byte);
  }
  return "python exec(\"" + quoted + "\")";
}

// move(): steps to the system call that is about to be made (`ud2` or `syscall`, as little-endian words), and over it;
// how far the stack pointer is then from where it was. Another thread has another stack.
constexpr const char* kDefineMove = R"(
def value(text): return int(gdb.parse_and_eval(text))
def move():
  while value('*(unsigned short*)$rip') not in (0x0b0f, 0x050f):
    gdb.execute('stepi')
  before = value('(long)$rsp')
  gdb.execute('stepi')
  return value('(long)$rsp') - before
)";

TEST_P(ThreadsTest, AStepOverASystemCallEndsInItsOwnThreadThoughOthersReturnThereFirst) {
  StartWaiting({"threads", "16", "2000"});
  // Whoever waited before comes back at the very instruction at which the step is to end.
  const std::string said = Debug({Python(kDefineMove), "tbreak zx_futex_wait", "continue", Python(R"(
moved = set()
for i in range(5):
  gdb.execute('tbreak zx_futex_wait')
  gdb.execute('continue')
  moved.add(move())
print('moved by', moved)
)"),
                                  "continue"});
  EXPECT_TRUE(Shows(said, {"moved by {0}\n", "exited normally"}));
  EXPECT_EQ(guest().Wait().code, 0);
}

TEST_P(ThreadsTest, StepsBehindAWatchpointStayInTheirThread) {
  StartWaiting({"threads", "4", "1000"});
  // While memory is watched all threads are stepped. Those that wait when that ends must not be any more.
  const std::string said =
      Debug({Python(kDefineMove), "break zx_futex_wait", "continue", "set $cell = $rsp - 4096", "watch *(long*)$cell",
             "continue 3", "delete", Python("print('moved by', move())"), "continue"});
  EXPECT_TRUE(Shows(said, {"Hardware watchpoint 2", "moved by 0\n", "exited normally"}));
  EXPECT_EQ(guest().Wait().code, 0);
}

using TwoCpusTest = DebuggedGuest;

TEST_F(TwoCpusTest, ABreakpointThatIsDeletedWhileBothStandAtItIsGoneForBoth) {
  Start({"--cpus", "2"}, {"spin"});
  ASSERT_TRUE(guest().WaitForOutput("spinning"));
  // Each thread comes by every few instructions: when one stops, the other one has been there, too. Steps show that
  // both go on, and where; a byte that is left over would stop somebody.
  const std::string said = Debug({Python(R"(
def value(text): return int(gdb.parse_and_eval(text))
def places():
  found = []
  for thread in gdb.selected_inferior().threads():
    thread.switch()
    found.append(value('(long)$rip'))
  return found
start = places()
astray = set()
for i in range(10):
  gdb.execute('break *%d' % min(start))
  gdb.execute('continue')
  gdb.execute('continue')
  gdb.execute('delete')
  gdb.execute('stepi 9')
  astray |= {place for place in places() if all(abs(place - at) > 16 for at in start)}
print('astray:', astray)
)"),
                                  "kill"});
  EXPECT_TRUE(Shows(said, {"hit Breakpoint 10", "astray: set()", "killed"}));
  EXPECT_EQ(said.find("received signal"), std::string::npos) << said;
}

TEST_F(TwoCpusTest, AWatchpointOnAnotherThreadsStackNamesWhoWroteThere) {
  Start({"--cpus", "2"}, {"spin"});
  ASSERT_TRUE(guest().WaitForOutput("spinning"));
  // One spinning thread gets `1: incq (%rdi); jmp 1b` in place of its loop, the other's stack has what that counts.
  const std::string said =
      Debug({"set {unsigned char[5]} &main = {0x48, 0xff, 0x07, 0xeb, 0xfb}", "thread 2", "set $cell = $rsp - 256",
             "set {long}$cell = 0", "thread 1", "set $rdi = $cell", "set $rip = (unsigned long)&main",
             "watch *(long*)$cell", "python stops = []",
             "python for i in range(30): gdb.execute('continue'); stops.append((gdb.selected_thread().num, "
             "int(gdb.parse_and_eval('(long)$rip - (long)&main'))))",
             "python print('written by', set(stops))", "p *(long*)$cell", "kill"});
  EXPECT_TRUE(Shows(said, {"written by {(1, 3)}", "= 30"}));
}

}  // namespace
}  // namespace integration
