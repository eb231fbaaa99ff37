#include "devices/pager/remote/link.h"

#include <poll.h>
#include <zircon/errors.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

#include "devices/core/adaptive_poll.h"
#include "devices/core/company_watch.h"
#include "devices/core/poll.h"
#include "devices/pager/pieces.h"
#include "shared/base/range.h"

namespace pager::remote {

// ---- What the monitor asks: any thread.

uint64_t Link::NewId() {
  const std::lock_guard lock(mutex_);
  return next_id_++;
}

void Link::Open(std::string_view path, OpenHandler handler) {
  const uint64_t id = NewId();
  const ObjectMessage message{.header = {}, .object = id};
  const auto done = [handler = std::move(handler)](const base::Result<Reply, zx_status_t>& reply) {
    const zx_status_t status = reply.ok() ? std::get<Opened>(reply.value()).status : reply.error();
    status == ZX_OK ? handler(std::get<Opened>(reply.value())) : handler(base::Failure{status});
  };
  Consult(id, {.type = MessageType::kOpen,
               .message = Encode(MessageType::kOpen, message, BytesOf(path)),
               .path = std::string(path),
               .done = done,
               .deadline = Clock::now() + options_.patience});
}

void Link::List(std::string_view path, ListHandler handler) { ListFrom(std::string(path), {}, std::move(handler)); }

// The names behind those that are known already, piece by piece.
void Link::ListFrom(const std::string& path, std::vector<std::string> names, ListHandler handler) {
  const uint64_t id = NewId();
  const ListMessage message{.header = {}, .id = id, .first = static_cast<uint32_t>(names.size()), .reserved = 0};
  // Its handlers are called by this object only, so it is there.
  auto done = [this, path, known = std::move(names),
               handler = std::move(handler)](const base::Result<Reply, zx_status_t>& reply) {
    const zx_status_t status = reply.ok() ? std::get<Listed>(reply.value()).status : reply.error();
    if (status != ZX_OK) {
      handler(base::Failure{status});
      return;
    }
    const Listed& listed = std::get<Listed>(reply.value());
    std::vector<std::string> all = known;
    all.insert(all.end(), listed.names.begin(), listed.names.end());
    listed.more ? ListFrom(path, std::move(all), handler) : handler(std::move(all));
  };
  Consult(id, {.type = MessageType::kList,
               .message = Encode(MessageType::kList, message, BytesOf(path)),
               .path = {},
               .done = std::move(done),
               .deadline = Clock::now() + options_.patience});
}

// Sent on every connection until there is a reply.
void Link::Consult(uint64_t id, Call call) {
  {
    const std::lock_guard lock(mutex_);
    if (!given_up_ && !stopping_) {
      SendLocked(call.message);
      calls_.emplace(id, std::move(call));
      wake_.Signal();  // its deadline may be the next
      return;
    }
  }
  call.done(base::Failure{ZX_ERR_IO});
}

void Link::ExpireCalls(Clock::time_point now) {
  std::vector<Call> expired;
  {
    const std::lock_guard lock(mutex_);
    for (auto call = calls_.begin(); call != calls_.end();) {
      if (call->second.deadline > now) {
        ++call;
        continue;
      }
      if (session_) {
        abandoned_.insert(call->first);
      }
      expired.push_back(std::move(call->second));
      call = calls_.erase(call);
    }
  }
  for (const Call& call : expired) {
    call.done(base::Failure{ZX_ERR_IO});
  }
}

std::optional<Link::Clock::time_point> Link::NextDeadlineLocked() const {
  std::optional<Clock::time_point> next;
  for (const auto& [id, call] : calls_) {
    next = next ? std::min(*next, call.deadline) : call.deadline;
  }
  return next;
}

void Link::Ask(uint64_t object, Request request) {
  {
    const std::lock_guard lock(mutex_);
    const auto found = objects_.find(object);
    const bool hopeless = found == objects_.end() || found->second.phase == Object::Phase::kRejected;
    if (!hopeless && !given_up_ && !stopping_) {
      in_flight_.Add(object, std::move(request));
      PublishLocked();
      return;
    }
  }
  Finished{.request = std::move(request), .status = ZX_ERR_IO}.Answer();
}

void Link::Attach(uint64_t object, std::shared_ptr<VmoControl> vmo) {
  const std::lock_guard lock(mutex_);
  const auto found = objects_.find(object);
  if (found == objects_.end()) {
    return;
  }
  found->second.vmo.swap(vmo);  // the old one goes after the lock
  if (found->second.phase == Object::Phase::kOpen) {
    SendLocked(EncodeObject(MessageType::kAttach, object));
  }
}

void Link::Close(uint64_t object) {
  std::vector<Finished> finished;
  std::unordered_map<uint64_t, Object>::node_type closed;  // goes after the lock
  {
    const std::lock_guard lock(mutex_);
    finished = in_flight_.Cancel(object, ZX_ERR_BAD_STATE);
    closed_objects_.push_back(object);
    closed = objects_.extract(object);
    if (closed && closed.mapped().phase == Object::Phase::kOpen) {
      SendLocked(EncodeObject(MessageType::kClose, object));
    } else if (closed && closed.mapped().phase == Object::Phase::kOpening && session_) {
      abandoned_.insert(object);
    }
  }
  AnswerAll(std::move(finished));
}

void Link::OnGuestEnded() {
  std::vector<Finished> finished;
  {
    const std::lock_guard lock(mutex_);
    finished = in_flight_.OnGuestEnded();
  }
  AnswerAll(std::move(finished));
}

void Link::AnswerAll(std::vector<Finished> finished) {
  for (Finished& each : finished) {
    each.Answer();
  }
}

LinkCounters Link::counters() const {
  const std::lock_guard lock(mutex_);
  return counters_;
}

void Link::Stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  stop_.Signal();
}

