// One end of the socket between monitor and pager: packets with descriptors, never blocking.
//
// Threads: Send from any (the kernel keeps packets whole), Receive from one at a time.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "devices/core/unique_fd.h"
#include "devices/pager/remote/protocol.h"

namespace pager::remote {

struct Packet {
  std::vector<std::byte> bytes;
  std::vector<dev::UniqueFd> descriptors;
};

struct NothingThere {};
struct ChannelClosed {};
// The packet is none of ours (cut off, more descriptors than may be): the reason, for a person.
struct ChannelBroken {
  std::string reason;
};

class Channel {
 public:
  enum class Sent {
    kYes,
    kFull,  // not now: the other side has messages to read first
    kGone,
  };

  // Takes a connected SOCK_SEQPACKET socket.
  explicit Channel(dev::UniqueFd socket) : socket_(std::move(socket)) {}

  // Borrowed.
  [[nodiscard]] int fd() const { return socket_.get(); }

  // `descriptor`: passed along, stays the caller's; -1 for none.
  Sent Send(std::span<const std::byte> message, int descriptor = -1) const;

  std::variant<Packet, NothingThere, ChannelClosed, ChannelBroken> Receive() const;

  // Ends the connection, although the descriptor stays open as long as this object.
  void Shutdown() const;
  // The other side sees the end; what it still sends, and its own end, can be received.
  void EndSending() const;

 private:
  dev::UniqueFd socket_;
};

}  // namespace pager::remote
