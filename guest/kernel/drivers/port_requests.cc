#include "guest/kernel/drivers/port_requests.h"

#include <array>
#include <bit>
#include <utility>

#include "guest/kernel/sched/observation.h"
#include "guest/kernel/vm/page_source.h"
#include "guest/kernel/vm/pmm.h"

namespace gk::drivers {
namespace {

constexpr uint16_t kQueueSize = 1024;
constexpr size_t kLongestChain = SourceRequest::kMaxFilledRuns + 2;  // request and reply around the pages
static_assert(LentPages::kMost <= SourceRequest::kMaxFilledRuns);

}  // namespace

// One chain while it is put together.
class PortRequests::Chain {
 public:
  void Append(const QueueBuffer& buffer) { buffers_[count_++] = buffer; }

  // Neighbouring pages become one buffer; the first never joins the request in front of it.
  void AppendPages(std::span<Page* const> pages, bool device_writes) {
    const size_t start = count_;
    for (const Page* page : pages) {
      const PhysicalAddress address = page->physical_address();
      QueueBuffer& last = buffers_[count_ - 1];
      if (count_ > start && last.address + last.length == address) {
        last.length += kPageSize;
      } else {
        Append({.address = address, .length = kPageSize, .device_writes = device_writes});
      }
    }
  }

  [[nodiscard]] std::span<const QueueBuffer> buffers() const { return std::span(buffers_).first(count_); }
  [[nodiscard]] uint32_t size() const { return static_cast<uint32_t>(count_); }

