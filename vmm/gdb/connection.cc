#include "vmm/gdb/connection.h"

#include <utility>

#include "vmm/gdb/listener.h"

namespace vmm::gdb {

Connection::Connection(StreamSocket socket, Target& target, std::function<void()> on_end)
    : socket_(std::move(socket)),
      peer_(PeerName(socket_)),
      session_(std::make_unique<Session>(target)),
      on_end_(std::move(on_end)) {}

std::shared_ptr<Connection> Connection::Start(StreamSocket socket, Target& target, std::function<void()> on_end) {
  std::shared_ptr<Connection> connection(new Connection(std::move(socket), target, std::move(on_end)));
  // Every exchange is a small packet and its small answer: waiting for more to send would cost 40 ms each. Unix sockets
  // do not know these options, which is no harm.
  boost::system::error_code ignored;
  connection->socket_.set_option(boost::asio::ip::tcp::no_delay(true), ignored);
  connection->socket_.set_option(boost::asio::socket_base::keep_alive(true), ignored);
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
