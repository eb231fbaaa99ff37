#include "devices/pager/remote/channel.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include <cerrno>
#include <cstring>

namespace pager::remote {

namespace {

// One more than any message has, so that one too many is seen as such.
constexpr size_t kMaxDescriptors = 2;

union ControlBuffer {
  cmsghdr alignment;
  std::array<char, CMSG_SPACE(kMaxDescriptors * sizeof(int))> bytes;
};

std::vector<dev::UniqueFd> TakeDescriptors(msghdr& header) {
  std::vector<dev::UniqueFd> taken;
  for (cmsghdr* control = CMSG_FIRSTHDR(&header); control != nullptr; control = CMSG_NXTHDR(&header, control)) {
    if (control->cmsg_level != SOL_SOCKET || control->cmsg_type != SCM_RIGHTS) {
      continue;
    }
    const size_t count = (control->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (size_t i = 0; i < count; ++i) {
      int descriptor;
      std::memcpy(&descriptor, CMSG_DATA(control) + i * sizeof(int), sizeof(int));
      taken.emplace_back(descriptor);
    }
  }
  return taken;
}

}  // namespace

Channel::Sent Channel::Send(std::span<const std::byte> message, int descriptor) const {
  // sendmsg takes the bytes as not const, and reads them.
  iovec bytes{.iov_base = const_cast<std::byte*>(message.data()), .iov_len = message.size()};
  ControlBuffer control{};
  msghdr header{};
  header.msg_iov = &bytes;
  header.msg_iovlen = 1;
  if (descriptor >= 0) {
    header.msg_control = control.bytes.data();
    header.msg_controllen = CMSG_SPACE(sizeof(int));
    cmsghdr* rights = CMSG_FIRSTHDR(&header);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(sizeof(int));
    std::memcpy(CMSG_DATA(rights), &descriptor, sizeof(int));
  }
  while (true) {
    if (::sendmsg(socket_.get(), &header, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0) {
      return Sent::kYes;
    }
    if (errno == EINTR) {
      continue;
    }
    // ETOOMANYREFS: too many descriptors are on their way and not yet received.
    return errno == EAGAIN || errno == ENOBUFS || errno == ENOMEM || errno == ETOOMANYREFS ? Sent::kFull : Sent::kGone;
  }
}

std::variant<Packet, NothingThere, ChannelClosed, ChannelBroken> Channel::Receive() const {
  std::array<std::byte, kMaxMessage> buffer;
  iovec bytes{.iov_base = buffer.data(), .iov_len = buffer.size()};
  ControlBuffer control{};
  msghdr header{};
  header.msg_iov = &bytes;
  header.msg_iovlen = 1;
  header.msg_control = control.bytes.data();
  header.msg_controllen = control.bytes.size();
  ssize_t size;
  do {
    size = ::recvmsg(socket_.get(), &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  } while (size < 0 && errno == EINTR);
  if (size < 0) {
    if (errno == EAGAIN || errno == ENOBUFS || errno == ENOMEM) {
      return NothingThere{};
    }
    return ChannelClosed{};
  }
  Packet packet{.bytes = {}, .descriptors = TakeDescriptors(header)};
  if (size == 0) {
    return ChannelClosed{};
  }
  if ((header.msg_flags & MSG_TRUNC) != 0) {
    return ChannelBroken{"it sent a message of more than " + std::to_string(kMaxMessage) + " bytes"};
  }
  if ((header.msg_flags & MSG_CTRUNC) != 0) {
    return ChannelBroken{"it sent more descriptors than a message may have"};
  }
  packet.bytes.assign(buffer.begin(), buffer.begin() + size);
  return packet;
}

void Channel::Shutdown() const { ::shutdown(socket_.get(), SHUT_RDWR); }

void Channel::EndSending() const { ::shutdown(socket_.get(), SHUT_WR); }

}  // namespace pager::remote
