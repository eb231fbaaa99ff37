// A real NBD server, nbdkit or nbd-server, as a child process on a Unix socket.
//
// It can be killed and started again, as often as a test likes; it is gone when the object is.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tests/integration/process.h"

namespace test {

class NbdServer {
 public:
  // nbdkit with a plugin, its parameters, and filters: {"file", "/path", "--filter=delay", "delay-read=1"} in any
  // order. `socket`: the path of the socket.
  static NbdServer Nbdkit(const std::string& socket, std::vector<std::string> arguments);
  // nbd-server with one export, named "disk", of a file. `folder`: for its configuration; `abilities`: lines of that
  // for the export.
  static NbdServer NbdServerOf(const std::string& socket, const std::string& folder, const std::string& file,
                               const std::string& abilities = "flush = true\nfua = true\n");

  // Listens, and waits for clients, when this returns.
  void Start();
  // SIGKILL; has ended when this returns.
  void Kill();
  // SIGSTOP and SIGCONT.
  void Signal(int number) const { process_->Signal(number); }

  [[nodiscard]] const std::string& uri() const { return uri_; }

 private:
  NbdServer(std::string socket, std::string uri, std::vector<std::string> command);

  std::string socket_;
  std::string uri_;
  std::vector<std::string> command_;
  std::unique_ptr<integration::Process> process_;
};

}  // namespace test