// `mutex_` is held by all that follow with "Locked" in the name.
void Link::SendLocked(std::vector<std::byte> message) {
  if (session_ && !session_->Send(std::move(message))) {
    wake_.Signal();
  }
}

void Link::PublishLocked() {
  if (!session_) {
    return;
  }
  bool kick = false;
  while (const auto next = in_flight_.NextToSend()) {
    session_->region->SetRecord(next->slot, RecordForLocked(next->slot, *next->part));
    kick = session_->requests.Publish(next->slot) || kick;
  }
  if (kick) {
    // One that does not fit is not needed: the pager has messages to read.
    static_cast<void>(session_->channel.Send(EncodePlain(MessageType::kKick)));
  }
}

RequestSlot Link::RecordForLocked(uint32_t slot, const Part& part) {
  RequestSlot record{};
  record.id = part.id;
  record.object = part.object;
  record.kind = part.kind;
  record.state = SlotState::kUnanswered;
  record.offset = part.offset;
  record.length = part.length;
  if (part.kind != RequestKind::kRead) {
    return record;
  }
  record.arena_offset = session_->region->ArenaOffsetOf(slot);
  const auto pieces = session_->has_guest_memory() ? options_.grant->Locate(part.Pages()) : std::nullopt;
  if (pieces) {
    session_->region->SetPieces(slot, *pieces);
    record.piece_count = static_cast<uint32_t>(pieces->size());
    in_flight_.PlaceInGuestPages(slot);
  }
  return record;
}

// ---- What the pager answers: the service thread.

void Link::Run() {
  dev::AdaptivePoll adaptive;
  dev::CompanyWatch company;
  Clock::time_point last_work = Clock::now();
  while (!dev::IsReady(stop_.fd(), POLLIN)) {
    if (!session_) {
      TryToConnect();
      continue;
    }
    const Pass pass = ServePass();
    const Clock::time_point now = Clock::now();
    if (pass == Pass::kWorked) {
      last_work = now;
    } else if (pass == Pass::kIdle && now - last_work < adaptive.window()) {
      __builtin_ia32_pause();  // between two looks: leaves the core's other thread something
    } else if (pass == Pass::kIdle) {
      Sleep();
      const Clock::time_point woken = Clock::now();
      adaptive.OnSlept(woken - last_work, company.Look());
      last_work = woken;
    }
  }
  std::vector<Finished> finished;
  {
    const std::lock_guard lock(mutex_);
    // The guest has ended, so it does not matter who still writes into its memory.
    session_ = nullptr;
    finished = in_flight_.Hold();
    std::vector<Finished> rest = in_flight_.CancelAll(ZX_ERR_BAD_STATE);
    std::move(rest.begin(), rest.end(), std::back_inserter(finished));
  }
  AnswerAll(std::move(finished));
  ExpireCalls(Clock::time_point::max());
}

void Link::Sleep() {
  short events = POLLIN;
  std::optional<Clock::time_point> deadline;
  {
    const std::lock_guard lock(mutex_);
    if (!session_->answers.PrepareToSleep()) {
      return;
    }
    if (!session_->unsent.empty()) {
      events |= POLLOUT;
    }
    deadline = NextDeadlineLocked();
  }
  std::array<pollfd, 3> descriptors = {pollfd{.fd = session_->channel.fd(), .events = events, .revents = 0},
                                       pollfd{.fd = wake_.fd(), .events = POLLIN, .revents = 0},
                                       pollfd{.fd = stop_.fd(), .events = POLLIN, .revents = 0}};
  dev::WaitUntilReady(descriptors, deadline ? std::optional(*deadline - Clock::now()) : std::nullopt);
  wake_.Drain();
  session_->answers.WokeUp();
}

