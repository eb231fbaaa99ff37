// One connection of a monitor to a pager process, from the handshake's end to the first error.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "devices/core/event_fd.h"
#include "devices/pager/remote/channel.h"
#include "devices/pager/remote/memory_grant.h"
#include "devices/pager/remote/region.h"
#include "devices/pager/remote/ring.h"
#include "shared/base/result.h"

namespace pager::remote {

// The arena: as many requests under way as a busy guest has threads, each as long as the port device reads ahead.
inline constexpr uint32_t kSlotCount = 64;
inline constexpr uint32_t kSlotSize = 128U << 10;
inline constexpr uint64_t kAreaSize = 2U << 20;

struct ConnectFailure {
  enum class Kind {
    kNobodyThere,  // may change any moment
    kNoAgreement,
  };
  Kind kind = Kind::kNoAgreement;
  std::string reason;  // without the path
};

struct ClientSession {
  struct OpenFile {
    uint64_t object;
    dev::UniqueFd descriptor;
  };

  ClientSession(Channel channel_, std::shared_ptr<Region> region_, uint64_t features_)
      : channel(std::move(channel_)),
        region(std::move(region_)),
        features(features_),
        requests(region->requests()),
        answers(region->answers()) {}

  // Connects, negotiates, hands over a new region, and guest memory if there is a `grant` and the pager knows what to
  // do with it. Takes at most a few seconds; less when `stop` becomes readable.
  static base::Result<std::shared_ptr<ClientSession>, ConnectFailure> Connect(const std::string& path,
                                                                              const dev::EventFd& stop,
                                                                              const MemoryGrant* grant);

  // Whether the pager has guest memory, and so may write into pages that it was asked to fill until it has left.
  [[nodiscard]] bool has_guest_memory() const { return (features & kFeatureGuestMemory) != 0; }

  // Sends, or keeps for Flush. False: kept.
  bool Send(std::vector<std::byte> message);
  // False when something is left.
  bool Flush();

  Channel channel;
  std::shared_ptr<Region> region;
  uint64_t features;
  RingWriter<uint64_t> requests;
  RingReader<AnswerEntry> answers;
  std::deque<std::vector<std::byte>> unsent;
  std::unordered_map<uint32_t, OpenFile> files;  // that the pager introduced
  std::unordered_set<uint64_t> operations;       // that it waits for
};

}  // namespace pager::remote
