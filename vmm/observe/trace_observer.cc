#include "vmm/observe/trace_observer.h"

#include <fmt/format.h>
#include <zircon/syscalls/pager.h>

#include "devices/port/port_request.h"
#include "shared/base/range.h"

namespace vmm {
namespace {

using Clock = TraceEvent::Clock;
using Kind = dev::abi::PortRequestKind;
using Operation = dev::abi::PortOperationKind;

constexpr TraceTrack kRequests = {1};
constexpr TraceTrack kOperations = {2};
constexpr TraceTrack kPagesIn = {3};
constexpr TraceTrack kPagesEvicted = {4};

TraceTrack ExitsOf(uint32_t cpu) { return {10 + 2 * cpu}; }
TraceTrack GuestOf(uint32_t cpu) { return {11 + 2 * cpu}; }

// A guest can open any number of names.
constexpr size_t kMaxObjects = 65536;

const char* NameOf(const dev::abi::PortOperation& operation) {
  switch (operation.kind) {
    case Operation::kSupply:
      return "SUPPLY";
    case Operation::kOpRange:
      switch (operation.argument) {
        case ZX_PAGER_OP_FAIL:
          return "FAIL";
        case ZX_PAGER_OP_DIRTY:
          return "DIRTY";
        case ZX_PAGER_OP_WRITEBACK_BEGIN:
          return "WRITEBACK_BEGIN";
        case ZX_PAGER_OP_WRITEBACK_END:
          return "WRITEBACK_END";
        default:
          return "OP_RANGE";
      }
    case Operation::kQueryDirtyRanges:
      return "QUERY_DIRTY_RANGES";
    case Operation::kQueryVmoStats:
      return "QUERY_VMO_STATS";
    case Operation::kDetach:
      return "DETACH";
    case Operation::kLend:
      return "LEND";
    case Operation::kTimeOut:
      return "TIME_OUT";
    case Operation::kAwaitRoom:
      return "AWAIT_ROOM";
  }
  return "OPERATION";
}

}  // namespace

TraceObserver::TraceObserver(TraceFile& file) : file_(file) {
  file_.NameTrack(kRequests, "page requests");
  file_.NameTrack(kOperations, "operations of pagers");
  for (uint32_t cpu = 0; cpu < abi::kMaxCpus; ++cpu) {
    file_.NameTrack(ExitsOf(cpu), fmt::format("vCPU {}: exits to the monitor", cpu));
    file_.NameTrack(GuestOf(cpu), fmt::format("vCPU {}: guest", cpu));
  }
}

uint32_t TraceObserver::NameOfObject(uint64_t object) const {
  const std::lock_guard lock(mutex_);
  const auto found = objects_.find(object);
  return found == objects_.end() ? TraceEvent::kNoObject : found->second;
}

// Numbers are not forgotten at OnClosed: events of the guest are read later.
void TraceObserver::OnOpened(uint64_t object, std::string_view name, const pager::PageSource& /*source*/) {
  const uint32_t number = file_.Intern(name);
  const std::lock_guard lock(mutex_);
  if (objects_.size() < kMaxObjects) {
    objects_.insert_or_assign(object, number);
  }
}

void TraceObserver::OnClosed(uint64_t /*object*/, const pager::PageSource& /*source*/) {}

void TraceObserver::Begin(Spans& spans, uint64_t key, const char* name, TraceTrack track, const TraceEvent& where) {
  const Span span = {.id = next_id_++, .name = name};
  spans.insert_or_assign(key, span);
  TraceEvent event = where;
  event.phase = TracePhase::kAsyncBegin;
  event.name = name;
  event.track = track;
  event.id = span.id;
  file_.Add(event);
}

void TraceObserver::End(Spans& spans, uint64_t key, TraceTrack track, zx_status_t status) {
  const auto found = spans.find(key);
  if (found == spans.end()) {
    return;
  }
  file_.Add({.phase = TracePhase::kAsyncEnd,
             .name = found->second.name,
             .track = track,
             .time = Clock::now(),
             .id = found->second.id,
             .status = status});
  spans.erase(found);
}

void TraceObserver::OnRequest(uint64_t ticket, const dev::PortHeldRequest& request, dev::PortClock::time_point now) {
  const TraceEvent where = {.phase = TracePhase::kAsyncBegin,
                            .name = "",
                            .track = kRequests,
                            .time = now,
                            .object = NameOfObject(request.object),
                            .offset = request.offset,
                            .length = request.length};
  Begin(requests_, ticket, request.unasked ? "read, unasked" : dev::NameOf(request.kind), kRequests, where);
}

void TraceObserver::OnAnswered(uint64_t ticket, const dev::PortHeldRequest& request, zx_status_t status,
                               dev::PortClock::duration /*took*/) {
  End(requests_, ticket, kRequests, status);
  if (request.kind == Kind::kRead && status == 0) {
    pages_in_ += request.length / base::kPageSize;
    file_.Add({.phase = TracePhase::kCounter,
               .name = "pages in",
               .track = kPagesIn,
               .time = Clock::now(),
               .value = pages_in_});
  }
}

void TraceObserver::OnOperation(const dev::abi::PortOperation& operation) {
  const TraceEvent where = {.phase = TracePhase::kAsyncBegin,
                            .name = "",
                            .track = kOperations,
                            .time = Clock::now(),
                            .object = NameOfObject(operation.object),
                            .offset = operation.offset,
                            .length = operation.length};
  Begin(operations_, operation.id, NameOf(operation), kOperations, where);
}

void TraceObserver::OnOperationAnswered(const dev::abi::PortOperation& operation, zx_status_t status) {
  End(operations_, operation.id, kOperations, status);
}

void TraceObserver::OnExitHandled(uint32_t cpu, ExitKind kind, Clock::time_point begin, Clock::time_point end) {
  // NameOf gives literals.
  file_.Add({.phase = TracePhase::kComplete,
             .name = vmm::NameOf(kind).data(),
             .track = ExitsOf(cpu),
             .time = begin,
             .duration = end - begin});
}

void TraceObserver::Drain(GuestObservation& guest) {
  events_.clear();
  lost_ += guest.TakeEvents(events_);
  for (const abi::GuestEvent& event : events_) {
    AddGuestEvent(event, guest.TimeOf(event));
  }
}

void TraceObserver::AddGuestEvent(const abi::GuestEvent& event, Clock::time_point time) {
  if (event.cpu >= abi::kMaxCpus) {
    return;
  }
  TraceEvent out = {.phase = TracePhase::kInstant,
                    .name = "",
                    .track = GuestOf(event.cpu),
                    .time = time,
                    .object = NameOfObject(event.object),
                    .offset = event.offset,
                    .length = uint64_t{event.pages} * base::kPageSize};
  switch (event.kind) {
    case abi::GuestEventKind::kFault:
      out.name = "fault";
      break;
    case abi::GuestEventKind::kWriteFault:
      out.name = "write fault";
      break;
    case abi::GuestEventKind::kEvict:
      out.name = "evict";
      pages_evicted_ += event.pages;
      break;
    case abi::GuestEventKind::kIdle:
    case abi::GuestEventKind::kBusy: {
      const bool idle = event.kind == abi::GuestEventKind::kIdle;
      if (idle == idle_[event.cpu]) {
        return;  // the other one was lost
      }
      idle_[event.cpu] = idle;
      out.phase = idle ? TracePhase::kBegin : TracePhase::kEnd;
      out.name = "idle";
      out.object = TraceEvent::kNoObject;
      break;
    }
    default:
      return;
  }
  file_.Add(out);
  if (event.kind == abi::GuestEventKind::kEvict) {
    file_.Add({.phase = TracePhase::kCounter,
               .name = "pages evicted",
               .track = kPagesEvicted,
               .time = time,
               .value = pages_evicted_});
  }
}

}  // namespace vmm
