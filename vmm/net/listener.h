// The listening socket of a server.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "devices/pager/remote/unix_socket.h"
#include "vmm/base/error.h"
#include "vmm/net/address.h"
#include "vmm/net/asio.h"

namespace vmm::net {

class Listener {
 public:
  // Listens from here on. The error names the address. `context` outlives this object.
  static Result<std::unique_ptr<Listener>> Open(boost::asio::io_context& context, const Address& address);

  // Calls `handler` for each client, in the context's thread, until Close.
  void AcceptAll(std::function<void(StreamSocket)> handler);
  void Close();

  // With the port that was found.
  [[nodiscard]] const Address& address() const { return address_; }

 private:
  using Acceptor = boost::asio::basic_socket_acceptor<boost::asio::generic::stream_protocol>;

  Listener(boost::asio::io_context& context, Address address)
      : acceptor_(context), pause_(context), address_(std::move(address)) {}
  Result<> OpenTcp(const TcpAddress& address);
  Result<> OpenUnix(const UnixAddress& address);
  void AcceptNext();
  void AcceptLater();

  Acceptor acceptor_;
  boost::asio::steady_timer pause_;
  Address address_;
  std::optional<pager::remote::SocketListener> unix_socket_;  // removes its path
  std::function<void(StreamSocket)> handler_;
};

// The other end of a connection, in words.
std::string PeerName(const StreamSocket& socket);

}  // namespace vmm::net
