// Whatever a monitor does: the pager process disconnects it with one line and goes on serving the others.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/mman.h>
#include <zircon/errors.h>

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <variant>
#include <vector>

#include "devices/core/poll.h"
#include "devices/pager/remote/client_session.h"
#include "devices/pager/remote/messages.h"
#include "devices/pager/remote/server.h"
#include "devices/pager/remote/unix_socket.h"
#include "tests/devices/support/manual_pager.h"
#include "tests/devices/support/recording_reports.h"
#include "tests/devices/support/shared_ram.h"
#include "tests/devices/support/temporary_directory.h"

namespace {

namespace remote = pager::remote;

using base::kPageSize;
using remote::MessageType;
using remote::RequestSlot;

constexpr remote::Geometry kGeometry = {.slot_count = 8, .slot_size = 4 * kPageSize, .area_size = kPageSize};

// The monitor's end, by hand.
class RawMonitor {
 public:
  explicit RawMonitor(const std::string& path) : channel(remote::ConnectTo(path).value()) {}

  void Send(const std::vector<std::byte>& bytes, int descriptor = -1) const { channel.Send(bytes, descriptor); }

  // The next message that is no kick; nullopt when the pager has closed.
  std::optional<remote::ToMonitor> Receive() const {
    while (true) {
      auto received = channel.Receive();
      if (auto* packet = std::get_if<remote::Packet>(&received)) {
        auto message = remote::ParseToMonitor(std::move(*packet)).value();
        if (!std::holds_alternative<remote::Kick>(message)) {
          return message;
        }
      } else if (!std::holds_alternative<remote::NothingThere>(received)) {
        return std::nullopt;
      }
      pollfd readable{.fd = channel.fd(), .events = POLLIN, .revents = 0};
      dev::WaitUntilReady({&readable, 1});
    }
  }
  template <typename T>
  T Expect() const {
    return std::get<T>(Receive().value());
  }
  bool WaitForClose() const {
    while (Receive()) {
    }
    return true;
  }

  void SayHello(uint32_t version = remote::kVersion, uint32_t magic = remote::kMagic,
                uint64_t features = remote::kFeatureFileRange) const {
    Send(remote::Encode(MessageType::kHello,
                        remote::HelloMessage{.header = {}, .magic = magic, .version = version, .features = features}));
  }
  static std::vector<std::byte> SetupFor(const remote::Geometry& geometry, uint64_t size) {
    return remote::Encode(MessageType::kSetup, remote::SetupMessage{.header = {},
                                                                    .region_size = size,
                                                                    .slot_count = geometry.slot_count,
                                                                    .slot_size = geometry.slot_size,
                                                                    .area_size = geometry.area_size});
  }
  void SetUp() {
    region = remote::Region::Create(kGeometry).value();
    requests.emplace(region->requests());
    answers.emplace(region->answers());
    Send(SetupFor(kGeometry, region->size()), region->fd());
  }
  void Open(uint64_t object) const {
    Send(remote::Encode(MessageType::kOpen, remote::ObjectMessage{.header = {}, .object = object}));
  }
  // Up to an open object 1.
  void Start() {
    SayHello();
    Expect<remote::Welcome>();
    SetUp();
    Expect<remote::Ready>();
    Open(1);
    EXPECT_EQ(Expect<remote::Opened>().status, ZX_OK);
  }

  [[nodiscard]] RequestSlot ReadOf(uint32_t slot) const {
    RequestSlot record{};
    record.id = 100 + slot;
    record.object = 1;
    record.kind = remote::RequestKind::kRead;
    record.state = remote::SlotState::kUnanswered;
    record.length = kPageSize;
    record.arena_offset = region->ArenaOffsetOf(slot);
    return record;
  }
  void Publish(uint64_t slot, const RequestSlot& record) {
    if (slot < kGeometry.slot_count) {
      region->SetRecord(static_cast<uint32_t>(slot), record);
    }
    static_cast<void>(requests->Publish(slot));
    Send(remote::EncodePlain(MessageType::kKick));
  }
  remote::AnswerEntry AwaitAnswer() {
    while (*answers->Available() == 0) {
      if (answers->PrepareToSleep()) {
        pollfd readable{.fd = channel.fd(), .events = POLLIN, .revents = 0};
        dev::WaitUntilReady({&readable, 1});
        static_cast<void>(channel.Receive());
      }
    }
    return answers->Take();
  }

