#include "guest/kernel/drivers/port_reads.h"

#include <array>
#include <bit>
#include <utility>

#include "guest/kernel/vm/page_source.h"
#include "guest/kernel/vm/pmm.h"

namespace gk::drivers {
namespace {

constexpr uint16_t kQueueSize = 256;
constexpr size_t kLongestChain = SourceRequest::kMaxFilledPages + 2;  // request and reply around the pages

// One chain while it is put together.
class Chain {
 public:
  void Append(const QueueBuffer& buffer) { buffers_[count_++] = buffer; }

  // Neighbouring pages become one buffer.
  void AppendPage(PhysicalAddress address) {
    QueueBuffer& last = buffers_[count_ - 1];
    if (last.device_writes && last.address + last.length == address) {
      last.length += kPageSize;
    } else {
      Append({.address = address, .length = kPageSize, .device_writes = true});
    }
  }

  [[nodiscard]] std::span<const QueueBuffer> buffers() const { return std::span(buffers_).first(count_); }

 private:
  std::array<QueueBuffer, kLongestChain> buffers_;
  size_t count_ = 0;
};

}  // namespace

PortReads::~PortReads() {
  if (messages_ != nullptr) {
    FreePage(messages_);
  }
}

Result<> PortReads::SetUp(VirtioMmio& device) {
  messages_ = AllocateZeroedPage();
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

void PortReads::Submit(SourceRequest& request, uint64_t object) {
  if (!busy()) {
    queue_.DisableInterrupts();
    interrupts_on_ = false;
  }
  request.provider_data = object;
  pending_.PushBack(request);
  ++pending_count_;
  SendPending();
}

// In the order of submission: a read that does not fit holds up those behind it, so that it gets its turn.
void PortReads::SendPending() {
  while (!pending_.empty() && TrySend(pending_.front())) {
  }
  if (queue_.Publish()) {
    device_->Notify(abi::kPortRequestQueue);
  }
}

// False: no room. Otherwise the request has left the list and is in a slot.
bool PortReads::TrySend(SourceRequest& request) {
  if (free_slots_ == 0) {
    return false;
  }
  const auto slot = static_cast<uint32_t>(std::countr_zero(free_slots_));
  const PhysicalAddress message_address = messages_->physical_address() + slot * sizeof(PortMessage);
  Chain chain;
  chain.Append({.address = message_address, .length = sizeof(abi::PortRequest)});
  for (const Page* page : request.pages()) {
    chain.AppendPage(page->physical_address());
  }
  // Never merged with the page before it, whatever its address: it is the device's reply that ends the chain.
  chain.Append({.address = message_address + offsetof(PortMessage, reply),
                .length = sizeof(abi::PortReply),
                .device_writes = true});
  if (chain.buffers().size() > queue_.free_descriptors()) {
    return false;
  }
  static_cast<base::ListNode<ProviderTag>&>(request).Unlink();
  --pending_count_;
  free_slots_ &= free_slots_ - 1;
  slots_[slot] = {.request = &request,
                  .id = next_id_++,
                  .reply_end = static_cast<uint32_t>(request.length() + sizeof(abi::PortReply))};
  message(slot) = {.request = {.id = slots_[slot].id,
                               .object = request.provider_data,
                               .offset = request.offset(),
                               .length = request.length(),
                               .operation = 0,
                               .kind = abi::PortRequestKind::kRead,
                               .reserved = 0},
                   .reply = {}};
  queue_.Add(chain.buffers(), slot);
  return true;
}

PollOutcome PortReads::Poll() {
  bool progress = false;
  do {
    while (true) {
      const auto used = queue_.PopUsed();
      if (!used.ok()) {
        return PollOutcome::kBroken;
      }
      if (!used->has_value()) {
        break;
      }
      Finish(**used);
      progress = true;
    }
    interrupts_on_ = interrupts_on_ && busy();
  } while (interrupts_on_ && queue_.EnableInterrupts());
  if (progress) {
    SendPending();
  }
  return progress ? PollOutcome::kProgress : PollOutcome::kNothing;
}

Status PortReads::Judge(const Slot& slot, uint32_t slot_index, uint32_t used_length) const {
  if (used_length != slot.reply_end) {
    return Status(ZX_ERR_IO_DATA_INTEGRITY);
  }
  const abi::PortReply reply = TakeReply(message(slot_index).reply);
  const Status status = StatusOfReply(reply, slot.id);
  if (status.ok() && reply.size != slot.request->length()) {
    return Status(ZX_ERR_IO_DATA_INTEGRITY);
  }
  return status;
}

void PortReads::Finish(const UsedChain& used) {
  const Slot slot = std::exchange(slots_[used.token], {});
  const Status status = Judge(slot, used.token, used.length);
  free_slots_ |= uint32_t{1} << used.token;
  // OnRequestDone destroys the request, which may hold the last reference to its source.
  const RefPtr<PageSource> source = slot.request->source;
  source->OnRequestDone(*slot.request, status);
}

void PortReads::FailAll(Status status) {
  const uint32_t taken = ~std::exchange(free_slots_, kAllFree);
  for (uint32_t i = 0; i < kSlots; ++i) {
    if ((taken >> i & 1) != 0) {
      SourceRequest& request = *std::exchange(slots_[i], {}).request;
      const RefPtr<PageSource> source = request.source;
      source->OnRequestDone(request, status);
    }
  }
  while (SourceRequest* request = pending_.PopFront()) {
    --pending_count_;
    const RefPtr<PageSource> source = request->source;
    source->OnRequestDone(*request, status);
  }
}

}  // namespace gk::drivers
