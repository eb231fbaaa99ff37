#include "vmm/cli/terminal_guard.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <pty.h>
#include <unistd.h>

namespace vmm {
namespace {

// Puts a pseudo terminal in the place of standard input for the time of a test.
class TerminalGuardTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(openpty(&controller_, &terminal_, nullptr, nullptr, nullptr), 0);
    original_input_ = dup(STDIN_FILENO);
    dup2(terminal_, STDIN_FILENO);
  }
  void TearDown() override {
    dup2(original_input_, STDIN_FILENO);
    close(original_input_);
    close(terminal_);
    close(controller_);
  }

  static void MakeRaw() {
    termios settings = {};
    tcgetattr(STDIN_FILENO, &settings);
    cfmakeraw(&settings);
    tcsetattr(STDIN_FILENO, TCSANOW, &settings);
  }
  static bool Echoes() {
    termios settings = {};
    tcgetattr(STDIN_FILENO, &settings);
    return (settings.c_lflag & ECHO) != 0;
  }

 private:
  int controller_ = -1;
  int terminal_ = -1;
  int original_input_ = -1;
};

TEST_F(TerminalGuardTest, RestoresSettingsAndBlockingMode) {
  {
    const TerminalGuard guard;
    MakeRaw();
    fcntl(STDIN_FILENO, F_SETFL, fcntl(STDIN_FILENO, F_GETFL) | O_NONBLOCK);
    ASSERT_FALSE(Echoes());
  }

  EXPECT_TRUE(Echoes());
  EXPECT_EQ(fcntl(STDIN_FILENO, F_GETFL) & O_NONBLOCK, 0);
}

TEST_F(TerminalGuardTest, KeepsWhatWasThereBefore) {
  MakeRaw();
  fcntl(STDIN_FILENO, F_SETFL, fcntl(STDIN_FILENO, F_GETFL) | O_NONBLOCK);
  { const TerminalGuard guard; }

  EXPECT_FALSE(Echoes());
  EXPECT_NE(fcntl(STDIN_FILENO, F_GETFL) & O_NONBLOCK, 0);
}

TEST_F(TerminalGuardTest, ToleratesAClosedDescriptor) {
  close(STDIN_FILENO);
  { const TerminalGuard guard; }

  EXPECT_EQ(fcntl(STDIN_FILENO, F_GETFL), -1);
}

TEST_F(TerminalGuardTest, ClosedDescriptorsAreOccupied) {
  close(STDIN_FILENO);

  OccupyStandardDescriptors();

  char byte = 0;
  EXPECT_EQ(read(STDIN_FILENO, &byte, 1), 0);
}

}  // namespace
}  // namespace vmm
