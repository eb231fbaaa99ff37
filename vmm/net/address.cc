#include "vmm/net/address.h"

#include <arpa/inet.h>

#include <charconv>
#include <system_error>

namespace vmm::net {

namespace {

constexpr std::string_view kLoopback = "127.0.0.1";

bool SkipPrefix(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) {
    return false;
  }
  text.remove_prefix(prefix.size());
  return true;
}

std::optional<uint16_t> ParsePort(std::string_view text) {
  uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  const bool whole = error == std::errc{} && end == text.data() + text.size();
  return whole ? std::optional(port) : std::nullopt;
}

bool IsIpv4(const std::string& host) {
  in_addr address;
  return ::inet_pton(AF_INET, host.c_str(), &address) == 1;
}

bool IsIpv6(const std::string& host) {
  in6_addr address;
  return ::inet_pton(AF_INET6, host.c_str(), &address) == 1;
}

// The host of "HOST:PORT", in numbers.
std::optional<std::string> ParseHost(std::string_view text) {
  if (text.empty() || text == "localhost") {
    return std::string(kLoopback);
  }
  if (text.size() > 2 && text.front() == '[' && text.back() == ']') {
    std::string host(text.substr(1, text.size() - 2));
    return IsIpv6(host) ? std::optional(std::move(host)) : std::nullopt;
  }
  std::string host(text);
  return IsIpv4(host) ? std::optional(std::move(host)) : std::nullopt;
}

Result<Address> ParseTcp(std::string_view rest) {
  const size_t colon = rest.rfind(':');
  const std::string_view host_text = colon == std::string_view::npos ? std::string_view() : rest.substr(0, colon);
  const std::string_view port_text = colon == std::string_view::npos ? rest : rest.substr(colon + 1);
  const auto port = ParsePort(port_text);
  if (!port) {
    return BadInput("'tcp:{}': '{}' is not a port; write for example tcp:1234", rest, port_text);
  }
  const auto host = ParseHost(host_text);
  if (!host) {
    return BadInput(
        "'tcp:{}': '{}' is not an address in numbers; write for example tcp:1234, tcp:192.0.2.1:1234 or tcp:[::1]:1234",
        rest, host_text);
  }
  return Address(TcpAddress{.host = *host, .port = *port});
}

bool IsLoopback(const TcpAddress& address) { return address.host.starts_with("127.") || address.host == "::1"; }

}  // namespace

Result<Address> ParseAddress(std::string_view text) {
  std::string_view rest = text;
  if (SkipPrefix(rest, "tcp:")) {
    return ParseTcp(rest);
  }
  if (SkipPrefix(rest, "unix:")) {
    if (rest.empty()) {
      return BadInput("'unix:' names no socket; write for example unix:/tmp/guest.gdb");
    }
    return Address(UnixAddress{.path = std::string(rest)});
  }
  return BadInput("'{}' is no place to listen at; write for example tcp:1234 or unix:/tmp/guest.gdb", text);
}

std::optional<std::string> WarningAbout(const Address& address, std::string_view can) {
  const auto* tcp = std::get_if<TcpAddress>(&address);
  if (tcp == nullptr || IsLoopback(*tcp)) {
    return std::nullopt;
  }
  return "whoever can reach " + ConnectText(address) + " over the network can " + std::string(can) +
         ": the protocol knows no password and no encryption";
}

std::string ConnectText(const Address& address) {
  if (const auto* tcp = std::get_if<TcpAddress>(&address)) {
    const bool brackets = tcp->host.find(':') != std::string::npos;
    return (brackets ? "[" + tcp->host + "]" : tcp->host) + ":" + std::to_string(tcp->port);
  }
  return std::get<UnixAddress>(address).path;
}

}  // namespace vmm::net
