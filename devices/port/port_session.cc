#include "devices/port/port_session.h"

#include <zircon/errors.h>

#include <cstring>
#include <utility>

#include "devices/port/port_observer.h"

namespace dev {

namespace {

using Kind = abi::PortRequestKind;

// SAFETY: only a name: the list's node is this request's until it ends.
uint64_t NumberOf(PortInFlight::Ticket ticket) { return reinterpret_cast<uint64_t>(&*ticket); }

}  // namespace

PortSession::PortSession(Activation activation, const PortSurroundings& surroundings)
    : activation_(std::move(activation)),
      registry_(surroundings.registry),
      options_(surroundings.options),
      completions_(surroundings.completions),
      counters_(surroundings.counters),
      now_(PortClock::now()),
      in_flight_(std::chrono::duration_cast<PortClock::duration>(surroundings.options.overdue_after)),
      inquiries_(std::make_shared<PortInquiries>(surroundings.wake)),
      operations_(std::make_shared<PortOperations>(surroundings.wake)),
      operation_ring_(operations_, surroundings.counters, surroundings.options.observers) {
  WakeUp();
}

bool PortSession::has_operations() const {
  return (activation_.features >> abi::kPortFeatureOperations & 1) != 0 &&
         activation_.queues.size() > abi::kPortOperationQueue &&
         activation_.queues[abi::kPortOperationQueue].has_value();
}

PortSession::Progress PortSession::Serve(PortClock::time_point now) {
  now_ = now;
  ServeOverdue(now);
  bool worked = ServeAnswers();
  const Progress inquiries = ServeInquiries();
  if (inquiries == Progress::kBroken) {
    return Progress::kBroken;
  }
  worked = worked || inquiries == Progress::kWorked;
  for (const uint32_t index : {abi::kPortControlQueue, abi::kPortRequestQueue}) {
    const Progress progress = ServeRequests(index);
    if (progress == Progress::kBroken) {
      return Progress::kBroken;
    }
    worked = worked || progress == Progress::kWorked;
  }
  const Progress progress = ServeOperations();
  return progress == Progress::kIdle && worked ? Progress::kWorked : progress;
}

bool PortSession::ServeAnswers() {
  if (!completions_.Has()) {
    return false;
  }
  for (PortCompletion& completion : completions_.Take()) {
    completion.reply.status = JudgeStatus(completion.ticket->request, completion.reply.status);
    EndRequest(completion.ticket, completion.reply.status);
    GiveBack(abi::kPortRequestQueue, completion);
  }
  return true;
}

// The one place where answers of page sources enter, however they are made: what ZX_PAGER_OP_FAIL does not permit does
// not get into a guest.
zx_status_t PortSession::JudgeStatus(const PortHeldRequest& request, zx_status_t status) {
  const bool can_fail = request.kind == Kind::kRead || request.kind == Kind::kDirty;
  const zx_status_t fit = can_fail ? pager::AsRequestStatus(status) : status;
  if (fit != status && counters_.unfit_statuses++ == 0) {
    const PortOpenObject* object = objects_.Find(request.object);
    options_.on_unfit({.name = object == nullptr ? "(closed)" : object->name, .request = request, .status = status});
  }
  return fit;
}

PortSession::Progress PortSession::ServeRequests(uint32_t index) {
  auto& queue = activation_.queues[index];
  if (!queue || !queue->ring.HasWork()) {
    return Progress::kIdle;
  }
  const auto popped = queue->ring.Pop();
  if (!popped.ok()) {
    return Progress::kBroken;
  }
  const std::optional<DescriptorChain>& chain = popped.value();
  if (!chain) {
    return Progress::kIdle;
  }
  const auto reply_buffer = FindReplyBuffer(*chain);
  if (!reply_buffer) {
    return Progress::kBroken;
  }
  const PortCall call = ParsePortRequest(index, *chain);
  PortCompletion completion{.head = chain->head(),
                            .used_length = chain->writable_bytes(),
                            .reply_buffer = *reply_buffer,
                            .reply = {},
                            .ticket = {}};
  completion.reply.id = call.id;
  if (const Reply reply = std::visit([&](const auto& request) { return Execute(request, completion); }, call.request)) {
    completion.reply = *reply;
    completion.reply.id = call.id;
    GiveBack(index, completion);
  }
  // Who answers at once has done so by now, and the guest is waiting.
  static_cast<void>(ServeAnswers());
  return ServeInquiries() == Progress::kBroken ? Progress::kBroken : Progress::kWorked;
}

PortSession::Progress PortSession::ServeOperations() {
  if (!has_operations()) {
    return Progress::kIdle;
  }
  SplitQueue& ring = activation_.queues[abi::kPortOperationQueue]->ring;
  bool worked = false;
  // All that a driver can have made available, and no more of one that goes on meanwhile.
  for (uint16_t left = ring.size(); left != 0 && ring.HasWork(); --left) {
    const auto popped = ring.Pop();
    if (!popped.ok() || (popped.value() && !operation_ring_.Accept(*popped.value()))) {
      return Progress::kBroken;
    }
    worked = true;
  }
  if (operations_->Has() && operation_ring_.Send(ring)) {
    Publish(*activation_.queues[abi::kPortOperationQueue]);
    worked = true;
  }
  return worked ? Progress::kWorked : Progress::kIdle;
}

// What waits in the guest is failed by an operation of our own, because the pages stay with the page source until it
// answers. So a late answer does no harm.
void PortSession::ServeOverdue(PortClock::time_point now) {
  while (const auto ticket = in_flight_.TakeOverdue(now)) {
    const PortHeldRequest request = (*ticket)->request;
    const PortClock::time_point since = (*ticket)->since;
    const PortOpenObject* object = objects_.Find(request.object);
    const bool fail = options_.fail_overdue && has_operations() && object != nullptr &&
                      (request.kind == Kind::kRead || request.kind == Kind::kDirty);
    if (fail) {
      operations_->Submit({.message = {.id = 0,
                                       .object = request.object,
                                       .offset = request.offset,
                                       .length = request.length,
                                       .data = 0,
                                       .kind = abi::PortOperationKind::kTimeOut,
                                       .argument = 0},
                           .handler = std::monostate(),
                           .fill = {}});
    }
    const bool given_up = IsWriteBack(request.kind) && GiveUpWriteBack(*ticket);
    ++counters_.overdue;
    options_.on_overdue({.name = object == nullptr ? "(closed)" : object->name,
                         .request = request,
                         .age = now - since,
                         .failed = fail || given_up});
  }
}

// A page source that writes back wants operations on the way, or holds pages that it was lent. One that does neither
// would keep a guest that waits for its last write-back from ending.
bool PortSession::GiveUpWriteBack(PortInFlight::Ticket ticket) {
  const uint64_t operations = operations_->CountAskedFor(ticket->request.object);
  const bool at_work = operations != ticket->operations || in_flight_.HasLoanOf(ticket->request.object);
  ticket->operations = operations;
  ticket->idle_periods = at_work ? 0 : ticket->idle_periods + 1;
  if (ticket->idle_periods < (options_.fail_overdue ? 1 : kPortIdlePeriods)) {
    return false;
  }
  auto waiting = write_backs_.extract(&*ticket);
  PortCompletion completion = waiting.mapped();
  completion.reply.status = ZX_ERR_TIMED_OUT;
  in_flight_.GiveUp(ticket);
  GiveBack(abi::kPortRequestQueue, completion);
  return true;
}

PortSession::Progress PortSession::ServeInquiries() {
  if (!inquiries_->Has()) {
    return Progress::kIdle;
  }
  Progress progress = Progress::kWorked;
  for (PortInquiry& inquiry : inquiries_->Take()) {
    if (std::holds_alternative<PortWriteBackAnswer>(inquiry.answer)) {
      Conclude(inquiry);
      continue;
    }
    const uint64_t id = inquiry.completion.reply.id;
    auto* open = std::get_if<PortOpenAnswer>(&inquiry.answer);
    inquiry.completion.reply = open != nullptr ? Conclude(*open) : Conclude(std::get<PortListAnswer>(inquiry.answer));
    inquiry.completion.reply.id = id;
    // What a page source fetches as soon as it has a VMO is to be on its way before whoever opened that touches a page.
    if (open != nullptr && ServeOperations() == Progress::kBroken) {
      progress = Progress::kBroken;
    }
    GiveBack(abi::kPortControlQueue, inquiry.completion);
  }
  return progress;
}

PortInFlight::Ticket PortSession::BeginRequest(const PortHeldRequest& request) {
  if (!options_.observers.empty()) {
    now_ = PortClock::now();  // it lags behind by what was served since
  }
  const PortInFlight::Ticket ticket = in_flight_.Begin(request, now_);
  for (PortObserver* observer : options_.observers) {
    observer->OnRequest(NumberOf(ticket), request, now_);
  }
  return ticket;
}

void PortSession::EndRequest(PortInFlight::Ticket ticket, zx_status_t status) {
  if (!options_.observers.empty()) {
    const PortClock::duration took = PortClock::now() - ticket->since;
    for (PortObserver* observer : options_.observers) {
      observer->OnAnswered(NumberOf(ticket), ticket->request, status, took);
    }
  }
  in_flight_.End(ticket);
}

void PortSession::ObserveClosed(uint64_t object, const pager::PageSource& source) {
  for (PortObserver* observer : options_.observers) {
    observer->OnClosed(object, source);
  }
}

// The reply is the end of the writable part, so the used length is all of it, whether the pages before it have been
// filled or not: the status says whether they may be used.
void PortSession::GiveBack(uint32_t queue, const PortCompletion& completion) {
  ActiveQueue& active = *activation_.queues[queue];
  std::memcpy(completion.reply_buffer.bytes.data(), &completion.reply, sizeof(completion.reply));
  active.ring.AddUsed(completion.head, completion.used_length);
  Publish(active);
}

void PortSession::Publish(ActiveQueue& queue) {
  if (queue.ring.PublishUsed()) {
    activation_.interrupt.NotifyUsed();
  }
}

bool PortSession::PrepareToSleep(std::vector<pollfd>& descriptors) {
  bool work = false;
  for (auto& queue : activation_.queues) {
    if (queue) {
      // Emptied first, so that it is readable only for what comes from now on.
      DrainEventFd(queue->doorbell);
      descriptors.push_back({.fd = queue->doorbell, .events = POLLIN, .revents = 0});
      work = queue->ring.EnableNotifications() || work;
    }
  }
  // Operations that the guest has no room for are no reason to stay awake.
  const bool can_send = has_operations() && operation_ring_.has_free_chain();
  const bool idle = inquiries_->PrepareToSleep() && (!can_send || operations_->PrepareToSleep());
  return idle && !work;
}

void PortSession::WakeUp() {
  inquiries_->WokeUp();
  operations_->WokeUp();
  for (auto& queue : activation_.queues) {
    if (queue) {
      queue->ring.DisableNotifications();
    }
  }
}

// In this order: a page source that waits for an operation before it answers a request must not wait for ever.
Activation PortSession::End() {
  inquiries_->Close();
  operations_->CloseAll();
  operation_ring_.FailAll();
  objects_.ForEach([this](uint64_t id, const PortOpenObject& object) { ObserveClosed(id, *object.source); });
  objects_.CloseAll();  // a source that goes answers what it holds
  completions_.Discard(in_flight_.CountWithMemory());
  return std::move(activation_);
}

}  // namespace dev
