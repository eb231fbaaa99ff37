// What becomes of a client that comes while there is another: it is told so, in words that gdb shows, and let go.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <string>

#include "vmm/gdb/asio.h"
#include "vmm/gdb/link.h"

namespace vmm::gdb {

class Refusal : public std::enable_shared_from_this<Refusal> {
 public:
  // Lives by itself until the client has gone, at most some seconds.
  static void Start(StreamSocket socket, std::string reason);

 private:
  Refusal(StreamSocket socket, std::string reason)
      : socket_(std::move(socket)), patience_(socket_.get_executor()), reason_(std::move(reason)) {}

  void Read();
  void Answer();
  void Close();

  StreamSocket socket_;
  boost::asio::steady_timer patience_;
  std::string reason_;
  Link link_;
  std::array<std::byte, 4096> input_;
  std::string output_;
  bool answered_ = false;
};

}  // namespace vmm::gdb