  remote::Channel channel;
  std::shared_ptr<remote::Region> region;
  std::optional<remote::RingWriter<uint64_t>> requests;
  std::optional<remote::RingReader<remote::AnswerEntry>> answers;
};

class ZeroSource final : public pager::PageSource {
 public:
  [[nodiscard]] pager::ObjectInfo info() const override {
    return {.size = 16 * kPageSize, .content_size = 16 * kPageSize};
  }
  void Read(pager::ReadRequest request) override {
    test::FillByPageNumber(request);
    request.Complete(ZX_OK);
  }
};

class RemoteServerTest : public testing::Test {
 protected:
  RemoteServerTest()
      : server_(remote::Server::Create(
                    [] {
                      return base::Result<std::unique_ptr<pager::Pager>, dev::Error>(
                          std::make_unique<test::ManualPager>([] { return std::make_shared<ZeroSource>(); }));
                    },
                    path_, reports_.handler())
                    .value()),
        thread_([this] { server_->Run(); }) {}
  ~RemoteServerTest() override {
    server_->Stop();
    thread_.join();
  }
  // That the server lives, and serves others.
  void ExpectService() {
    RawMonitor other(path_);
    other.Start();
    other.Publish(0, other.ReadOf(0));
    const remote::AnswerEntry answer = other.AwaitAnswer();
    EXPECT_EQ(answer.status, ZX_OK);
    EXPECT_EQ(answer.id, 100u);
  }

  test::TemporaryDirectory directory_;
  std::string path_ = directory_.Path("socket");
  test::RecordingReports reports_;
  std::unique_ptr<remote::Server> server_;
  std::thread thread_;
};

struct Misdeed {
  const char* name;
  bool started;  // it begins with an open object
  std::function<void(RawMonitor&)> act;
};

std::ostream& operator<<(std::ostream& out, const Misdeed& misdeed) { return out << misdeed.name; }

Misdeed BadRequest(const char* name, std::function<void(RequestSlot&)> change) {
  return {name, true, [change](RawMonitor& monitor) {
            RequestSlot record = monitor.ReadOf(2);
            change(record);
            monitor.Publish(2, record);
          }};
}

Misdeed BadMessage(const char* name, std::vector<std::byte> bytes) {
  return {name, true, [bytes](RawMonitor& monitor) { monitor.Send(bytes); }};
}

Misdeed BadRegion(const char* name, int seals, uint64_t grow, remote::Geometry geometry) {
  return {name, false, [=](RawMonitor& monitor) {
            monitor.SayHello();
            monitor.Expect<remote::Welcome>();
            const uint64_t size = remote::Region::Create(kGeometry).value()->size();
            const dev::UniqueFd file(::memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING));
            ASSERT_EQ(::ftruncate(file.get(), static_cast<off_t>(size + grow)), 0);
            ASSERT_EQ(::fcntl(file.get(), F_ADD_SEALS, seals), 0);
            monitor.Send(RawMonitor::SetupFor(geometry, size), file.get());
          }};
}

// The greeting and the region, with guest memory agreed on.
void AgreeOnMemory(RawMonitor& monitor) {
  monitor.SayHello(remote::kVersion, remote::kMagic, remote::kFeatures);
  monitor.Expect<remote::Welcome>();
  monitor.SetUp();
}

Misdeed BadMemory(const char* name, int seals, uint64_t size, std::vector<remote::MemoryRangeEntry> ranges) {
  return {name, false, [=](RawMonitor& monitor) {
            const test::SharedRam ram(seals);
            AgreeOnMemory(monitor);
            monitor.Send(remote::EncodeMemory(size, ranges), ram.fd());
          }};
}

// A READ of two pages that names these pieces of guest memory.
Misdeed BadPieces(const char* name, std::vector<remote::PieceEntry> pieces) {
  return {name, false, [=](RawMonitor& monitor) {
            const test::SharedRam ram;
            AgreeOnMemory(monitor);
            monitor.Send(remote::EncodeMemory(ram.grant()->file_size(), ram.grant()->ranges()), ram.fd());
            monitor.Expect<remote::Ready>();
            monitor.Open(1);
            monitor.Expect<remote::Opened>();
            RequestSlot record = monitor.ReadOf(2);
            record.length = 2 * kPageSize;
            record.piece_count = static_cast<uint32_t>(pieces.size());
            monitor.region->SetPieces(2, pieces);
            monitor.Publish(2, record);
          }};
}