 private:
  std::array<QueueBuffer, kLongestChain> buffers_;
  size_t count_ = 0;
};

PortRequests::~PortRequests() {
  if (messages_ != nullptr) {
    FreeContiguous(messages_, kMessagePages);
  }
}

Result<> PortRequests::SetUp(VirtioMmio& device) {
  messages_ = AllocateContiguous(kMessagePages, kPageSize);
  if (messages_ == nullptr) {
    return Error(ZX_ERR_NO_MEMORY);
  }
  PAGODA_TRY_ASSIGN(queue_, device.AddQueue(abi::kPortRequestQueue, kQueueSize));
  const uint32_t largest = device.ReadConfig(offsetof(abi::PortConfig, max_pages));
  if (queue_.size() < kLongestChain || largest < SourceRequest::kMaxFilledPages) {
    return Error(ZX_ERR_NOT_SUPPORTED);
  }
  device_ = &device;
  return {};
}

PhysicalAddress PortRequests::message_address(uint32_t slot) const {
  return messages_->physical_address() + slot * sizeof(PortMessage);
}

uint32_t PortRequests::free_slot_count() const { return static_cast<uint32_t>(std::popcount(free_slots_)); }

// --- sending ---

void PortRequests::Submit(PortObject& object, SourceRequest& question) {
  NoteStep(abi::GuestEventKind::kAsks, object.number());
  if (question.provider_data != 0) {
    HearOfAnswers();
  } else if (!busy()) {
    queue_.DisableInterrupts();
    interrupts_on_ = false;
  }
  object.backlog().questions.PushBack(question);
  Enqueue(object);
}

void PortRequests::Submit(PortObject& object, PortErrand& errand) {
  HearOfAnswers();
  object.backlog().errands.PushBack(errand);
  Enqueue(object);
}

// Nobody waits for the answer, so it must be heard of by an interrupt. That is said before the device can have
// answered.
void PortRequests::HearOfAnswers() {
  if (!std::exchange(interrupts_on_, true)) {
    queue_.InterruptForNext();
  }
}

void PortRequests::Enqueue(PortObject& object) {
  if (!static_cast<base::ListNode<PortTurnTag>&>(object).is_linked()) {
    turns_.PushBack(object);
  }
  SendBacklogs();
}

// Rounds in which each object sends one, until one sends nothing. What does not fit into the queue holds up those
// behind it, so that it gets its turn.
void PortRequests::SendBacklogs() {
  Attempt last = Attempt::kSent;
  for (bool sent = true; sent && last != Attempt::kNoRoom;) {
    sent = false;
    const PortObject* first_kept = nullptr;  // once it is in front again the round is over
    while (!turns_.empty() && &turns_.front() != first_kept) {
      PortObject& object = turns_.front();
      last = TrySend(object);
      if (last == Attempt::kNoRoom) {
        break;
      }
      sent = sent || last == Attempt::kSent;
      static_cast<base::ListNode<PortTurnTag>&>(object).Unlink();
      if (!object.backlog().empty()) {
        turns_.PushBack(object);
        first_kept = first_kept == nullptr ? &object : first_kept;
      }
    }
  }
  NoteStep(abi::GuestEventKind::kAsked);
  if (queue_.Publish()) {
    device_->NotifyLate(abi::kPortRequestQueue);
  }
}

// Takes the first of the backlog out and sends it, if there is room.
PortRequests::Attempt PortRequests::TrySend(PortObject& object) {
  PortBacklog& backlog = object.backlog();
  if (backlog.empty()) {  // it was withdrawn
    return Attempt::kOverShare;
  }
  if (free_slots_ == 0) {
    return Attempt::kNoRoom;
  }
  if (backlog.slots >= free_slot_count()) {
    return Attempt::kOverShare;
  }
  const auto index = static_cast<uint32_t>(std::countr_zero(free_slots_));
  Slot slot;
  slot.id = next_id_;
  Chain chain;
  chain.Append({.address = message_address(index), .length = sizeof(abi::PortRequest)});
  abi::PortRequest request = Describe(backlog, slot, chain);
  request.object = object.number();
  chain.Append({.address = message_address(index) + offsetof(PortMessage, reply),
                .length = sizeof(abi::PortReply),
                .device_writes = true});
  if (backlog.descriptors + chain.size() > queue_.free_descriptors()) {
    return backlog.descriptors == 0 ? Attempt::kNoRoom : Attempt::kOverShare;
  }
  ++next_id_;
  free_slots_ &= free_slots_ - 1;
  if (slot.errand != nullptr) {
    backlog.errands.PopFront();
  } else {
    backlog.questions.PopFront();
  }
  ++backlog.slots;
  backlog.descriptors += chain.size();
  slot.descriptors = chain.size();
  slot.object = RefPtr<PortObject>(&object);
  slots_[index] = std::move(slot);
  message(index) = {.request = request, .reply = {}};
  queue_.Add(chain.buffers(), index);
  return Attempt::kSent;
}

// The request for the first of the backlog, but for its object; `chain` gets its pages.
abi::PortRequest PortRequests::Describe(PortBacklog& backlog, Slot& slot, Chain& chain) {
  abi::PortRequest request{.id = slot.id,
                           .object = 0,
                           .offset = 0,
                           .length = 0,
                           .operation = 0,
                           .kind = abi::PortRequestKind::kComplete,
                           .reserved = 0};
  slot.reply_end = sizeof(abi::PortReply);
  if (!backlog.errands.empty()) {
    slot.errand = &backlog.errands.front();
    request.kind = slot.errand->kind;
    if (slot.errand->kind == abi::PortRequestKind::kLend) {
      const auto& loan = static_cast<const PortLoan&>(*slot.errand);
      request.offset = loan.offset;
      request.length = loan.pages.pages().size() * kPageSize;
      request.operation = loan.operation;
      chain.AppendPages(loan.pages.pages(), false);
    }
    return request;
  }
  slot.question = &backlog.questions.front();
  request.offset = slot.question->offset();
  request.length = slot.question->length();
  request.kind = abi::PortRequestKind::kDirty;
  if (slot.question->kind == SourceRequestKind::kRead) {
    request.kind = abi::PortRequestKind::kRead;
    request.operation = slot.question->provider_data;
    chain.AppendPages(slot.question->pages(), true);
    slot.reply_end += static_cast<uint32_t>(request.length);
  }
  return request;
}

void PortRequests::Withdraw(PortObject& object, SourceRequest& question) {
  auto& node = static_cast<base::ListNode<ProviderTag>&>(question);
  if (node.is_linked()) {
    node.Unlink();
    return;
  }
  for (Slot& slot : slots_) {
    if (slot.question == &question) {
      GK_ASSERT(slot.object.get() == &object);
      slot.question = nullptr;
    }
  }
}

// --- answers ---

PollOutcome PortRequests::Poll() {
  const PollOutcome outcome = PollQueue(
      queue_, [this](const UsedChain& used) { Finish(used); },
      [this](bool /*progress*/) {
        interrupts_on_ = interrupts_on_ && busy();
        return interrupts_on_ && queue_.EnableInterrupts();
      });
  if (outcome == PollOutcome::kProgress) {
    SendBacklogs();
  }
  return outcome;
}

Status PortRequests::Judge(const Slot& slot, uint32_t slot_index, uint32_t used_length) const {
  if (used_length != slot.reply_end) {
    return Status(ZX_ERR_IO_DATA_INTEGRITY);
  }
  const abi::PortReply reply = TakeShared(message(slot_index).reply);
  const Status status = StatusOfReply(reply, slot.id);
  const bool is_read = slot.question != nullptr && slot.question->kind == SourceRequestKind::kRead;
  if (status.ok() && is_read && reply.size != slot.question->length()) {
    return Status(ZX_ERR_IO_DATA_INTEGRITY);
  }
  return status;
}

void PortRequests::Finish(const UsedChain& used) {
  NoteStep(abi::GuestEventKind::kAnswered);
  const Status status = Judge(slots_[used.token], used.token, used.length);
  const Slot slot = std::exchange(slots_[used.token], {});
  free_slots_ |= uint64_t{1} << used.token;
  --slot.object->backlog().slots;
  slot.object->backlog().descriptors -= slot.descriptors;
  End(*slot.object, slot.question, slot.errand, status);
}

// The caller keeps the object alive.
void PortRequests::End(PortObject& object, SourceRequest* question, PortErrand* errand, Status status) {
  if (question != nullptr) {
    const uint64_t operation = question->kind == SourceRequestKind::kRead ? question->provider_data : 0;
    const uint64_t offset = question->offset();
    const uint64_t length = question->length();
    // OnRequestDone destroys the question, which may hold the last reference to its source.
    const RefPtr<PageSource> source = question->source;
    source->OnRequestDone(*question, status);
    if (operation != 0) {
      if (Vmo* vmo = object.vmo(); vmo != nullptr && status.ok()) {
        vmo->ExpectUse(offset, length);
      }
      supplies_.OnSupplyRead(operation, status);
    }
  } else if (errand != nullptr && errand->kind == abi::PortRequestKind::kLend) {
    delete static_cast<PortLoan*>(errand);
  } else if (errand != nullptr && errand->kind == abi::PortRequestKind::kSync) {
    AdoptRef(static_cast<PortSync*>(errand))->wait.Answer(status);
  } else if (errand != nullptr) {
    object.OnCompleteAnswered();
  }
}

void PortRequests::FailAll(Status status) {
  for (uint64_t taken = ~std::exchange(free_slots_, kAllFree); taken != 0; taken &= taken - 1) {
    const Slot slot = std::exchange(slots_[std::countr_zero(taken)], {});
    slot.object->backlog().slots = 0;
    slot.object->backlog().descriptors = 0;
    End(*slot.object, slot.question, slot.errand, status);
  }
  while (PortObject* waiting = turns_.PopFront()) {
    const RefPtr<PortObject> object(waiting);
    while (SourceRequest* question = object->backlog().questions.PopFront()) {
      End(*object, question, nullptr, status);
    }
    while (PortErrand* errand = object->backlog().errands.PopFront()) {
      End(*object, nullptr, errand, status);
    }
  }
}

}  // namespace gk::drivers
