#include "tests/integration/terminal.h"

#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>

#include "tests/integration/process.h"

namespace integration {

Terminal::Terminal() {
  if (openpty(&our_side_, &program_side_, nullptr, nullptr, nullptr) != 0) {
    std::abort();
  }
  for (const int fd : {our_side_, program_side_}) {
    fcntl(fd, F_SETFD, FD_CLOEXEC);
  }
}

Terminal::~Terminal() {
  close(our_side_);
  close(program_side_);
}

bool Terminal::WaitForEither(std::string_view text, std::string_view failure) {
  using Clock = std::chrono::steady_clock;
  const Clock::time_point deadline = Clock::now() + Patience();
  while (shown_.find(text) == std::string::npos) {
    if (!failure.empty() && shown_.find(failure) != std::string::npos) {
      return false;
    }
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
    pollfd ready{our_side_, POLLIN, 0};
    std::array<char, 4096> buffer;
    if (poll(&ready, 1, static_cast<int>(std::max<decltype(left)>(left, 0))) <= 0) {
      return false;
    }
    const ssize_t count = read(our_side_, buffer.data(), buffer.size());
    if (count <= 0) {
      return false;
    }
    shown_.append(buffer.data(), static_cast<size_t>(count));
  }
  return true;
}

bool Terminal::Type(std::string_view text) const {
  return write(our_side_, text.data(), text.size()) == static_cast<ssize_t>(text.size());
}

}  // namespace integration
