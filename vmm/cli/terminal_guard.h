// Leaves the terminal as it was found: settings and blocking mode of the standard descriptors.
//
// Nothing in the monitor means to change them; but descriptors are shared with the shell, libraries change modes
// without saying so, and a shell whose input does not block any more is a mystery to its user.
#pragma once

#include <termios.h>

#include <array>
#include <optional>

namespace vmm {

// Opens /dev/null in the place of each of descriptors 0, 1 and 2 that is closed. Otherwise the next file that is opened
// would become, say, standard output, and the guest's output would go into it. First thing in main.
void OccupyStandardDescriptors();

class TerminalGuard {
 public:
  // Remembers how descriptors 0, 1 and 2 are.
  TerminalGuard();
  TerminalGuard(const TerminalGuard&) = delete;
  TerminalGuard& operator=(const TerminalGuard&) = delete;
  ~TerminalGuard() { Restore(); }

  // Puts back what differs. Idempotent.
  void Restore() const;

 private:
  struct Saved {
    int flags;                        // of fcntl(F_GETFL); -1: the descriptor is closed
    std::optional<termios> settings;  // nullopt: not a terminal
  };
  std::array<Saved, 3> saved_;
};

}  // namespace vmm
