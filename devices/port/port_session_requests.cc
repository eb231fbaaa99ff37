// What a session does for each kind of request, and how the answers of pagers and page sources become replies.
#include <zircon/errors.h>

#include <utility>

#include "devices/port/port_listing.h"
#include "devices/port/port_observer.h"
#include "devices/port/port_session.h"

namespace dev {

namespace {

using Kind = abi::PortRequestKind;

abi::PortReply ReplyWith(zx_status_t status) {
  abi::PortReply reply{};
  reply.status = status;
  return reply;
}

uint32_t FlagsOf(const pager::ObjectInfo& info) {
  return (info.read_only ? abi::kPortObjectReadOnly : 0) | (info.resizable ? abi::kPortObjectResizable : 0) |
         (info.trap_dirty ? abi::kPortObjectTrapDirty : 0);
}

// Brings a page source's answer back. The session ends only after every answer, so it outlives this.
class PortSourceAnswer final : public pager::Answer {
 public:
  PortSourceAnswer(PortCompletions& completions, const PortCompletion& completion, uint64_t length)
      : completions_(completions), completion_(completion), length_(length) {}

  void OnAnswer(zx_status_t status) override {
    completion_.reply.status = status;
    completion_.reply.size = status == ZX_OK ? length_ : 0;
    completions_.Post(completion_);
  }

 private:
  PortCompletions& completions_;
  PortCompletion completion_;
  const uint64_t length_;  // bytes filled on success
};

// The same for COMPLETE and SYNC, which may come when the session is over.
class PortWriteBackAnswerer final : public pager::Answer {
 public:
  PortWriteBackAnswerer(std::shared_ptr<PortInquiries> inquiries, const PortCompletion& completion)
      : inquiries_(std::move(inquiries)), completion_(completion) {}

  void OnAnswer(zx_status_t status) override {
    inquiries_->Post({.completion = completion_, .answer = PortWriteBackAnswer{.status = status}});
  }

