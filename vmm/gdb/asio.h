// What the debugger's server uses of Boost.Asio beside what all servers do.
#pragma once

#include "vmm/net/asio.h"

#include <boost/asio/write.hpp>

namespace vmm::gdb {

using net::StreamSocket;

}  // namespace vmm::gdb
