// The connections of a Link: how one is made, what its end means for what was asked, and when hope is given up.
#include <zircon/errors.h>

#include <algorithm>
#include <array>
#include <utility>

#include "devices/core/poll.h"
#include "devices/core/printable.h"
#include "devices/pager/remote/link.h"

namespace pager::remote {

namespace {

using std::chrono::milliseconds;

// Between two attempts to connect: while requests wait, and once nobody waits any more.
constexpr milliseconds kEager(5);
constexpr milliseconds kPatient(200);
// How long a pager that is started together with the monitor may take until it listens.
constexpr milliseconds kFirstPatience(1000);
// Lines about the connection: a pager that comes and goes must not fill the log.
constexpr milliseconds kBetweenLines(1000);

void SleepUntilStopped(const dev::EventFd& stop, milliseconds time) {
  std::array<pollfd, 1> descriptors = {pollfd{.fd = stop.fd(), .events = POLLIN, .revents = 0}};
  dev::WaitUntilReady(descriptors, time);
}

std::string Requests(size_t count) { return std::to_string(count) + (count == 1 ? " request" : " requests"); }

std::string Seconds(milliseconds time) {
  return time.count() % 1000 == 0 ? std::to_string(time.count() / 1000) + " s" : std::to_string(time.count()) + " ms";
}

}  // namespace

base::Result<std::shared_ptr<Link>, dev::Error> Link::Create(LinkOptions options) {
  PAGODA_TRY_ASSIGN(dev::EventFd wake, dev::EventFd::Create());
  PAGODA_TRY_ASSIGN(dev::EventFd stop, dev::EventFd::Create());
  std::shared_ptr<Link> link(new Link(std::move(options), std::move(wake), std::move(stop)));
  const Clock::time_point deadline = Clock::now() + kFirstPatience;
  while (true) {
    auto session = ClientSession::Connect(link->options_.path, link->stop_, link->options_.grant.get());
    if (session.ok()) {
      link->Install(std::move(session).value());
      return link;
    }
    if (session.error().kind != ConnectFailure::Kind::kNobodyThere || Clock::now() >= deadline) {
      return base::Failure{dev::Error{std::move(session.error().reason)}};
    }
    SleepUntilStopped(link->stop_, kEager);
  }
}

// Everything that is open is opened anew; what has been asked of it follows when the pager has said that it has it.
void Link::Install(std::shared_ptr<ClientSession> session) {
  if (options_.grant && !session->has_guest_memory()) {
    Say("the pager does not take guest memory; bytes go through the arena");
  }
  const std::lock_guard lock(mutex_);
  session_ = std::move(session);
  given_up_ = false;
  ++counters_.connections;
  for (auto& [id, object] : objects_) {
    object.phase = Object::Phase::kOpening;
    SendLocked(Encode(MessageType::kOpen, ObjectMessage{.header = {}, .object = id}, BytesOf(object.path)));
  }
  for (const auto& [id, call] : calls_) {
    SendLocked(call.message);
  }
}

void Link::OpenedAgainLocked(uint64_t id, Object& object, const Opened& opened) {
  const ObjectInfo& was = object.info;
  const ObjectInfo& is = opened.info;
  const bool same = opened.status == ZX_OK && opened.existing == 0 && is.read_only == was.read_only &&
                    is.resizable == was.resizable && is.trap_dirty == was.trap_dirty &&
                    (was.resizable || is.size == was.size);
  if (!same) {
    object.phase = Object::Phase::kRejected;
    for (Finished& finished : in_flight_.Cancel(id, ZX_ERR_IO)) {
      rejected_.push_back(std::move(finished));
    }
    Say("the new pager does not have '" + dev::Printable(object.path) +
        "' as it was; it cannot be used any more (ZX_ERR_IO)");
    return;
  }
  object.phase = Object::Phase::kOpen;
  if (object.vmo) {
    SendLocked(EncodeObject(MessageType::kAttach, id));
  }
  in_flight_.Release(id);
  PublishLocked();
}

Link::Pass Link::Lose(const std::string& reason, bool closed) {
  const Clock::time_point now = Clock::now();
  size_t unanswered;
  bool anew;
  std::vector<Finished> finished;
  const bool may_write = !closed && session_->has_guest_memory();
  {
    const std::lock_guard lock(mutex_);
    leaving_ = std::exchange(session_, nullptr);
    abandoned_.clear();
    closed_objects_.clear();
    if (!reason.empty()) {
      ++counters_.violations;
    }
    finished = may_write ? std::vector<Finished>() : in_flight_.Hold();
    unanswered = in_flight_.sent() + in_flight_.waiting();
    anew = !lost_since_ || unanswered == 0;
    if (anew) {
      lost_since_ = now;
    }
  }
  AnswerAll(std::move(finished));
  if (may_write) {
    leaving_->channel.EndSending();
  } else {
    leaving_ = nullptr;
  }
  last_failure_ = reason.empty() ? "it closed the connection" : reason;
  if (anew) {
    Say("lost the pager: " + last_failure_ + "; waiting " + Seconds(options_.patience) + " for a new one, with " +
        Requests(unanswered) + " unanswered");
  } else if (now >= *lost_since_ + options_.patience) {
    GiveUp();
  }
  return Pass::kLost;
}

// A pager that hangs up has let go of guest memory, and one that has died too: the kernel takes a process its memory
// before its descriptors.
bool Link::OldPagerIsThere() {
  while (leaving_) {
    const auto received = leaving_->channel.Receive();
    if (std::holds_alternative<NothingThere>(received)) {
      return true;
    }
    if (std::holds_alternative<ChannelClosed>(received)) {
      ForgetOldPager();
    }
  }
  return false;
}

void Link::ForgetOldPager() {
  leaving_ = nullptr;
  std::vector<Finished> finished;
  {
    const std::lock_guard lock(mutex_);
    finished = in_flight_.Hold();
  }
  AnswerAll(std::move(finished));
}

void Link::TryToConnect() {
  ExpireCalls(Clock::now());
  const bool given_up = given_up_;  // written by this thread only
  if (OldPagerIsThere()) {
    if (!given_up && Clock::now() >= *lost_since_ + options_.patience) {
      last_failure_ = "the old one still has guest memory, so what it was asked to fill stays as it is";
      GiveUp();
    }
    SleepUntilStopped(stop_, given_up ? kPatient : kEager);
    return;
  }
  auto session = ClientSession::Connect(options_.path, stop_, options_.grant.get());
  if (session.ok()) {
    Install(std::move(session).value());
    given_up ? SayNow("connected again") : Say("connected again");
    return;
  }
  last_failure_ = std::move(session.error().reason);
  if (!given_up && Clock::now() >= *lost_since_ + options_.patience) {
    GiveUp();
  }
  SleepUntilStopped(stop_, given_up ? kPatient : kEager);
}

void Link::GiveUp() {
  std::vector<Finished> finished;
  {
    const std::lock_guard lock(mutex_);
    given_up_ = true;
    finished = in_flight_.CancelAll(ZX_ERR_IO);
  }
  SayNow("no pager came back within " + Seconds(options_.patience) + " (" + last_failure_ +
         "): " + Requests(finished.size()) + " failed with ZX_ERR_IO, and so will all until there is one");
  AnswerAll(std::move(finished));
  ExpireCalls(Clock::time_point::max());
}

void Link::Say(const std::string& text) {
  const Clock::time_point now = Clock::now();
  if (last_said_ && now - *last_said_ < kBetweenLines) {
    ++unsaid_;
    return;
  }
  last_said_ = now;
  SayNow(text);
}

void Link::SayNow(const std::string& text) {
  const uint64_t unsaid = std::exchange(unsaid_, 0);
  options_.report(unsaid == 0 ? text : text + " (" + std::to_string(unsaid) + " lines like this were left out)");
}

}  // namespace pager::remote
