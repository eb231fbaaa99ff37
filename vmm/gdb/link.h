// The reliable exchange of payloads with one client: acknowledgements, retransmission, and the switch to none of both
// (QStartNoAckMode).
//
// Pulls in both directions: its user gives it bytes as they come, takes one request at a time, and takes the bytes to
// be sent. So what a client makes us keep is bounded by what its user lets in before the output is gone.
#pragma once

#include <deque>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "vmm/gdb/packet.h"

namespace vmm::gdb {

struct Request {
  enum class Kind : uint8_t {
    kPacket,
    kInterrupt,
    kUnusable,  // a packet that is to be answered with an error
    kNothing,   // done with already; there may be output
  };
  Kind kind;
  std::string payload;  // kPacket
};

class Link {
 public:
  void Receive(std::span<const std::byte> bytes) { reader_.Append(bytes); }
  // The next request; nothing when there is no more input. Call again only when the output has been taken.
  std::optional<Request> Next();
  // Precondition: binary parts are escaped.
  void Send(std::string_view payload);
  // From here on no acknowledgement is sent or waited for.
  void StopAcks();

  [[nodiscard]] std::string TakeOutput() { return std::exchange(output_, {}); }
  [[nodiscard]] bool has_output() const { return !output_.empty(); }
  [[nodiscard]] size_t unread() const { return reader_.unread(); }

 private:
  std::optional<Request> Handle(PacketItem item);
  void Resend();

  PacketReader reader_;
  std::string output_;
  bool acks_ = true;
  std::deque<std::string> unacknowledged_;  // frames
  size_t unacknowledged_bytes_ = 0;
};

}  // namespace vmm::gdb
