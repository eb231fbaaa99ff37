#include "tests/support/nbd_server.h"

#include <gtest/gtest.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <fstream>
#include <utility>

namespace test {

namespace {

// Whether somebody listens at a Unix socket: unix(7), /proc/net/unix. Connecting would be something for the server to
// notice.
bool IsListening(const std::string& socket) {
  std::ifstream table("/proc/net/unix");
  std::string line;
  while (std::getline(table, line)) {
    constexpr const char* kAcceptsConnections = " 00010000 ";
    if (line.ends_with(" " + socket) && line.find(kAcceptsConnections) != std::string::npos) {
      return true;
    }
  }
  return false;
}

// Whether the first thread of a process waits for something: proc_pid_stat(5).
bool IsAsleep(pid_t process) {
  std::ifstream file("/proc/" + std::to_string(process) + "/stat");
  std::string text;
  std::getline(file, text);
  const size_t name_end = text.rfind(')');
  return name_end != std::string::npos && text.substr(name_end + 1).starts_with(" S");
}

}  // namespace

NbdServer::NbdServer(std::string socket, std::string uri, std::vector<std::string> command)
    : socket_(std::move(socket)), uri_(std::move(uri)), command_(std::move(command)) {
  Start();
}

NbdServer NbdServer::Nbdkit(const std::string& socket, std::vector<std::string> arguments) {
  // nbdkit takes the first argument that is no option for the plugin.
  const auto is_option = [](const std::string& argument) { return argument.starts_with("-"); };
  const auto is_parameter = [](const std::string& argument) { return argument.find('=') != std::string::npos; };
  const auto rest = std::stable_partition(arguments.begin(), arguments.end(), is_option);
  std::stable_partition(rest, arguments.end(), [&](const std::string& argument) { return !is_parameter(argument); });
  std::vector<std::string> command = {"nbdkit", "--foreground", "--exit-with-parent", "--unix", socket};
  command.insert(command.end(), arguments.begin(), arguments.end());
  return {socket, "nbd+unix:///?socket=" + socket, std::move(command)};
}

NbdServer NbdServer::NbdServerOf(const std::string& socket, const std::string& folder, const std::string& file,
                                 const std::string& abilities) {
  const std::string configuration = folder + "/nbd-server.conf";
  std::ofstream(configuration) << "[generic]\nunixsock = " << socket << "\nallowlist = true\n"
                               << "[disk]\nexportname = " << file << "\n"
                               << abilities;
  // -d: stays in the foreground.
  return {socket, "nbd+unix:///disk?socket=" + socket, {"nbd-server", "-C", configuration, "-d"}};
}

void NbdServer::Start() {
  ::unlink(socket_.c_str());
  process_ = std::make_unique<integration::Process>(command_);
  const auto deadline = std::chrono::steady_clock::now() + integration::Patience();
  // nbd-server listens, and then looks for large prime numbers before it answers anybody: for two seconds in the mean,
  // and now and then for longer than a client waits.
  while (!IsListening(socket_) || !IsAsleep(process_->pid())) {
    if (std::chrono::steady_clock::now() > deadline) {
      process_->Signal(SIGKILL);
      FAIL() << command_.front() << " does not serve: " << process_->Wait().err;
    }
    const timespec pause{.tv_sec = 0, .tv_nsec = 1'000'000};
    ::nanosleep(&pause, nullptr);
  }
}

void NbdServer::Kill() {
  process_->Signal(SIGKILL);
  static_cast<void>(process_->Wait());
}

}  // namespace test
