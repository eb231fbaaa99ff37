// A pager process's end of the protocol, driven by hand: what an honest pager would do, and what none would.
//
// It lives in the test's process; the monitor's end does not know. Every wait is for the monitor to act.
#pragma once

#include <poll.h>
#include <zircon/errors.h>

#include <cstdlib>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "devices/core/poll.h"
#include "devices/pager/remote/messages.h"
#include "devices/pager/remote/region.h"
#include "devices/pager/remote/ring.h"
#include "devices/pager/remote/unix_socket.h"

namespace test {

namespace wire = pager::remote;

// One connection of a monitor.
class RawConnection {
 public:
  explicit RawConnection(dev::UniqueFd socket) : channel(std::move(socket)) {}

  // The next message that is no kick; aborts when the monitor has closed.
  wire::ToPager Receive() {
    while (true) {
      auto received = TryReceive();
      if (!received) {
        std::abort();  // a mistake of the test
      }
      if (!std::holds_alternative<wire::Kick>(*received)) {
        return *std::move(received);
      }
    }
  }
  template <typename T>
  T Expect() {
    wire::ToPager message = Receive();
    return std::get<T>(std::move(message));  // another kind ends the test
  }
  // True once the monitor has closed; what it sends until then is dropped.
  bool WaitForClose() {
    while (TryReceive()) {
    }
    return true;
  }

  void Send(const std::vector<std::byte>& bytes, int descriptor = -1) const { channel.Send(bytes, descriptor); }

  // The handshake, from kHello to kReady.
  void Welcome(uint64_t features = wire::kFeatureFileRange) {
    Expect<wire::Hello>();
    Send(wire::Encode(
        wire::MessageType::kWelcome,
        wire::WelcomeMessage{.header = {}, .version = wire::kVersion, .reserved = 0, .features = features}));
    auto setup = Expect<wire::Setup>();
    const wire::SetupMessage& wanted = setup.geometry;
    region = wire::Region::Adopt(
                 std::move(setup.region),
                 {.slot_count = wanted.slot_count, .slot_size = wanted.slot_size, .area_size = wanted.area_size},
                 wanted.region_size)
                 .value();
    requests.emplace(region->requests());
    answers.emplace(region->answers());
    if ((features & wire::kFeatureGuestMemory) != 0) {
      memory.emplace(Expect<wire::Memory>());
    }
    Send(wire::EncodePlain(wire::MessageType::kReady));
  }
  // Answers the next kOpen; returns the object's number.
  uint64_t Open(const pager::ObjectInfo& info) {
    const auto open = Expect<wire::Open>();
    Send(wire::EncodeOpened({.object = open.object, .status = ZX_OK, .existing = 0, .info = info}));
    return open.object;
  }

  // The next request in the ring; waits for it.
  struct TakenRequest {
    uint32_t slot;
    wire::RequestSlot record;
  };
  TakenRequest TakeRequest() {
    while (*requests->Available() == 0) {
      if (requests->PrepareToSleep()) {
        auto received = TryReceive();
        if (!received || !std::holds_alternative<wire::Kick>(*received)) {
          std::abort();
        }
      }
    }
    const auto slot = static_cast<uint32_t>(requests->Take());
    return {.slot = slot, .record = region->ReadRecord(slot)};
  }
  [[nodiscard]] static wire::AnswerEntry AnswerTo(const TakenRequest& request) {
    wire::AnswerEntry entry{};
    entry.id = request.record.id;
    entry.slot = request.slot;
    entry.status = ZX_OK;
    entry.kind = request.record.kind == wire::RequestKind::kRead ? wire::AnswerKind::kArena : wire::AnswerKind::kStatus;
    return entry;
  }
  void Publish(const wire::AnswerEntry& entry) {
    static_cast<void>(answers->Publish(entry));
    Send(wire::EncodePlain(wire::MessageType::kKick));
  }
  // As an honest pager: the bytes, then the answer.
  void AnswerWith(const TakenRequest& request, char byte) {
    const auto arena = region->ArenaOf(request.slot).first(request.record.length);
    std::memset(arena.data(), byte, arena.size());
    Publish(AnswerTo(request));
  }

  wire::Channel channel;
  std::shared_ptr<wire::Region> region;
  std::optional<wire::RingReader<uint64_t>> requests;
  std::optional<wire::RingWriter<wire::AnswerEntry>> answers;
  std::optional<wire::Memory> memory;  // when it was granted

 private:
  // Waits; nullopt when the monitor has closed.
  std::optional<wire::ToPager> TryReceive() {
    while (true) {
      auto received = channel.Receive();
      if (auto* packet = std::get_if<wire::Packet>(&received)) {
        return wire::ParseToPager(std::move(*packet)).value();
      }
      if (!std::holds_alternative<wire::NothingThere>(received)) {
        return std::nullopt;
      }
      pollfd readable{.fd = channel.fd(), .events = POLLIN, .revents = 0};
      dev::WaitUntilReady({&readable, 1});
    }
  }
};

class RawPager {
 public:
  explicit RawPager(const std::string& path) : listener_(wire::SocketListener::Create(path).value()) {}

  // The next monitor that connects; waits for it.
  std::unique_ptr<RawConnection> Accept() {
    while (true) {
      if (auto accepted = listener_.Accept(); accepted.ok()) {
        return std::make_unique<RawConnection>(std::move(accepted).value());
      }
      pollfd readable{.fd = listener_.fd(), .events = POLLIN, .revents = 0};
      dev::WaitUntilReady({&readable, 1});
    }
  }

 private:
  wire::SocketListener listener_;
};

}  // namespace test
