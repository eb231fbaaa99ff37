// One client's socket, and the session behind it.
//
// At most one read and one write are under way. The next request is handled when the answer to the one before has left,
// and nothing more is read while there are requests: a client that asks without listening waits for itself.
#pragma once

#include <array>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "vmm/gdb/asio.h"
#include "vmm/gdb/session.h"

namespace vmm::gdb {

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  // `on_end` is called once, when the connection is closed, not from within a call.
  static std::shared_ptr<Connection> Start(StreamSocket socket, Target& target, std::function<void()> on_end);

  void OnWakeUp();
  // Sends what there is to send, then closes.
  void Finish();
  // Closes at once, whatever is under way.
  void Close();
  [[nodiscard]] const std::string& peer() const { return peer_; }

 private:
  Connection(StreamSocket socket, Target& target, std::function<void()> on_end);

  void Pump();
  void Read();
  void Write(std::string bytes);

  StreamSocket socket_;
  const std::string peer_;
  std::unique_ptr<Session> session_;  // until the connection is closed
  std::function<void()> on_end_;
  std::array<std::byte, 64 * 1024> input_;
  std::string output_;
  bool reading_ = false;
  bool writing_ = false;
  bool finishing_ = false;
};

}  // namespace vmm::gdb
