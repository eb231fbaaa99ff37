#include "vmm/cli/terminal_guard.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstring>

namespace vmm {
namespace {

std::optional<termios> SettingsOf(int fd) {
  termios settings = {};
  if (tcgetattr(fd, &settings) != 0) {
    return std::nullopt;
  }
  return settings;
}

bool SameSettings(const termios& a, const termios& b) {
  return a.c_iflag == b.c_iflag && a.c_oflag == b.c_oflag && a.c_cflag == b.c_cflag && a.c_lflag == b.c_lflag &&
         std::memcmp(a.c_cc, b.c_cc, sizeof(a.c_cc)) == 0;
}

}  // namespace

void OccupyStandardDescriptors() {
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd) {
    if (fcntl(fd, F_GETFD) < 0) {
      // The lowest free descriptor, hence this one.
      [[maybe_unused]] const int opened = open("/dev/null", O_RDWR);
    }
  }
}

TerminalGuard::TerminalGuard() {
  for (int fd = 0; fd < static_cast<int>(saved_.size()); ++fd) {
    saved_[static_cast<size_t>(fd)] = {.flags = fcntl(fd, F_GETFL), .settings = SettingsOf(fd)};
  }
}

void TerminalGuard::Restore() const {
  for (int fd = 0; fd < static_cast<int>(saved_.size()); ++fd) {
    const Saved& saved = saved_[static_cast<size_t>(fd)];
    if (saved.flags >= 0 && fcntl(fd, F_GETFL) != saved.flags) {
      fcntl(fd, F_SETFL, saved.flags);
    }
    // Only where it differs: setting it from a background job would stop the process (SIGTTOU).
    const std::optional<termios> now = saved.settings ? SettingsOf(fd) : std::nullopt;
    if (now && !SameSettings(*now, *saved.settings)) {
      tcsetattr(fd, TCSANOW, &*saved.settings);
    }
  }
}

}  // namespace vmm