std::vector<Misdeed> Misdeeds() {
  constexpr uint64_t kRam = test::SharedRam::kSize;
  constexpr uint64_t kLowEnd = test::SharedRam::kLowPages * kPageSize;
  constexpr remote::MemoryRangeEntry kWhole = {.address = 0, .length = kRam, .file_offset = 0};
  constexpr int kSealed = F_SEAL_SHRINK | F_SEAL_GROW;
  const std::vector<std::byte> unknown_result =
      remote::EncodeResult({.id = 99, .status = ZX_OK, .values = {}, .ranges = {}});
  return {
      {"WrongMagic", false, [](RawMonitor& monitor) { monitor.SayHello(remote::kVersion, 7); }},
      {"SetupBeforeHello", false, [](RawMonitor& monitor) { monitor.SetUp(); }},
      {"OpenBeforeHello", false, [](RawMonitor& monitor) { monitor.Open(1); }},
      BadRegion("RegionThatCanShrink", F_SEAL_GROW, 0, kGeometry),
      BadRegion("RegionThatCanGrow", F_SEAL_SHRINK, 0, kGeometry),
      BadRegion("RegionOfAnotherSize", kSealed, kPageSize, kGeometry),
      BadRegion("RegionWithoutSlots", kSealed, 0, {.slot_count = 0, .slot_size = kPageSize, .area_size = 0}),
      BadRegion("RegionWithTooManySlots", kSealed, 0, {.slot_count = 1U << 31, .slot_size = kPageSize, .area_size = 0}),
      BadRequest("UnalignedOffset", [](RequestSlot& record) { record.offset = 1; }),
      BadRequest("UnalignedLength", [](RequestSlot& record) { record.length = 5; }),
      BadRequest("NoLength", [](RequestSlot& record) { record.length = 0; }),
      BadRequest("LongerThanASlot", [](RequestSlot& record) { record.length = 5 * kPageSize; }),
      BadRequest("RangeThatWraps", [](RequestSlot& record) { record.offset = UINT64_MAX - kPageSize + 1; }),
      BadRequest("ArenaOfAnotherSlot", [](RequestSlot& record) { record.arena_offset -= 4 * kPageSize; }),
      BadRequest("UnknownKind", [](RequestSlot& record) { record.kind = remote::RequestKind{9}; }),
      BadRequest("FreeSlot", [](RequestSlot& record) { record.state = remote::SlotState::kFree; }),
      BadRequest("SyncWithARange", [](RequestSlot& record) { record.kind = remote::RequestKind::kSync; }),
      BadRequest("CompleteWithARange", [](RequestSlot& record) { record.kind = remote::RequestKind::kComplete; }),
      {"SlotOutOfRange", true, [](RawMonitor& monitor) { monitor.Publish(8, {}); }},
      {"MoreRequestsThanFit", true,
       [](RawMonitor& monitor) {
         std::atomic_ref(*monitor.region->requests().produced).store(9);
         monitor.Send(remote::EncodePlain(MessageType::kKick));
       }},
      BadMemory("MemoryThatCanShrink", F_SEAL_GROW, kRam, {kWhole}),
      BadMemory("MemoryThatCanGrow", F_SEAL_SHRINK, kRam, {kWhole}),
      BadMemory("MemoryOfAnotherSize", kSealed, kRam + kPageSize, {kWhole}),
      BadMemory("MemoryWithoutRanges", kSealed, kRam, {}),
      BadMemory("MemoryWithTooManyRanges", kSealed, kRam, std::vector(remote::kMaxMemoryRanges + 1, kWhole)),
      BadMemory("MemoryRangeBeyondTheFile", kSealed, kRam, {{0, kRam, kPageSize}}),
      BadMemory("MemoryRangeThatWraps", kSealed, kRam, {{UINT64_MAX - kPageSize + 1, kPageSize, 0}}),
      BadMemory("MemoryRangeOfNothing", kSealed, kRam, {{0, 0, 0}}),
      BadMemory("MemoryRangeUnaligned", kSealed, kRam, {{1, kPageSize, 0}}),
      BadMemory("MemoryRangesThatOverlap", kSealed, kRam, {{0, 2 * kPageSize, 0}, {kPageSize, kPageSize, 0}}),
      {"MemoryThatWasNotAgreedOn", true,
       [](RawMonitor& monitor) {
         const test::SharedRam ram;
         monitor.Send(remote::EncodeMemory(ram.grant()->file_size(), ram.grant()->ranges()), ram.fd());
       }},
      {"OpenBeforeMemory", false,
       [](RawMonitor& monitor) {
         AgreeOnMemory(monitor);
         monitor.Open(1);
       }},
      BadRequest("PiecesWithoutMemory", [](RequestSlot& record) { record.piece_count = 1; }),
      BadPieces("PieceInTheHole", {{kLowEnd - kPageSize, 2 * kPageSize}}),
      BadPieces("PieceBehindRam", {{test::SharedRam::kHighBase + kRam, 2 * kPageSize}}),
      BadPieces("PieceUnaligned", {{8, 2 * kPageSize}}),
      BadPieces("PieceOfHalfAPage", {{0, kPageSize + kPageSize / 2}, {0, kPageSize / 2}}),
      BadPieces("PieceThatWraps", {{kPageSize, UINT64_MAX - kPageSize + 1}, {0, kPageSize}}),
      BadPieces("PiecesTooShort", {{0, kPageSize}}),
      BadPieces("PiecesTooLong", {{0, 2 * kPageSize}, {0, kPageSize}}),
      BadPieces("MorePiecesThanPages", {{0, kPageSize}, {0, kPageSize}, {0, kPageSize}}),
      BadMessage("HelloTwice", remote::Encode(MessageType::kHello, remote::HelloMessage{})),
      BadMessage("MessageOfThePager", remote::EncodePlain(MessageType::kReady)),
      BadMessage("PathTooLong", remote::Encode(MessageType::kOpen, remote::ObjectMessage{.header = {}, .object = 2},
                                               std::vector<std::byte>(remote::kMaxPath + 1))),
      BadMessage("ObjectZero", remote::EncodeObject(MessageType::kAttach, 0)),
      BadMessage("OpenTwice", remote::EncodeObject(MessageType::kOpen, 1)),
      BadMessage("AttachUnknown", remote::EncodeObject(MessageType::kAttach, 5)),
      BadMessage("CloseUnknown", remote::EncodeObject(MessageType::kClose, 5)),
      BadMessage("ResultOfNothing", unknown_result),
      BadMessage("ResultWithHalfARange",
                 remote::Encode(MessageType::kResult, remote::ResultMessage{}, std::vector<std::byte>(5))),
  };
}

