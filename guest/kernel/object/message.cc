#include "guest/kernel/object/message.h"

#include <string.h>

#include <new>

#include "guest/kernel/lib/panic.h"
#include "shared/base/immortal.h"

namespace gk {
namespace {

// Messages that wait for their end while another one is being destroyed.
constinit base::Immortal<base::IntrusiveList<Message>> discarded;
constinit bool discarding = false;

}  // namespace

MessagePtr::~MessagePtr() {
  if (message_ != nullptr) {
    Message::Discard(message_);
  }
}

Result<MessagePtr> Message::Create(size_t byte_count, size_t handle_capacity) {
  if (byte_count > ZX_CHANNEL_MAX_MSG_BYTES || handle_capacity > ZX_CHANNEL_MAX_MSG_HANDLES) {
    return Error(ZX_ERR_OUT_OF_RANGE);
  }
  MessagePtr message(new (std::nothrow) Message(byte_count, handle_capacity));
  if (!message || message->bytes_ == nullptr || message->handles_ == nullptr) {
    return Error(ZX_ERR_NO_MEMORY);
  }
  return message;
}

Message::Message(size_t byte_count, size_t handle_capacity)
    : byte_count_(byte_count),
      handle_capacity_(handle_capacity),
      bytes_(static_cast<std::byte*>(HeapAllocate(byte_count))),
      handles_(static_cast<Handle*>(HeapAllocate(handle_capacity * sizeof(Handle)))) {}

Message::~Message() {
  for (Handle& handle : handles()) {
    handle.~Handle();
  }
  HeapFree(handles_);
  HeapFree(bytes_);
}

void Message::Append(Handle handle) {
  GK_ASSERT(handle_count_ < handle_capacity_);
  new (&handles_[handle_count_]) Handle(std::move(handle));
  ++handle_count_;
}

zx_txid_t Message::txid() const {
  zx_txid_t txid = 0;
  if (byte_count_ >= sizeof(txid)) {
    memcpy(&txid, bytes_, sizeof(txid));
  }
  return txid;
}

void Message::SetTxid(zx_txid_t txid) {
  GK_ASSERT(byte_count_ >= sizeof(txid));
  memcpy(bytes_, &txid, sizeof(txid));
}

void Message::Discard(Message* message) {
  discarded->PushBack(*message);
  if (discarding) {
    return;
  }
  discarding = true;
  while (Message* next = discarded->PopFront()) {
    delete next;
  }
  discarding = false;
}

void MessageQueue::Push(MessagePtr message) {
  messages_.PushBack(*message.Release());
  ++size_;
}

MessagePtr MessageQueue::Pop() {
  Message* message = messages_.PopFront();
  size_ -= message != nullptr ? 1 : 0;
  return MessagePtr(message);
}

void MessageQueue::Clear() {
  while (Pop()) {
  }
}

}  // namespace gk
