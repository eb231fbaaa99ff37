// The terminal is as it was after every way in which a run can end, and progress on it is one line.
#include <termios.h>

#include <csignal>
#include <cstring>
#include <string>
#include <vector>

#include "tests/integration/fixture.h"
#include "tests/integration/terminal.h"

namespace integration {
namespace {

class TerminalTest : public GuestTest {
 protected:
  void SetUp() override {
    GuestTest::SetUp();
    ASSERT_EQ(tcgetattr(terminal_.program_side(), &before_), 0);
  }

  void ExpectRestored() const {
    termios after{};
    ASSERT_EQ(tcgetattr(terminal_.program_side(), &after), 0);
    EXPECT_EQ(after.c_iflag, before_.c_iflag);
    EXPECT_EQ(after.c_oflag, before_.c_oflag);
    EXPECT_EQ(after.c_cflag, before_.c_cflag);
    EXPECT_EQ(after.c_lflag, before_.c_lflag);
    EXPECT_EQ(std::memcmp(after.c_cc, before_.c_cc, sizeof(after.c_cc)), 0);
  }

  Terminal terminal_;
  termios before_{};
};

TEST_F(TerminalTest, IsRestoredAfterTheProgramEnds) {
  Process pagoda(RunCommand({"--timeout", TimeLimit()}, {"hello"}), terminal_.program_side());
  EXPECT_TRUE(terminal_.WaitFor("CPU 0"));
  EXPECT_EQ(pagoda.Wait().code, 0);
  ExpectRestored();
}

TEST_F(TerminalTest, IsRestoredAfterASignal) {
  Process pagoda(RunCommand({"--timeout", TimeLimit()}, {"spin"}), terminal_.program_side());
  EXPECT_TRUE(terminal_.WaitFor("spinning"));
  pagoda.Signal(SIGTERM);
  EXPECT_FALSE(pagoda.Wait().hung);
  ExpectRestored();
}

TEST_F(TerminalTest, IsRestoredAfterTheTimeout) {
  Process pagoda(RunCommand({"--timeout", "1"}, {"spin"}), terminal_.program_side());
  EXPECT_FALSE(pagoda.Wait().hung);
  ExpectRestored();
}

TEST_F(TerminalTest, IsRestoredAfterAFault) {
  Process pagoda(RunCommand({"--timeout", TimeLimit()}, {"fault", "read-null"}), terminal_.program_side());
  EXPECT_FALSE(pagoda.Wait().hung);
  ExpectRestored();
}

// Standard error is the terminal, too, as it is for a person.
TEST_F(TerminalTest, ProgressIsDrawnOverItselfAndGivesWayToOutput) {
  std::vector<std::string> command = RunCommand({"--timeout", TimeLimit(), "--progress"}, {"sleep", "700"});
  command.insert(command.begin(), {"sh", "-c", "exec \"$@\" 2>&1", "sh"});
  Process pagoda(command, terminal_.program_side());
  EXPECT_TRUE(terminal_.WaitFor("slept "));
  EXPECT_EQ(pagoda.Wait().code, 0);
  const std::string erase = "\r\x1b[K";
  const std::string line = erase + "pagoda: nothing was asked of a pager yet";
  EXPECT_EQ(terminal_.shown().find(line), 0u) << terminal_.shown();
  EXPECT_NE(terminal_.shown().find(line + line), std::string::npos) << terminal_.shown();
  EXPECT_NE(terminal_.shown().find(line + erase + "slept "), std::string::npos) << terminal_.shown();
  ExpectRestored();
}

}  // namespace
}  // namespace integration
