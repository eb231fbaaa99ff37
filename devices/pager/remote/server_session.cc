#include "devices/pager/remote/server_session.h"

#include <fcntl.h>
#include <zircon/errors.h>

#include <algorithm>
#include <utility>
#include <variant>
#include <vector>

#include "devices/pager/remote/guest_vmo.h"
#include "shared/base/range.h"

namespace pager::remote {

namespace {

// Bounds what one monitor can make this process hold.
constexpr size_t kMaxOpenObjects = 4096;
// Messages between two requests, so that one monitor that talks all the time does not silence the others.
constexpr int kMessagesPerStep = 64;

// Brings a page source's answer into the ring. The memory that a request is to fill stays mapped until then, and the
// connection does not end before.
class SlotAnswer final : public pager::Answer {
 public:
  // `granted`: where the pages of the request are; null when they are in the region.
  SlotAnswer(std::shared_ptr<MonitorPeer> peer, std::shared_ptr<Region> region,
             std::shared_ptr<const GrantedMemory> granted, uint32_t slot, const RequestSlot& request)
      : peer_(std::move(peer)),
        region_(std::move(region)),
        granted_(std::move(granted)),
        slot_(slot),
        request_(request) {}

  void OnAnswer(zx_status_t status) override {
    const bool data = status == ZX_OK && request_.kind == RequestKind::kRead;
    const AnswerKind with_data = granted_ ? AnswerKind::kInPlace : AnswerKind::kArena;
    peer_->Answer(slot_, request_.id, status, data ? with_data : AnswerKind::kStatus);
  }
  // With the guest's pages at hand there is no copy that the monitor could spare.
  bool OnFileRange(const FileRange& range) override {
    return !granted_ && peer_->AnswerWithFile(slot_, request_, range);
  }

