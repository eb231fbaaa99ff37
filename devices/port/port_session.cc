#include "devices/port/port_session.h"

#include <zircon/errors.h>

#include <cstring>
#include <type_traits>
#include <utility>

#include "shared/base/range.h"

namespace dev {

namespace {

abi::PortReply ReplyWith(zx_status_t status) {
  abi::PortReply reply{};
  reply.status = status;
  return reply;
}

// Brings a page source's answer back. The session ends only after every answer, so it outlives this.
class PortAnswer final : public pager::Answer {
 public:
  PortAnswer(PortCompletions& completions, const PortCompletion& completion, uint64_t length)
      : completions_(completions), completion_(completion), length_(length) {}

  void OnAnswer(zx_status_t status) override {
    completion_.reply.status = status;
    completion_.reply.size = status == ZX_OK ? length_ : 0;
    completions_.Post(completion_);
  }

 private:
  PortCompletions& completions_;
  PortCompletion completion_;
  const uint64_t length_;
};

}  // namespace

PortSession::PortSession(Activation activation, const pager::Registry& registry, PortCompletions& completions,
                         PortCounters& counters)
    : activation_(std::move(activation)), registry_(registry), completions_(completions), counters_(counters) {
  WakeUp();
}

PortSession::Progress PortSession::Serve() {
  bool worked = ServeAnswers();
  for (uint32_t index = 0; index < abi::kPortQueueCount; ++index) {
    const Progress progress = ServeQueue(index);
    if (progress == Progress::kBroken) {
      return Progress::kBroken;
    }
    worked = worked || progress == Progress::kWorked;
  }
  return worked ? Progress::kWorked : Progress::kIdle;
}

bool PortSession::ServeAnswers() {
  if (!completions_.Has()) {
    return false;
  }
  for (const PortCompletion& completion : completions_.Take()) {
    --reads_in_flight_;
    GiveBack(abi::kPortRequestQueue, completion);
  }
  return true;
}

PortSession::Progress PortSession::ServeQueue(uint32_t index) {
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
  PortCompletion completion{
      .head = chain->head(), .used_length = chain->writable_bytes(), .reply_buffer = *reply_buffer, .reply = {}};
  completion.reply.id = call.id;
  Execute(index, call, completion);
  // A source that answers at once has done so by now, and its guest is waiting.
  static_cast<void>(ServeAnswers());
  return Progress::kWorked;
}

void PortSession::Execute(uint32_t queue, const PortCall& call, PortCompletion completion) {
  const auto reply = std::visit(
      [&](const auto& operation) -> std::optional<abi::PortReply> {
        using Operation = std::decay_t<decltype(operation)>;
        if constexpr (std::is_same_v<Operation, PortOpen>) {
          return Open(operation);
        } else if constexpr (std::is_same_v<Operation, PortClose>) {
          return Close(operation);
        } else if constexpr (std::is_same_v<Operation, PortRead>) {
          return Read(operation, completion);
        } else {
          return Reject(operation.status);
        }
      },
      call.operation);
  if (reply) {
    completion.reply = *reply;
    completion.reply.id = call.id;
    GiveBack(queue, completion);
  }
}

abi::PortReply PortSession::Open(const PortOpen& open) {
  if (objects_.size() >= kPortMaxOpenObjects) {
    return Reject(ZX_ERR_NO_RESOURCES);
  }
  auto opened = registry_.Open(open.name);
  if (!opened.ok()) {
    return Reject(opened.error());
  }
  const std::shared_ptr<pager::PageSource>& source = opened.value();
  const pager::ObjectInfo info = source->info();
  abi::PortReply reply = ReplyWith(ZX_OK);
  reply.flags = info.read_only ? abi::kPortObjectReadOnly : 0;
  reply.object = next_object_++;
  reply.size = info.size;
  reply.content_size = info.content_size;
  objects_.emplace(reply.object, Object{.source = source, .size = info.size});
  ++counters_.opens;
  return reply;
}

abi::PortReply PortSession::Close(const PortClose& close) {
  return objects_.erase(close.object) == 1 ? ReplyWith(ZX_OK) : Reject(ZX_ERR_NOT_FOUND);
}

std::optional<abi::PortReply> PortSession::Read(const PortRead& read, const PortCompletion& completion) {
  const auto found = objects_.find(read.object);
  if (found == objects_.end()) {
    return Reject(ZX_ERR_NOT_FOUND);
  }
  if (!base::RangeFits(read.offset, read.length, found->second.size)) {
    return Reject(ZX_ERR_OUT_OF_RANGE);
  }
  ++counters_.reads;
  ++reads_in_flight_;
  found->second.source->Read(
      pager::ReadRequest(read.offset, read.pages, std::make_unique<PortAnswer>(completions_, completion, read.length)));
  return std::nullopt;
}

abi::PortReply PortSession::Reject(zx_status_t status) {
  ++counters_.rejected;
  return ReplyWith(status);
}

// The reply is the end of the writable part, so the used length is all of it, whether the pages before it have been
// filled or not: the status says whether they may be used.
void PortSession::GiveBack(uint32_t queue, const PortCompletion& completion) {
  SplitQueue& ring = activation_.queues[queue]->ring;
  std::memcpy(completion.reply_buffer.bytes.data(), &completion.reply, sizeof(completion.reply));
  ring.AddUsed(completion.head, completion.used_length);
  if (ring.PublishUsed()) {
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
  return !work;
}

void PortSession::WakeUp() {
  for (auto& queue : activation_.queues) {
    if (queue) {
      queue->ring.DisableNotifications();
    }
  }
}

Activation PortSession::End() {
  objects_.clear();  // a source that goes answers what it holds
  completions_.Discard(reads_in_flight_);
  return std::move(activation_);
}

}  // namespace dev
