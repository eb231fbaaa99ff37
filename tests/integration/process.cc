#include "tests/integration/process.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>

namespace integration {
namespace {

using Clock = std::chrono::steady_clock;

[[noreturn]] void ReplaceChild(const std::vector<std::string>& arguments) {
  std::vector<char*> pointers;
  for (const std::string& argument : arguments) {
    pointers.push_back(const_cast<char*>(argument.c_str()));
  }
  pointers.push_back(nullptr);
  execvp(pointers[0], pointers.data());
  _exit(127);
}

// Appends what can be read now; closes the descriptor at the end of the stream.
void Drain(int& fd, std::string& text) {
  std::array<char, 65536> buffer;
  const ssize_t count = read(fd, buffer.data(), buffer.size());
  if (count > 0) {
    text.append(buffer.data(), static_cast<size_t>(count));
  } else if (count == 0 || errno != EINTR) {
    close(fd);
    fd = -1;
  }
}

int MillisecondsUntil(Clock::time_point deadline) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
  return static_cast<int>(std::max<decltype(left)>(left, 0));
}

std::chrono::microseconds ProcessorTime(const rusage& usage) {
  const auto time = [](const timeval& value) {
    return std::chrono::seconds(value.tv_sec) + std::chrono::microseconds(value.tv_usec);
  };
  return time(usage.ru_utime) + time(usage.ru_stime);
}

}  // namespace

std::chrono::seconds Patience() {
  return std::chrono::seconds(std::getenv("PAGODA_HARDWARE_KVM") != nullptr ? 120 : 30);
}

std::string TimeLimit() { return std::to_string((Patience() * 5 / 6).count()); }

Process::Process(const std::vector<std::string>& arguments, std::optional<int> terminal) {
  std::array<int, 2> out{-1, -1};
  std::array<int, 2> err{-1, -1};
  if (pipe2(out.data(), O_CLOEXEC) != 0 || pipe2(err.data(), O_CLOEXEC) != 0) {
    std::abort();
  }
  pid_ = fork();
  if (pid_ == 0) {
    const int input = terminal ? *terminal : open("/dev/null", O_RDONLY | O_CLOEXEC);
    dup2(input, STDIN_FILENO);
    dup2(terminal ? *terminal : out[1], STDOUT_FILENO);
    dup2(err[1], STDERR_FILENO);
    ReplaceChild(arguments);
  }
  close(out[1]);
  close(err[1]);
  out_fd_ = out[0];
  err_fd_ = err[0];
}

Process::~Process() {
  if (pid_ > 0) {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  for (const int fd : {out_fd_, err_fd_}) {
    if (fd >= 0) {
      close(fd);
    }
  }
}

Process::Pumped Process::Pump(Clock::time_point deadline) {
  std::array<pollfd, 2> fds{pollfd{out_fd_, POLLIN, 0}, pollfd{err_fd_, POLLIN, 0}};
  if (out_fd_ < 0 && err_fd_ < 0) {
    return Pumped::kEnded;
  }
  const int ready = poll(fds.data(), fds.size(), MillisecondsUntil(deadline));
  if (ready == 0) {
    return Pumped::kTimedOut;
  }
  if (out_fd_ >= 0 && fds[0].revents != 0) {
    Drain(out_fd_, out_);
  }
  if (err_fd_ >= 0 && fds[1].revents != 0) {
    Drain(err_fd_, err_);
  }
  return Pumped::kMore;
}

bool Process::WaitFor(const std::string& printed, std::string_view text) {
  const Clock::time_point deadline = Clock::now() + Patience();
  while (printed.find(text) == std::string::npos) {
    if (Pump(deadline) != Pumped::kMore) {
      return false;
    }
  }
  return true;
}

void Process::Signal(int number) const { kill(pid_, number); }

Ending Process::Wait() {
  const Clock::time_point deadline = Clock::now() + Patience();
  Pumped pumped = Pumped::kMore;
  while (pumped == Pumped::kMore) {
    pumped = Pump(deadline);
  }
  Ending ending;
  ending.hung = pumped == Pumped::kTimedOut;
  if (ending.hung) {
    kill(pid_, SIGKILL);
  }
  int status = 0;
  rusage usage{};
  wait4(pid_, &status, 0, &usage);
  pid_ = -1;
  ending.processor_time = ProcessorTime(usage);
  ending.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  ending.out = std::move(out_);
  ending.err = std::move(err_);
  return ending;
}

Ending Execute(const std::vector<std::string>& arguments) { return Process(arguments).Wait(); }

}  // namespace integration
