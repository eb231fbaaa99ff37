// Messages between a program and the kernel: bytes and handles in, bytes and handles out.
#pragma once

#include <zircon/types.h>

#include "guest/kernel/object/channel_dispatcher.h"
#include "guest/kernel/syscall/caller.h"
#include "guest/kernel/syscall/user_pointer.h"

namespace gk::syscall {

// How a program describes handles: the plain calls pass numbers, those called _etc pass structures.
enum class HandleForm : uint8_t { kPlain, kDescribed };

// What a program wants to write. Its handles go into the message or, on any failure, to nowhere: ReadMessage and
// DropHandles see to that.
struct OutgoingMessage {
  UserInBytes bytes;
  uint32_t byte_count;
  UserOutBytes handles;  // zx_handle_t or zx_handle_disposition_t, which gets results
  uint32_t handle_count;
  HandleForm form;
};

// Makes the message, for writing through `channel`. ZX_ERR_OUT_OF_RANGE: too long; ZX_ERR_INVALID_ARGS: bad memory or
// more rights than a handle has; ZX_ERR_BAD_HANDLE, ZX_ERR_NOT_SUPPORTED (the channel itself), ZX_ERR_ACCESS_DENIED,
// ZX_ERR_WRONG_TYPE, ZX_ERR_NO_MEMORY.
Result<MessagePtr> ReadMessage(Caller& caller, const ChannelDispatcher& channel, const OutgoingMessage& outgoing);

// A call failed before it came to ReadMessage: takes the handles that the program gave away from it.
void DropHandles(Caller& caller, const OutgoingMessage& outgoing);

// Where a program wants to have a message.
struct IncomingBuffers {
  UserOutBytes bytes;
  uint32_t byte_capacity;
  UserOutBytes handles;  // zx_handle_t or zx_handle_info_t
  uint32_t handle_capacity;
  HandleForm form;
  UserOut<uint32_t> actual_bytes;  // null: not wanted
  UserOut<uint32_t> actual_handles;

  [[nodiscard]] bool Fit(const Message& message) const {
    return message.bytes().size() <= byte_capacity && message.handles().size() <= handle_capacity;
  }
};

// Tells the sizes of a message. ZX_ERR_INVALID_ARGS.
Result<> WriteSizes(Caller& caller, const IncomingBuffers& buffers, size_t bytes, size_t handles);

// Gives `message` to the program, sizes included. ZX_ERR_INVALID_ARGS: bad memory, ZX_ERR_NO_MEMORY: no room for the
// handles; the message and its handles are gone then. Precondition: it fits.
Result<> GiveMessage(Caller& caller, const IncomingBuffers& buffers, MessagePtr message);

}  // namespace gk::syscall