 private:
  const std::shared_ptr<PortInquiries> inquiries_;
  const PortCompletion completion_;
};

}  // namespace

PortSession::Reply PortSession::Execute(const PortRejected& rejected, const PortCompletion& /*completion*/) {
  return Reject(rejected.status);
}

// Of a request that was given up the guest has had its answer.
void PortSession::Conclude(const PortInquiry& inquiry) {
  const PortInFlight::Ticket ticket = inquiry.completion.ticket;
  const zx_status_t status = std::get<PortWriteBackAnswer>(inquiry.answer).status;
  if (auto waiting = write_backs_.extract(&*ticket)) {
    waiting.mapped().reply.status = status;
    GiveBack(abi::kPortRequestQueue, waiting.mapped());
  }
  EndRequest(ticket, status);
}

// A pager that has to ask another process first does not hold up the others.
PortSession::Reply PortSession::Execute(const PortOpen& open, const PortCompletion& completion) {
  if (objects_.size() >= kPortMaxOpenObjects) {
    return Reject(ZX_ERR_NO_RESOURCES);
  }
  registry_.StartOpen(open.name, [inquiries = inquiries_, completion, name = open.name](auto source) {
    inquiries->Post({.completion = completion, .answer = PortOpenAnswer{.name = name, .source = std::move(source)}});
  });
  return std::nullopt;
}

abi::PortReply PortSession::Conclude(PortOpenAnswer& answer) {
  if (!answer.source.ok()) {
    return Reject(answer.source.error());
  }
  if (objects_.size() >= kPortMaxOpenObjects) {
    return Reject(ZX_ERR_NO_RESOURCES);
  }
  const PortObjects::Opened opened = objects_.Open(answer.name, std::move(answer.source).value());
  if (opened.is_new) {
    for (PortObserver* observer : options_.observers) {
      observer->OnOpened(opened.id, opened.object->name, *opened.object->source);
    }
    operations_->OpenObject(opened.id);
    Attach(opened.id, *opened.object);
  }
  abi::PortReply reply = ReplyWith(ZX_OK);
  reply.flags = FlagsOf(opened.object->info);
  reply.object = opened.id;
  reply.size = opened.object->info.size;
  reply.content_size = opened.object->info.content_size;
  ++counters_.opens;
  return reply;
}

void PortSession::Attach(uint64_t id, const PortOpenObject& object) {
  if (has_operations()) {
    object.source->Attach(std::make_shared<PortVmoControl>(operations_, id));
  }
}

PortSession::Reply PortSession::Execute(const PortClose& close, const PortCompletion& /*completion*/) {
  const PortOpenObject* object = objects_.Find(close.object);
  // Its operations end before it does.
  const std::shared_ptr<pager::PageSource> source = object == nullptr ? nullptr : object->source;
  switch (objects_.TakeBack(close.object, close.opens)) {
    case PortObjects::Close::kGone:
      operations_->CloseObject(close.object);
      ObserveClosed(close.object, *source);
      return ReplyWith(ZX_OK);
    case PortObjects::Close::kOpenedAgain:
      Attach(close.object, *objects_.Find(close.object));
      return ReplyWith(ZX_OK);
    case PortObjects::Close::kRefused:
      break;
  }
  return Reject(ZX_ERR_NOT_FOUND);
}

PortSession::Reply PortSession::Execute(const PortList& list, const PortCompletion& completion) {
  registry_.StartList(list.name, [inquiries = inquiries_, completion, list](auto names) {
    inquiries->Post({.completion = completion, .answer = PortListAnswer{.list = list, .names = std::move(names)}});
  });
  return std::nullopt;
}

abi::PortReply PortSession::Conclude(PortListAnswer& answer) {
  if (!answer.names.ok()) {
    return Reject(answer.names.error());
  }
  const PortListing listing = WriteNames(std::move(answer.names).value(), answer.list.first, answer.list.room);
  if (listing.too_small) {
    return Reject(ZX_ERR_BUFFER_TOO_SMALL);
  }
  abi::PortReply reply = ReplyWith(ZX_OK);
  reply.size = listing.bytes;
  reply.object = listing.available;
  return reply;
}

PortSession::Reply PortSession::Execute(const PortRead& read, const PortCompletion& completion) {
  const bool unasked = read.operation != 0;
  const pager::VmoControl::Filler* fill = unasked ? operation_ring_.FindFiller(read) : nullptr;
  if (unasked && fill == nullptr) {
    return Reject(ZX_ERR_INVALID_ARGS);
  }
  const PortOpenObject* object = objects_.Find(read.object);
  if (object == nullptr) {
    return Reject(ZX_ERR_NOT_FOUND);
  }
  if (!object->Contains(read.offset, read.length)) {
    return Reject(ZX_ERR_OUT_OF_RANGE);
  }
  pager::ReadRequest request(read.offset, read.pages,
                             Owe(completion, {.object = read.object,
                                              .kind = Kind::kRead,
                                              .offset = read.offset,
                                              .length = read.length,
                                              .unasked = unasked}));
  if (unasked) {
    (*fill)(std::move(request));
  } else {
    ++counters_.reads;
    object->source->Read(std::move(request));
  }
  return std::nullopt;
}

PortSession::Reply PortSession::Execute(const PortDirty& dirty, const PortCompletion& completion) {
  const PortOpenObject* object = objects_.Find(dirty.object);
  if (object == nullptr) {
    return Reject(ZX_ERR_NOT_FOUND);
  }
  if (!object->Contains(dirty.offset, dirty.length)) {
    return Reject(ZX_ERR_OUT_OF_RANGE);
  }
  ++counters_.requests;
  object->source->Dirty(pager::DirtyRequest(
      dirty.offset, dirty.length,
      Owe(completion, {.object = dirty.object, .kind = Kind::kDirty, .offset = dirty.offset, .length = dirty.length})));
  return std::nullopt;
}

PortSession::Reply PortSession::Execute(const PortComplete& complete, const PortCompletion& completion) {
  const PortOpenObject* object = objects_.Find(complete.object);
  if (object == nullptr) {
    return Reject(ZX_ERR_NOT_FOUND);
  }
  object->source->Complete(pager::CompleteRequest(OweWriteBack(completion, complete.object, Kind::kComplete)));
  return std::nullopt;
}

PortSession::Reply PortSession::Execute(const PortSync& sync, const PortCompletion& completion) {
  const PortOpenObject* object = objects_.Find(sync.object);
  if (object == nullptr) {
    return Reject(ZX_ERR_NOT_FOUND);
  }
  object->source->Sync(pager::SyncRequest(OweWriteBack(completion, sync.object, Kind::kSync)));
  return std::nullopt;
}

std::unique_ptr<pager::Answer> PortSession::OweWriteBack(const PortCompletion& completion, uint64_t object, Kind kind) {
  ++counters_.requests;
  PortCompletion owed = completion;
  owed.ticket = BeginRequest({.object = object, .kind = kind, .offset = 0, .length = 0});
  owed.ticket->operations = operations_->CountAskedFor(object);
  write_backs_.emplace(&*owed.ticket, owed);
  return std::make_unique<PortWriteBackAnswerer>(inquiries_, owed);
}

// The lease keeps the chain, and so the pages, until it ends.
PortSession::Reply PortSession::Execute(const PortLend& lend, const PortCompletion& completion) {
  PortCompletion given_back = completion;
  given_back.reply.status = ZX_OK;
  given_back.ticket =
      BeginRequest({.object = lend.object, .kind = Kind::kLend, .offset = lend.offset, .length = lend.length});
  const zx_status_t status =
      operation_ring_.TakeLent(lend, [&completions = completions_, given_back] { completions.Post(given_back); });
  if (status == ZX_OK) {
    return std::nullopt;
  }
  EndRequest(given_back.ticket, status);
  return Reject(status);
}

std::unique_ptr<pager::Answer> PortSession::Owe(const PortCompletion& completion, const PortHeldRequest& request) {
  PortCompletion owed = completion;
  owed.ticket = BeginRequest(request);
  const uint64_t filled = request.kind == Kind::kRead ? request.length : 0;
  return std::make_unique<PortSourceAnswer>(completions_, owed, filled);
}

abi::PortReply PortSession::Reject(zx_status_t status) {
  ++counters_.rejected;
  return ReplyWith(status);
}

}  // namespace dev
