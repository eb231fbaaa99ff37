// From a program's memory and handle table to a message.
#include "guest/kernel/syscall/message_copy.h"

namespace gk::syscall {
namespace {

constexpr uint32_t kMaxHandles = ZX_CHANNEL_MAX_MSG_HANDLES;
using Dispositions = std::array<zx_handle_disposition_t, kMaxHandles>;

// Both forms come to the same: a plain handle is one to be moved as it is. `count` <= kMaxHandles.
Result<> ReadDispositions(Caller& caller, const OutgoingMessage& outgoing, uint32_t first, uint32_t count,
                          Dispositions& result) {
  if (outgoing.form == HandleForm::kDescribed) {
    const VirtualAddress address = outgoing.handles.address + uint64_t{first} * sizeof(result[0]);
    return CopyFromUser(caller.address_space(), result.data(), address, count * sizeof(result[0]));
  }
  std::array<zx_handle_t, kMaxHandles> values;
  const VirtualAddress address = outgoing.handles.address + uint64_t{first} * sizeof(values[0]);
  PAGODA_TRY(CopyFromUser(caller.address_space(), values.data(), address, count * sizeof(values[0])));
  for (uint32_t i = 0; i < count; ++i) {
    result[i] = {.operation = ZX_HANDLE_OP_MOVE,
                 .handle = values[i],
                 .type = ZX_OBJ_TYPE_NONE,
                 .rights = ZX_RIGHT_SAME_RIGHTS,
                 .result = ZX_OK};
  }
  return {};
}

Status CheckHandle(const Handle& handle, const ChannelDispatcher& channel, const zx_handle_disposition_t& wanted) {
  if (handle.object().get() == &channel) {
    return Status(ZX_ERR_NOT_SUPPORTED);  // nobody could ever read it
  }
  if (wanted.type != ZX_OBJ_TYPE_NONE && wanted.type != handle.object()->type()) {
    return Status(ZX_ERR_WRONG_TYPE);
  }
  if (!HasRights(handle.rights(), ZX_RIGHT_TRANSFER)) {
    return Status(ZX_ERR_ACCESS_DENIED);
  }
  if (wanted.operation == ZX_HANDLE_OP_DUPLICATE && !HasRights(handle.rights(), ZX_RIGHT_DUPLICATE)) {
    return Status(ZX_ERR_ACCESS_DENIED);
  }
  const bool fewer = wanted.rights == ZX_RIGHT_SAME_RIGHTS || HasRights(handle.rights(), wanted.rights);
  return Status(fewer ? ZX_OK : ZX_ERR_INVALID_ARGS);
}

// Takes the handle out of the table, or copies it. Empty: there is none.
Handle Withdraw(Caller& caller, const zx_handle_disposition_t& wanted) {
  if (wanted.operation == ZX_HANDLE_OP_MOVE) {
    return caller.handles().Remove(wanted.handle);
  }
  const Handle* handle = caller.handles().Find(wanted.handle);
  return handle != nullptr ? Handle(handle->object(), handle->rights()) : Handle();
}

Status Transfer(Caller& caller, const ChannelDispatcher& channel, const zx_handle_disposition_t& wanted,
                Message& message) {
  if (wanted.operation != ZX_HANDLE_OP_MOVE && wanted.operation != ZX_HANDLE_OP_DUPLICATE) {
    return Status(ZX_ERR_INVALID_ARGS);
  }
  const Handle handle = Withdraw(caller, wanted);
  if (!handle) {
    return Status(ZX_ERR_BAD_HANDLE);
  }
  const Status status = CheckHandle(handle, channel, wanted);
  if (status.ok()) {
    const bool same = wanted.rights == ZX_RIGHT_SAME_RIGHTS;
    message.Append(Handle(handle.object(), same ? handle.rights() : wanted.rights));
  }
  return status;
}

// All handles leave the program, even when one of them cannot travel. The first failure is the result.
Result<> TransferHandles(Caller& caller, const ChannelDispatcher& channel, const OutgoingMessage& outgoing,
                         Message& message) {
  Dispositions dispositions;
  PAGODA_TRY(ReadDispositions(caller, outgoing, 0, outgoing.handle_count, dispositions));
  Status first_failure(ZX_OK);
  for (uint32_t i = 0; i < outgoing.handle_count; ++i) {
    const Status status = Transfer(caller, channel, dispositions[i], message);
    dispositions[i].result = status.value();
    first_failure = first_failure.ok() ? status : first_failure;
  }
  if (first_failure.ok()) {
    return {};
  }
  if (outgoing.form == HandleForm::kDescribed) {
    // What went wrong is told as well as it can be; the call has failed already.
    const size_t size = outgoing.handle_count * sizeof(dispositions[0]);
    static_cast<void>(CopyToUser(caller.address_space(), outgoing.handles.address, dispositions.data(), size));
  }
  return Error(first_failure);
}

Result<MessagePtr> ReadBytes(Caller& caller, const OutgoingMessage& outgoing) {
  PAGODA_TRY_ASSIGN(MessagePtr message, Message::Create(outgoing.byte_count, outgoing.handle_count));
  const std::span<std::byte> bytes = message->bytes();
  PAGODA_TRY(CopyFromUser(caller.address_space(), bytes.data(), outgoing.bytes.address, bytes.size()));
  return message;
}

}  // namespace

Result<MessagePtr> ReadMessage(Caller& caller, const ChannelDispatcher& channel, const OutgoingMessage& outgoing) {
  Result<MessagePtr> message = ReadBytes(caller, outgoing);
  if (!message) {
    DropHandles(caller, outgoing);
    return message;
  }
  PAGODA_TRY(TransferHandles(caller, channel, outgoing, **message));
  return message;
}

// The count is whatever the program says. More numbers than there can be handles are not looked at: the kernel lock is
// held all the time.
void DropHandles(Caller& caller, const OutgoingMessage& outgoing) {
  const uint32_t total =
      outgoing.handle_count < HandleTable::kMaxHandles ? outgoing.handle_count : HandleTable::kMaxHandles;
  Dispositions dispositions;
  for (uint32_t first = 0; first < total;) {
    const uint32_t left = total - first;
    const uint32_t count = left < kMaxHandles ? left : kMaxHandles;
    if (!ReadDispositions(caller, outgoing, first, count, dispositions)) {
      return;
    }
    for (uint32_t i = 0; i < count; ++i) {
      if (dispositions[i].operation == ZX_HANDLE_OP_MOVE) {
        caller.handles().Remove(dispositions[i].handle).Reset();
      }
    }
    first += count;
  }
}

}  // namespace gk::syscall