Link::Pass Link::ServePass() {
  ExpireCalls(Clock::now());
  {
    const std::lock_guard lock(mutex_);
    session_->Flush();
    ForgetFilesLocked();
  }
  // What the answers that are there now refer to is in messages that are there by now.
  const std::optional<uint32_t> answers = session_->answers.Available();
  bool worked = answers != 0;
  bool closed = false;
  Violation violation = answers ? ReadMessages(worked, closed) : "it claims more answers than fit";
  if (!violation) {
    // What a pager had answered before its end counts.
    violation = TakeAnswers(closed ? session_->answers.Available().value_or(0) : *answers);
  }
  AnswerAll(std::exchange(rejected_, {}));
  for (const auto& reply : std::exchange(replies_, {})) {
    reply();
  }
  if (violation || closed) {
    return Lose(violation.value_or(""), closed);
  }
  return worked ? Pass::kWorked : Pass::kIdle;
}

Link::Violation Link::TakeAnswers(uint32_t count) {
  for (; count > 0; --count) {
    if (Violation violation = TakeAnswer(session_->answers.Take())) {
      return violation;
    }
  }
  return std::nullopt;
}

Link::Violation Link::TakeAnswer(const AnswerEntry& entry) {
  std::optional<Part> part;
  {
    const std::lock_guard lock(mutex_);
    if (Violation violation = CheckLocked(entry)) {
      return violation;
    }
    part = in_flight_.TakeAnswered(entry.slot);
    lost_since_.reset();
  }
  std::optional<Finished> finished;
  if (part->job) {
    const zx_status_t status = Carry(entry, *part);
    finished = part->Finish(status);
  }
  {
    const std::lock_guard lock(mutex_);
    in_flight_.FreeSlot(entry.slot);
    CountLocked(entry, *part);
    PublishLocked();
  }
  if (finished) {
    finished->Answer();
  }
  return std::nullopt;
}

Link::Violation Link::CheckLocked(const AnswerEntry& entry) const {
  const Part* part = in_flight_.Find(entry.slot, entry.id);
  if (part == nullptr) {
    return "it answered what it was not asked, or had answered";
  }
  if (entry.status > 0) {
    return "it answered with a status that does not exist";
  }
  const bool with_data = part->kind == RequestKind::kRead && entry.status == ZX_OK;
  const bool fits_with_data = part->place == Part::Place::kGuestPages
                                  ? entry.kind == AnswerKind::kInPlace
                                  : entry.kind == AnswerKind::kArena || entry.kind == AnswerKind::kFileRange;
  if (with_data ? !fits_with_data : entry.kind != AnswerKind::kStatus) {
    return "it gave an answer that does not fit the question";
  }
  if (entry.kind == AnswerKind::kFileRange && part->job) {
    const auto file = session_->files.find(entry.file);
    if (file == session_->files.end() || file->second.object != part->object) {
      return "it named a file that it had not introduced";
    }
    if (entry.file_length > part->length || !base::RangeFits(entry.file_offset, entry.file_length, INT64_MAX)) {
      return "it named a range of a file that cannot be";
    }
  }
  return std::nullopt;
}

void Link::CountLocked(const AnswerEntry& entry, const Part& part) {
  switch (entry.kind) {
    case AnswerKind::kStatus:
      break;
    case AnswerKind::kArena:
      counters_.arena_bytes += part.length;
      break;
    case AnswerKind::kFileRange:
      counters_.file_bytes += part.length;
      break;
    case AnswerKind::kInPlace:
      counters_.in_place_bytes += part.length;
      break;
  }
}

// Brings the bytes of an answer into the guest's pages. The pager may change the arena meanwhile: it is the guest that
// would see it, as with every byte that a pager supplies.
zx_status_t Link::Carry(const AnswerEntry& entry, const Part& part) const {
  if (entry.kind == AnswerKind::kArena) {
    CopyInto(part.Pages(), session_->region->ArenaOf(entry.slot).first(part.length));
  } else if (entry.kind == AnswerKind::kFileRange) {
    const FileRange range{.descriptor = session_->files.at(entry.file).descriptor.get(),
                          .offset = entry.file_offset,
                          .length = entry.file_length};
    return ReadFileRange(range, part.Pages());
  }
  return entry.status;
}

}  // namespace pager::remote
