// What servers of the monitor use of Boost.Asio beside what all of it does.
#pragma once

#include "vmm/base/asio.h"

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/ip/tcp.hpp>

namespace vmm::net {

// TCP or Unix: after the accept they are the same.
using StreamSocket = boost::asio::generic::stream_protocol::socket;

}  // namespace vmm::net
