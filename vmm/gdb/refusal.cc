#include "vmm/gdb/refusal.h"

#include <chrono>
#include <utility>

namespace vmm::gdb {

namespace {

constexpr std::chrono::seconds kPatience(2);

}  // namespace

void Refusal::Start(StreamSocket socket, std::string reason) {
  std::shared_ptr<Refusal> refusal(new Refusal(std::move(socket), std::move(reason)));
  refusal->patience_.expires_after(kPatience);
  refusal->patience_.async_wait([weak = std::weak_ptr(refusal)](const boost::system::error_code& error) {
    const auto late = weak.lock();
    if (!error && late) {
      late->Close();
    }
  });
  refusal->Read();
}

// The answer to the first packet is what gdb shows. Afterwards we read on until the client closes: to close with unread
// bytes would reset the connection, and the answer with it.
void Refusal::Read() {
  socket_.async_read_some(boost::asio::buffer(input_), [self = shared_from_this()](const auto& error, size_t count) {
    if (error) {
      self->Close();
      return;
    }
    if (!self->answered_) {
      self->link_.Receive(std::span(self->input_).first(count));
      self->Answer();
    }
    self->Read();
  });
}

void Refusal::Answer() {
  while (const auto request = link_.Next()) {
    if (request->kind != Request::Kind::kPacket) {
      continue;
    }
    answered_ = true;
    link_.Send("E." + reason_);
    output_ = link_.TakeOutput();
    boost::asio::async_write(socket_, boost::asio::buffer(output_),
                             [self = shared_from_this()](const auto& /*error*/, size_t /*count*/) {
                               boost::system::error_code ignored;
                               self->socket_.shutdown(boost::asio::socket_base::shutdown_send, ignored);
                             });
    return;
  }
}

void Refusal::Close() {
  patience_.cancel();
  boost::system::error_code ignored;
  socket_.close(ignored);
}

}  // namespace vmm::gdb