 private:
  const std::shared_ptr<MonitorPeer> peer_;
  const std::shared_ptr<Region> region_;
  const std::shared_ptr<const GrantedMemory> granted_;
  const uint32_t slot_;
  const RequestSlot request_;
};

// Names that the protocol can carry.
void KeepSendable(std::vector<std::string>& names) {
  std::erase_if(names, [](const std::string& name) {
    return name.empty() || name.size() > kMaxPath || name.find('\0') != std::string::npos;
  });
}

}  // namespace

std::shared_ptr<ServerSession> ServerSession::Start(boost::asio::io_context& context, dev::UniqueFd socket,
                                                    std::unique_ptr<Pager> pager, EndHandler on_end) {
  std::shared_ptr<ServerSession> session(new ServerSession(context, std::move(pager), std::move(on_end)));
  const auto wake = [&context, weak = std::weak_ptr(session)] {
    boost::asio::post(context, [weak] {
      if (const auto woken = weak.lock()) {
        woken->StepSoon();
      }
    });
  };
  session->peer_ = std::make_shared<MonitorPeer>(std::move(socket), wake);
  boost::system::error_code error;
  session->readiness_.assign(session->peer_->channel().fd(), error);
  boost::asio::post(context, [session, error] { error ? session->Fail(error.message()) : session->Step(); });
  return session;
}

ServerSession::~ServerSession() { End(); }

void ServerSession::End() {
  if (phase_ == Phase::kEnded) {
    return;
  }
  phase_ = Phase::kEnded;
  if (readiness_.is_open()) {
    readiness_.release();  // cancels what is waited for; the descriptor is the peer's
  }
  // Where guest memory is granted the end of the connection says that nobody writes into it any more.
  granted_ ? peer_->Close(MonitorPeer::Hangup::kLater) : peer_->Close(MonitorPeer::Hangup::kNow);
  objects_.clear();  // a source that goes answers what it holds, to nobody
  pager_.reset();
  granted_.reset();
}

void ServerSession::Fail(const std::string& reason) {
  End();
  on_end_(reason);
}

void ServerSession::StepSoon() {
  if (!std::exchange(step_pending_, true)) {
    boost::asio::post(context_, [self = shared_from_this()] { self->Step(); });
  }
}

void ServerSession::StepWhen(Descriptor::wait_type ready) {
  readiness_.async_wait(ready, [self = shared_from_this()](const boost::system::error_code& error) {
    if (!error) {
      self->StepSoon();
    }
  });
}

void ServerSession::Step() {
  step_pending_ = false;
  if (phase_ == Phase::kEnded) {
    return;
  }
  boost::system::error_code ignored;
  readiness_.cancel(ignored);
  if (std::exchange(asleep_, false)) {
    requests_->WokeUp();
    const Clock::time_point now = Clock::now();
    adaptive_.OnSlept(now - last_work_, company_.Look());
    last_work_ = now;
  }
  // A monitor that does not read is not listened to, so it cannot make us keep ever more for it.
  if (!peer_->Flush()) {
    StepWhen(Descriptor::wait_write);
    return;
  }
  // What the requests that are there now refer to is in messages that are there by now.
  const std::optional<uint32_t> requests = phase_ == Phase::kRunning ? requests_->Available() : 0;
  if (!requests) {
    Fail("it claims to have sent more requests than fit");
    return;
  }
  const Read read = ReadMessages();
  if (read == Read::kMore) {
    StepSoon();
    return;
  }
  if (read == Read::kEnded || !TakeRequests(*requests)) {
    return;
  }
  if (const auto request = queue_.Pop()) {
    Serve(*request);
    last_work_ = Clock::now();
    StepSoon();
  } else {
    Sleep();
  }
}

void ServerSession::Sleep() {
  if (phase_ != Phase::kRunning) {
    StepWhen(Descriptor::wait_read);
    return;
  }
  if (Clock::now() - last_work_ < adaptive_.window()) {
    __builtin_ia32_pause();  // between two looks: leaves the core's other thread something
    StepSoon();
    return;
  }
  if (!requests_->PrepareToSleep()) {
    StepSoon();
    return;
  }
  asleep_ = true;
  StepWhen(Descriptor::wait_read);
}

ServerSession::Read ServerSession::ReadMessages() {
  for (int count = 0; count < kMessagesPerStep; ++count) {
    auto received = peer_->channel().Receive();
    if (std::holds_alternative<NothingThere>(received)) {
      return Read::kAll;
    }
    if (std::holds_alternative<ChannelClosed>(received)) {
      Fail("");
      return Read::kEnded;
    }
    if (const auto* broken = std::get_if<ChannelBroken>(&received)) {
      Fail(broken->reason);
      return Read::kEnded;
    }
    auto message = ParseToPager(std::get<Packet>(std::move(received)));
    const Outcome outcome = message.ok() ? std::visit([this](auto& each) { return On(each); }, message.value())
                                         : base::Failure{"it sent " + message.error()};
    if (!outcome.ok()) {
      Fail(outcome.error());
      return Read::kEnded;
    }
  }
  return Read::kMore;
}

ServerSession::Outcome ServerSession::On(const Kick& /*kick*/) { return {}; }

ServerSession::Outcome ServerSession::Refuse(const std::string& reason) {
  static_cast<void>(peer_->channel().Send(EncodeRefused(reason)));
  return base::Failure{reason};
}

ServerSession::Outcome ServerSession::On(const Hello& hello) {
  if (phase_ != Phase::kGreeting || hello.magic != kMagic) {
    return Refuse("this is a pager of Pagoda, and that was no greeting");
  }
  if (hello.version != kVersion) {
    return Refuse("the monitor speaks version " + std::to_string(hello.version) +
                  " of the protocol, the pager version " + std::to_string(kVersion));
  }
  features_ = hello.features & kFeatures;
  peer_->Send(Encode(MessageType::kWelcome,
                     WelcomeMessage{.header = {}, .version = kVersion, .reserved = 0, .features = features_}));
  phase_ = Phase::kSetup;
  return {};
}

ServerSession::Outcome ServerSession::On(Setup& setup) {
  if (phase_ != Phase::kSetup) {
    return base::Failure{std::string("it set up a region at the wrong time")};
  }
  const SetupMessage& wanted = setup.geometry;
  auto region =
      Region::Adopt(std::move(setup.region),
                    {.slot_count = wanted.slot_count, .slot_size = wanted.slot_size, .area_size = wanted.area_size},
                    wanted.region_size);
  if (!region.ok()) {
    return Refuse(region.error().message);
  }
  region_ = std::move(region).value();
  requests_.emplace(region_->requests());
  if ((features_ & kFeatureGuestMemory) != 0) {
    phase_ = Phase::kMemory;
  } else {
    StartServing();
  }
  return {};
}

ServerSession::Outcome ServerSession::On(Memory& memory) {
  if (phase_ != Phase::kMemory) {
    return base::Failure{std::string("it granted memory at the wrong time")};
  }
  dev::UniqueFd socket(::fcntl(peer_->channel().fd(), F_DUPFD_CLOEXEC, 0));
  if (!socket.valid()) {
    return Refuse("the pager process has no descriptors left");
  }
  auto granted =
      GrantedMemory::Adopt(std::move(memory.file), memory.file_size, std::move(memory.ranges), std::move(socket));
  if (!granted.ok()) {
    return Refuse(granted.error().message);
  }
  granted_ = std::move(granted).value();
  StartServing();
  return {};
}

void ServerSession::StartServing() {
  peer_->Start(region_, features_);
  peer_->Send(EncodePlain(MessageType::kReady));
  phase_ = Phase::kRunning;
}

ServerSession::Outcome ServerSession::On(const remote::Open& open) {
  if (phase_ != Phase::kRunning || objects_.contains(open.object)) {
    return base::Failure{std::string("it opened an object that it may not open")};
  }
  peer_->Send(EncodeOpened(OpenObject(open)));
  return {};
}

Opened ServerSession::OpenObject(const remote::Open& open) {
  const auto refused = [&](zx_status_t status) {
    return Opened{.object = open.object, .status = status, .existing = 0, .info = {}};
  };
  if (objects_.size() >= kMaxOpenObjects) {
    return refused(ZX_ERR_NO_RESOURCES);
  }
  const auto opened = pager_->Open(open.path);
  if (!opened.ok()) {
    return refused(opened.error());
  }
  const std::shared_ptr<PageSource>& source = opened.value();
  const ObjectInfo info = source->info();
  if (!CanBe(info)) {
    return refused(ZX_ERR_BAD_STATE);
  }
  const auto same =
      std::find_if(objects_.begin(), objects_.end(), [&](const auto& entry) { return entry.second.source == source; });
  const uint64_t existing = same == objects_.end() ? 0 : same->first;
  if (existing == 0) {
    const std::optional<uint64_t> fixed_size = info.resizable ? std::nullopt : std::optional(info.size);
    objects_.emplace(open.object, Object{.source = source, .fixed_size = fixed_size});
  }
  return {
      .object = open.object, .status = ZX_OK, .existing = existing, .info = info, .version = source->content_version()};
}

ServerSession::Outcome ServerSession::On(const remote::Attach& attach) {
  const auto found = objects_.find(attach.object);
  if (found == objects_.end()) {
    return base::Failure{std::string("it attached an object that is not open")};
  }
  found->second.source->Attach(std::make_shared<GuestVmo>(peer_, attach.object));
  return {};
}

ServerSession::Outcome ServerSession::On(const remote::Close& close) {
  for (const TakenRequest& request : queue_.TakeAll(close.object)) {
    peer_->Answer(request.slot, request.record.id, ZX_ERR_BAD_STATE, AnswerKind::kStatus);
  }
  peer_->ForgetFilesOf(close.object);
  if (objects_.erase(close.object) == 0) {
    return base::Failure{std::string("it closed an object that is not open")};
  }
  return {};
}

ServerSession::Outcome ServerSession::On(const List& list) {
  if (phase_ != Phase::kRunning) {
    return base::Failure{std::string("it asked for names at the wrong time")};
  }
  auto names = pager_->List(list.path);
  if (!names.ok()) {
    peer_->Send(EncodeListFailure(list.id, names.error()));
    return {};
  }
  KeepSendable(names.value());
  peer_->Send(EncodeListed(list.id, list.first, names.value()));
  return {};
}

ServerSession::Outcome ServerSession::On(const OperationResult& result) {
  if (!peer_->OnResult(result)) {
    return base::Failure{std::string("it sent the result of an operation that is not running, or cannot have it")};
  }
  return {};
}

bool ServerSession::TakeRequests(uint32_t count) {
  for (; count > 0; --count) {
    const uint64_t slot = requests_->Take();
    if (slot >= region_->geometry().slot_count || !peer_->Take(static_cast<uint32_t>(slot))) {
      Fail("it sent a request in a slot that it may not use");
      return false;
    }
    TakenRequest request{
        .slot = static_cast<uint32_t>(slot), .record = region_->ReadRecord(static_cast<uint32_t>(slot)), .pages = {}};
    const bool may_be = MayBe(request.slot, request.record);
    auto pages = may_be ? PagesOf(request.slot, request.record) : std::nullopt;
    if (!pages) {
      Fail("it sent a request that cannot be");
      return false;
    }
    request.pages = *std::move(pages);
    queue_.Push(request.record.object, std::move(request));
  }
  return true;
}

bool ServerSession::MayBe(uint32_t slot, const RequestSlot& record) const {
  if (record.id == 0 || record.state != SlotState::kUnanswered) {
    return false;
  }
  const bool aligned = base::IsPageAligned(record.offset | record.length);
  const bool a_range = aligned && record.length > 0 && base::RangeFits(record.offset, record.length, INT64_MAX);
  switch (record.kind) {
    case RequestKind::kRead:
      return a_range && record.length <= region_->geometry().slot_size &&
             record.arena_offset == region_->ArenaOffsetOf(slot) &&
             record.piece_count <= (granted_ ? record.length / base::kPageSize : 0);
    case RequestKind::kDirty:
      return a_range && record.piece_count == 0;
    case RequestKind::kComplete:
    case RequestKind::kSync:
      return record.offset == 0 && record.length == 0 && record.piece_count == 0;
  }
  return false;
}

std::optional<std::vector<iovec>> ServerSession::PagesOf(uint32_t slot, const RequestSlot& record) const {
  if (record.kind != RequestKind::kRead) {
    return std::vector<iovec>();
  }
  if (record.piece_count != 0) {
    return granted_->Find(region_->ReadPieces(slot, record.piece_count), record.length);
  }
  const auto arena = region_->ArenaOf(slot).first(record.length);
  return std::vector<iovec>{{.iov_base = arena.data(), .iov_len = arena.size()}};
}

void ServerSession::Serve(const TakenRequest& request) {
  const RequestSlot& record = request.record;
  const auto found = objects_.find(record.object);
  const bool inside =
      found != objects_.end() &&
      (!found->second.fixed_size || base::RangeFits(record.offset, record.length, *found->second.fixed_size));
  if (!inside) {
    const zx_status_t status = found == objects_.end() ? ZX_ERR_NOT_FOUND : ZX_ERR_OUT_OF_RANGE;
    peer_->Answer(request.slot, record.id, status, AnswerKind::kStatus);
    return;
  }
  // The source may go while it is asked, when it ends the session.
  const std::shared_ptr<PageSource> source = found->second.source;
  auto answer =
      std::make_unique<SlotAnswer>(peer_, region_, record.piece_count != 0 ? granted_ : nullptr, request.slot, record);
  switch (record.kind) {
    case RequestKind::kRead:
      source->Read({record.offset, request.pages, std::move(answer)});
      break;
    case RequestKind::kDirty:
      source->Dirty({record.offset, record.length, std::move(answer)});
      break;
    case RequestKind::kComplete:
      source->Complete(CompleteRequest(std::move(answer)));
      break;
    case RequestKind::kSync:
      source->Sync(SyncRequest(std::move(answer)));
      break;
  }
}

}  // namespace pager::remote
