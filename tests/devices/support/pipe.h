// A pipe whose ends belong to the test, and files that vanish with it.
#pragma once

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <cstdlib>
#include <string>
#include <string_view>

#include "devices/core/unique_fd.h"

namespace test {

class Pipe {
 public:
  explicit Pipe(int flags = 0) {
    int ends[2];
    if (::pipe2(ends, flags | O_CLOEXEC) != 0) {
      std::abort();
    }
    read_ = dev::UniqueFd(ends[0]);
    write_ = dev::UniqueFd(ends[1]);
  }

  [[nodiscard]] int read_end() const { return read_.get(); }
  [[nodiscard]] int write_end() const { return write_.get(); }
  void CloseReadEnd() { read_ = dev::UniqueFd(); }
  void CloseWriteEnd() { write_ = dev::UniqueFd(); }

  // Blocks until `size` bytes have come, or the end.
  [[nodiscard]] std::string Read(size_t size) const {
    std::string text(size, '\0');
    size_t done = 0;
    while (done < size) {
      pollfd readable{.fd = read_.get(), .events = POLLIN, .revents = 0};
      ::poll(&readable, 1, -1);  // the end may be non-blocking
      const ssize_t count = ::read(read_.get(), text.data() + done, size - done);
      if (count <= 0) {
        break;
      }
      done += static_cast<size_t>(count);
    }
    text.resize(done);
    return text;
  }
  void Write(std::string_view text) const {
    if (::write(write_.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
      std::abort();
    }
  }
  // Fills the pipe to the last byte; returns how many there were. Precondition: O_NONBLOCK.
  size_t Fill() const {
    size_t total = 0;
    const char byte = '#';
    while (::write(write_.get(), &byte, 1) == 1) {
      ++total;
    }
    return total;
  }

 private:
  dev::UniqueFd read_;
  dev::UniqueFd write_;
};

}  // namespace test
