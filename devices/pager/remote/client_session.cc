#include "devices/pager/remote/client_session.h"

#include <poll.h>

#include <array>
#include <chrono>
#include <utility>
#include <variant>

#include "devices/core/poll.h"
#include "devices/pager/remote/messages.h"
#include "devices/pager/remote/unix_socket.h"

namespace pager::remote {

namespace {

using Clock = std::chrono::steady_clock;

// For each answer of the handshake: a pager that serves others answers within one request of each.
constexpr std::chrono::seconds kHandshakePatience(2);

base::Failure<ConnectFailure> Failed(std::string reason) {
  return base::Failure{ConnectFailure{.kind = ConnectFailure::Kind::kNoAgreement, .reason = std::move(reason)}};
}

// The pager's next message, waiting for it.
base::Result<ToMonitor, ConnectFailure> Await(const Channel& channel, const dev::EventFd& stop) {
  const Clock::time_point deadline = Clock::now() + kHandshakePatience;
  while (true) {
    auto received = channel.Receive();
    if (auto* packet = std::get_if<Packet>(&received)) {
      auto message = ParseToMonitor(std::move(*packet));
      if (!message.ok()) {
        return Failed("it sent " + message.error());
      }
      if (const auto* refused = std::get_if<Refused>(&message.value())) {
        return Failed("the pager refused: " + refused->reason);
      }
      return std::move(message).value();
    }
    if (std::holds_alternative<ChannelClosed>(received)) {
      return Failed("the pager closed the connection");
    }
    if (const auto* broken = std::get_if<ChannelBroken>(&received)) {
      return Failed(broken->reason);
    }
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
    std::array<pollfd, 2> descriptors = {pollfd{.fd = channel.fd(), .events = POLLIN, .revents = 0},
                                         pollfd{.fd = stop.fd(), .events = POLLIN, .revents = 0}};
    dev::WaitUntilReady(descriptors, left);
    if (left.count() <= 0 || descriptors[1].revents != 0) {
      return Failed("the pager does not answer");
    }
  }
}

bool SendNow(const Channel& channel, const std::vector<std::byte>& message, int descriptor = -1) {
  return channel.Send(message, descriptor) == Channel::Sent::kYes;
}

// The features that both have, of those that are `offered`.
base::Result<uint64_t, ConnectFailure> Greet(const Channel& channel, const dev::EventFd& stop, uint64_t offered) {
  const HelloMessage hello{.header = {}, .magic = kMagic, .version = kVersion, .features = offered};
  if (!SendNow(channel, Encode(MessageType::kHello, hello))) {
    return Failed("the pager closed the connection");
  }
  PAGODA_TRY_ASSIGN(const ToMonitor answer, Await(channel, stop));
  const auto* welcome = std::get_if<Welcome>(&answer);
  if (welcome == nullptr) {
    return Failed("it is no pager of Pagoda");
  }
  if (welcome->version != kVersion) {
    return Failed("the pager speaks version " + std::to_string(welcome->version) +
                  " of the protocol, this monitor version " + std::to_string(kVersion));
  }
  if ((welcome->features & ~offered) != 0) {
    return Failed("the pager wants features that it was not offered");
  }
  return welcome->features;
}

}  // namespace

base::Result<std::shared_ptr<ClientSession>, ConnectFailure> ClientSession::Connect(const std::string& path,
                                                                                    const dev::EventFd& stop,
                                                                                    const MemoryGrant* grant) {
  auto socket = ConnectTo(path);
  if (!socket.ok()) {
    return base::Failure{
        ConnectFailure{.kind = ConnectFailure::Kind::kNobodyThere, .reason = std::move(socket.error().message)}};
  }
  Channel channel(std::move(socket).value());
  const uint64_t offered = grant == nullptr ? kFeatures & ~kFeatureGuestMemory : kFeatures;
  PAGODA_TRY_ASSIGN(const uint64_t features, Greet(channel, stop, offered));
  const Geometry geometry{.slot_count = kSlotCount, .slot_size = kSlotSize, .area_size = kAreaSize};
  auto created = Region::Create(geometry);
  if (!created.ok()) {
    return Failed(std::move(created.error().message));
  }
  const std::shared_ptr<Region> region = std::move(created).value();
  const SetupMessage setup{.header = {},
                           .region_size = region->size(),
                           .slot_count = geometry.slot_count,
                           .slot_size = geometry.slot_size,
                           .area_size = geometry.area_size};
  if (!SendNow(channel, Encode(MessageType::kSetup, setup), region->fd())) {
    return Failed("the pager closed the connection");
  }
  if ((features & kFeatureGuestMemory) != 0 &&
      !SendNow(channel, EncodeMemory(grant->file_size(), grant->ranges()), grant->fd())) {
    return Failed("the pager closed the connection");
  }
  PAGODA_TRY_ASSIGN(const ToMonitor answer, Await(channel, stop));
  if (!std::holds_alternative<Ready>(answer)) {
    return Failed("the pager sent something else than that it is ready");
  }
  return std::make_shared<ClientSession>(std::move(channel), region, features);
}

bool ClientSession::Send(std::vector<std::byte> message) {
  // A connection that is gone is seen by whoever reads from it.
  if (unsent.empty() && channel.Send(message) != Channel::Sent::kFull) {
    return true;
  }
  unsent.push_back(std::move(message));
  return false;
}

bool ClientSession::Flush() {
  while (!unsent.empty() && channel.Send(unsent.front()) != Channel::Sent::kFull) {
    unsent.pop_front();
  }
  return unsent.empty();
}

}  // namespace pager::remote
