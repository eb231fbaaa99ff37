// Where a server of the monitor listens, as `--gdb` and `--metrics` have it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "vmm/base/error.h"

namespace vmm::net {

struct TcpAddress {
  std::string host;  // an address in numbers, of IPv4 or IPv6
  uint16_t port;     // 0: any that is free
};
struct UnixAddress {
  std::string path;
};
using Address = std::variant<TcpAddress, UnixAddress>;

// "tcp:PORT" and "tcp::PORT", which mean this host only; "tcp:HOST:PORT", where HOST is an address in numbers (IPv6 in
// brackets) or "localhost"; "unix:PATH". Names are not looked up. The error is one line with the shapes that there are.
Result<Address> ParseAddress(std::string_view text);

// What to tell the person who asked for this address; nothing when only this host can connect to it. `can`: what
// somebody who connects can do.
std::optional<std::string> WarningAbout(const Address& address, std::string_view can);

// As clients take it: "127.0.0.1:1234", "[::1]:1234", or the path.
std::string ConnectText(const Address& address);

}  // namespace vmm::net
