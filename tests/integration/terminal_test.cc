// The terminal is as it was after every way in which a run can end, and progress on it is one line.
#include <fcntl.h>
#include <pty.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstring>
#include <string>
#include <vector>

#include "tests/integration/fixture.h"

namespace integration {
namespace {

class TerminalTest : public GuestTest {
 protected:
  void SetUp() override {
    GuestTest::SetUp();
    ASSERT_EQ(openpty(&master_, &terminal_, nullptr, nullptr, nullptr), 0);
    ASSERT_EQ(tcgetattr(terminal_, &before_), 0);
    for (const int fd : {master_, terminal_}) {
      fcntl(fd, F_SETFD, FD_CLOEXEC);
    }
  }

  void TearDown() override {
    close(master_);
    close(terminal_);
  }

  void ExpectRestored() const {
    termios after{};
    ASSERT_EQ(tcgetattr(terminal_, &after), 0);
    EXPECT_EQ(after.c_iflag, before_.c_iflag);
    EXPECT_EQ(after.c_oflag, before_.c_oflag);
    EXPECT_EQ(after.c_cflag, before_.c_cflag);
    EXPECT_EQ(after.c_lflag, before_.c_lflag);
    EXPECT_EQ(std::memcmp(after.c_cc, before_.c_cc, sizeof(after.c_cc)), 0);
  }

  // Reads what the program shows on its terminal until `text` is there. The read ends at the latest when the program
  // does, and --timeout bounds that.
  bool WaitForText(const std::string& text) {
    std::array<char, 4096> buffer;
    while (shown_.find(text) == std::string::npos) {
      const ssize_t count = read(master_, buffer.data(), buffer.size());
      if (count <= 0) {
        return false;
      }
      shown_.append(buffer.data(), static_cast<size_t>(count));
    }
    return true;
  }

  int master_ = -1;
  int terminal_ = -1;
  termios before_{};
  std::string shown_;
};

TEST_F(TerminalTest, IsRestoredAfterTheProgramEnds) {
  Process pagoda(RunCommand({"--timeout", "20"}, {"hello"}), terminal_);
  EXPECT_TRUE(WaitForText("CPU 0"));
  EXPECT_EQ(pagoda.Wait().code, 0);
  ExpectRestored();
}

TEST_F(TerminalTest, IsRestoredAfterASignal) {
  Process pagoda(RunCommand({"--timeout", "20"}, {"spin"}), terminal_);
  EXPECT_TRUE(WaitForText("spinning"));
  pagoda.Signal(SIGTERM);
  EXPECT_FALSE(pagoda.Wait().hung);
  ExpectRestored();
}

TEST_F(TerminalTest, IsRestoredAfterTheTimeout) {
  Process pagoda(RunCommand({"--timeout", "1"}, {"spin"}), terminal_);
  EXPECT_FALSE(pagoda.Wait().hung);
  ExpectRestored();
}

TEST_F(TerminalTest, IsRestoredAfterAFault) {
  Process pagoda(RunCommand({"--timeout", "20"}, {"fault", "read-null"}), terminal_);
  EXPECT_FALSE(pagoda.Wait().hung);
  ExpectRestored();
}

// Standard error is the terminal, too, as it is for a person.
TEST_F(TerminalTest, ProgressIsDrawnOverItselfAndGivesWayToOutput) {
  std::vector<std::string> command = RunCommand({"--timeout", "20", "--progress"}, {"sleep", "700"});
  command.insert(command.begin(), {"sh", "-c", "exec \"$@\" 2>&1", "sh"});
  Process pagoda(command, terminal_);
  EXPECT_TRUE(WaitForText("slept "));
  EXPECT_EQ(pagoda.Wait().code, 0);
  const std::string erase = "\r\x1b[K";
  const std::string line = erase + "pagoda: nothing was asked of a pager yet";
  EXPECT_EQ(shown_.find(line), 0u) << shown_;
  EXPECT_NE(shown_.find(line + line), std::string::npos) << shown_;
  EXPECT_NE(shown_.find(line + erase + "slept "), std::string::npos) << shown_;
  ExpectRestored();
}

}  // namespace
}  // namespace integration
