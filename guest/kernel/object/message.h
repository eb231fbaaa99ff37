// What travels through a channel: bytes and handles, which belong to nobody meanwhile.
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <zircon/types.h>

#include <array>
#include <cstddef>
#include <span>
#include <utility>

#include "guest/kernel/lib/heap.h"
#include "guest/kernel/lib/status.h"
#include "guest/kernel/object/handle.h"
#include "shared/base/intrusive_list.h"

namespace gk {

class Message;

// Owns a message. Letting it go closes the handles in it, which may in turn end channels with messages: that happens
// one after the other and not in depth, because programs decide how deep it is.
class MessagePtr {
 public:
  constexpr MessagePtr() = default;
  MessagePtr(MessagePtr&& other) noexcept : message_(other.Release()) {}
  MessagePtr& operator=(MessagePtr&& other) noexcept {
    MessagePtr taken(std::move(other));
    std::swap(message_, taken.message_);
    return *this;
  }
  ~MessagePtr();

  explicit operator bool() const { return message_ != nullptr; }
  Message& operator*() const { return *message_; }
  Message* operator->() const { return message_; }

 private:
  friend class Message;
  friend class MessageQueue;
  explicit MessagePtr(Message* message) : message_(message) {}
  [[nodiscard]] Message* Release() { return std::exchange(message_, nullptr); }

  Message* message_ = nullptr;
};

class Message final : public HeapObject, public base::ListNode<Message> {
 public:
  // Room for so many bytes, which the caller fills, and handles. ZX_ERR_OUT_OF_RANGE: more than ZX_CHANNEL_MAX_MSG_*;
  // ZX_ERR_NO_MEMORY.
  static Result<MessagePtr> Create(size_t byte_count, size_t handle_capacity);
  Message(const Message&) = delete;
  Message& operator=(const Message&) = delete;

  [[nodiscard]] std::span<std::byte> bytes() const { return {bytes_, byte_count_}; }
  [[nodiscard]] std::span<Handle> handles() const { return {handles_, handle_count_}; }
  // Precondition: there is room.
  void Append(Handle handle);

  // The first four bytes; 0 when the message is shorter.
  [[nodiscard]] zx_txid_t txid() const;
  // Precondition: the message has four bytes.
  void SetTxid(zx_txid_t txid);

 private:
  friend class MessagePtr;
  Message(size_t byte_count, size_t handle_capacity);
  ~Message();
  // Destroys `message`, or leaves that to the call that is destroying another one.
  static void Discard(Message* message);

  const size_t byte_count_;
  const size_t handle_capacity_;
  size_t handle_count_ = 0;
  std::byte* bytes_;
  Handle* handles_;
};

// Messages in order of arrival.
class MessageQueue {
 public:
  MessageQueue() = default;
  ~MessageQueue() { Clear(); }

  void Push(MessagePtr message);
  [[nodiscard]] MessagePtr Pop();
  void Clear();

  [[nodiscard]] uint32_t size() const { return size_; }
  // Precondition: not empty.
  [[nodiscard]] const Message& front() { return messages_.front(); }

 private:
  base::IntrusiveList<Message> messages_;
  uint32_t size_ = 0;
};

}  // namespace gk
