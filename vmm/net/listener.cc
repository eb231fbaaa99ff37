#include "vmm/net/listener.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <utility>

namespace vmm::net {

namespace {

using boost::asio::ip::tcp;

// How long to let be when the process has no descriptors left for another connection.
constexpr std::chrono::milliseconds kAcceptPause(100);

// Precondition: `endpoint` is one of IPv4 or IPv6.
tcp::endpoint AsTcp(const boost::asio::generic::stream_protocol::endpoint& endpoint) {
  tcp::endpoint converted;
  std::memcpy(converted.data(), endpoint.data(), std::min(endpoint.size(), converted.capacity()));
  return converted;
}

}  // namespace

Result<std::unique_ptr<Listener>> Listener::Open(boost::asio::io_context& context, const Address& address) {
  std::unique_ptr<Listener> listener(new Listener(context, address));
  if (const auto* tcp_address = std::get_if<TcpAddress>(&address)) {
    PAGODA_TRY(listener->OpenTcp(*tcp_address));
  } else {
    PAGODA_TRY(listener->OpenUnix(std::get<UnixAddress>(address)));
  }
  return listener;
}

Result<> Listener::OpenTcp(const TcpAddress& address) {
  boost::system::error_code error;
  const tcp::endpoint wanted(boost::asio::ip::make_address(address.host, error), address.port);
  tcp::endpoint found;
  const std::function<void()> steps[] = {
      [&] { acceptor_.open(wanted.protocol(), error); },
      // A run that follows another one gets the same port at once.
      [&] { acceptor_.set_option(boost::asio::socket_base::reuse_address(true), error); },
      [&] { acceptor_.bind(wanted, error); },
      [&] { acceptor_.listen(boost::asio::socket_base::max_listen_connections, error); },
      [&] { found = AsTcp(acceptor_.local_endpoint(error)); },
  };
  for (const auto& step : steps) {
    if (!error) {
      step();
    }
  }
  if (error) {
    return BadInput("cannot listen at tcp:{}: {}", ConnectText(address), error.message());
  }
  address_ = TcpAddress{.host = address.host, .port = found.port()};
  return {};
}

Result<> Listener::OpenUnix(const UnixAddress& address) {
  auto socket = pager::remote::SocketListener::Create(address.path, SOCK_STREAM);
  if (!socket.ok()) {
    return BadInput("cannot listen at unix:{}", socket.error().message);
  }
  unix_socket_.emplace(std::move(socket).value());
  // The acceptor closes a descriptor of its own; the other one belongs to the object that removes the path.
  dev::UniqueFd copy(::fcntl(unix_socket_->fd(), F_DUPFD_CLOEXEC, 0));
  boost::system::error_code error;
  if (!copy.valid()) {
    return HostFailure(errno, "cannot listen at unix:" + address.path);
  }
  acceptor_.assign({AF_UNIX, 0}, copy.get(), error);
  if (error) {
    return HostFailure(error.value(), "cannot listen at unix:" + address.path);
  }
  static_cast<void>(copy.Release());
  return {};
}

void Listener::AcceptAll(std::function<void(StreamSocket)> handler) {
  handler_ = std::move(handler);
  AcceptNext();
}

void Listener::AcceptNext() {
  acceptor_.async_accept([this](const boost::system::error_code& error, StreamSocket socket) {
    if (error == boost::asio::error::operation_aborted) {
      return;
    }
    if (error) {
      AcceptLater();
      return;
    }
    handler_(std::move(socket));
    AcceptNext();
  });
}

void Listener::AcceptLater() {
  pause_.expires_after(kAcceptPause);
  pause_.async_wait([this](const boost::system::error_code& error) {
    if (!error) {
      AcceptNext();
    }
  });
}

void Listener::Close() {
  boost::system::error_code ignored;
  acceptor_.close(ignored);
  pause_.cancel();
}

std::string PeerName(const StreamSocket& socket) {
  boost::system::error_code error;
  const auto remote = socket.remote_endpoint(error);
  if (error || (remote.protocol().family() != AF_INET && remote.protocol().family() != AF_INET6)) {
    return "a program on this host";
  }
  const tcp::endpoint peer = AsTcp(remote);
  return ConnectText(TcpAddress{.host = peer.address().to_string(), .port = peer.port()});
}

}  // namespace vmm::net