class HostileMonitor : public RemoteServerTest, public testing::WithParamInterface<Misdeed> {};

TEST_P(HostileMonitor, IsDisconnectedAndTheOthersAreServed) {
  RawMonitor monitor(path_);
  if (GetParam().started) {
    monitor.Start();
  }
  GetParam().act(monitor);
  EXPECT_TRUE(monitor.WaitForClose());
  reports_.WaitFor("a monitor was disconnected: ");
  ExpectService();
  EXPECT_EQ(reports_.lines().size(), 1u);
}

INSTANTIATE_TEST_SUITE_P(Misdeeds, HostileMonitor, testing::ValuesIn(Misdeeds()),
                         [](const auto& misdeed) { return std::string(misdeed.param.name); });

TEST_F(RemoteServerTest, DisconnectAtAnyStepIsNothingToReport) {
  for (int steps = 0; steps < 4; ++steps) {
    RawMonitor monitor(path_);
    if (steps > 0) {
      monitor.SayHello();
    }
    if (steps > 1) {
      monitor.SetUp();
    }
    if (steps > 2) {
      monitor.Open(1);
      monitor.Publish(0, monitor.ReadOf(0));
    }
  }
  ExpectService();
  EXPECT_TRUE(reports_.lines().empty());
}

TEST_F(RemoteServerTest, OtherVersionIsRefusedInWords) {
  RawMonitor monitor(path_);
  monitor.SayHello(7);
  const auto refused = monitor.Expect<remote::Refused>();
  EXPECT_EQ(refused.version, remote::kVersion);
  EXPECT_NE(refused.reason.find("version 7"), std::string::npos) << refused.reason;
  EXPECT_TRUE(monitor.WaitForClose());
}

TEST_F(RemoteServerTest, FeaturesAreMasked) {
  const RawMonitor monitor(path_);
  monitor.SayHello(remote::kVersion, remote::kMagic, ~uint64_t{0});
  EXPECT_EQ(monitor.Expect<remote::Welcome>().features, remote::kFeatures);
}

TEST_F(RemoteServerTest, RequestOutsideTheObjectOrOfNoObjectIsAnsweredWithAnError) {
  RawMonitor monitor(path_);
  monitor.Start();
  RequestSlot outside = monitor.ReadOf(0);
  outside.offset = 16 * kPageSize;
  monitor.Publish(0, outside);
  EXPECT_EQ(monitor.AwaitAnswer().status, ZX_ERR_OUT_OF_RANGE);
  RequestSlot unknown = monitor.ReadOf(1);
  unknown.object = 5;
  monitor.Publish(1, unknown);
  EXPECT_EQ(monitor.AwaitAnswer().status, ZX_ERR_NOT_FOUND);
  EXPECT_TRUE(reports_.lines().empty());
}

TEST_F(RemoteServerTest, SlotThatIsHeldMayNotBeUsedAgain) {
  RawMonitor monitor(path_);
  monitor.Start();
  monitor.Publish(0, monitor.ReadOf(0));
  monitor.AwaitAnswer();
  monitor.Publish(0, monitor.ReadOf(0));
  EXPECT_EQ(monitor.AwaitAnswer().status, ZX_OK) << "free again after its answer";
  EXPECT_TRUE(reports_.lines().empty());
}

}  // namespace
