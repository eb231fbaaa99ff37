#include "vmm/gdb/connection.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <utility>

#include "vmm/net/listener.h"

namespace vmm::gdb {

namespace {

// Asio has no names for these. Best effort: a socket that does not know the option keeps its default.
void SetTcpOption(StreamSocket& socket, int option, int value) {
  ::setsockopt(socket.native_handle(), IPPROTO_TCP, option, &value, sizeof(value));
}

// Every exchange is a small packet and its small answer: waiting for more to send would cost 40 ms each. And a debugger
// whose host has gone must not keep the next one out for the two hours that are the default. Unix sockets know none of
// these options and need none.
void SetOptions(StreamSocket& socket) {
  constexpr int kIdleSeconds = 20;
  constexpr int kProbeSeconds = 5;
  constexpr int kProbes = 4;
  boost::system::error_code ignored;
  socket.set_option(boost::asio::ip::tcp::no_delay(true), ignored);
  socket.set_option(boost::asio::socket_base::keep_alive(true), ignored);
  SetTcpOption(socket, TCP_KEEPIDLE, kIdleSeconds);
  SetTcpOption(socket, TCP_KEEPINTVL, kProbeSeconds);
  SetTcpOption(socket, TCP_KEEPCNT, kProbes);
}

}  // namespace

Connection::Connection(StreamSocket socket, Target& target, std::function<void()> on_end)
    : socket_(std::move(socket)),
      peer_(net::PeerName(socket_)),
      session_(std::make_unique<Session>(target)),
      on_end_(std::move(on_end)) {}

std::shared_ptr<Connection> Connection::Start(StreamSocket socket, Target& target, std::function<void()> on_end) {
  std::shared_ptr<Connection> connection(new Connection(std::move(socket), target, std::move(on_end)));
  SetOptions(connection->socket_);
  connection->Pump();
  return connection;
}

void Connection::OnWakeUp() {
  if (session_) {
    session_->OnWakeUp();
    Pump();
  }
}

void Connection::Finish() {
  finishing_ = true;
  OnWakeUp();
}

void Connection::Pump() {
  if (!session_ || writing_) {
    return;
  }
  session_->Work();
  if (std::string bytes = session_->TakeOutput(); !bytes.empty()) {
    Write(std::move(bytes));
  } else if (session_->finished() || finishing_) {
    Close();
    return;
  }
  if (!reading_ && session_->unread() == 0) {
    Read();
  }
}

void Connection::Read() {
  reading_ = true;
  socket_.async_read_some(boost::asio::buffer(input_), [self = shared_from_this()](const auto& error, size_t count) {
    self->reading_ = false;
    if (error) {
      self->Close();
    } else if (self->session_) {
      self->session_->Receive(std::span(self->input_).first(count));
      self->Pump();
    }
  });
}

void Connection::Write(std::string bytes) {
  writing_ = true;
  output_ = std::move(bytes);
  boost::asio::async_write(socket_, boost::asio::buffer(output_),
                           [self = shared_from_this()](const auto& error, size_t /*count*/) {
                             self->writing_ = false;
                             if (error) {
                               self->Close();
                             } else {
                               self->Pump();
                             }
                           });
}

void Connection::Close() {
  if (!session_) {
    return;
  }
  session_.reset();
  boost::system::error_code ignored;
  socket_.shutdown(boost::asio::socket_base::shutdown_both, ignored);
  socket_.close(ignored);
  boost::asio::post(socket_.get_executor(), std::exchange(on_end_, nullptr));
}

}  // namespace vmm::gdb
