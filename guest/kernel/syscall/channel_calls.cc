// Calls on channels.
#include "guest/kernel/syscall/calls.h"
#include "guest/kernel/syscall/message_copy.h"

namespace gk::syscall {
namespace {

Result<RefPtr<ChannelDispatcher>> GetChannel(Caller& caller, zx_handle_t handle, zx_rights_t rights) {
  return caller.handles().Get<ChannelDispatcher>(handle, rights);
}

Result<> CreateChannel(Caller& caller, UserOut<zx_handle_t> first, UserOut<zx_handle_t> second) {
  PAGODA_TRY(CheckPolicy(caller, ZX_POL_NEW_CHANNEL));
  PAGODA_TRY_ASSIGN(ChannelDispatcher::Ends ends, ChannelDispatcher::Create());
  return GiveHandles(caller, first, Handle(std::move(ends.first), ZX_DEFAULT_CHANNEL_RIGHTS), second,
                     Handle(std::move(ends.second), ZX_DEFAULT_CHANNEL_RIGHTS));
}

Result<> ReadChannel(Caller& caller, zx_handle_t handle, uint32_t options, const IncomingBuffers& buffers) {
  if ((options & ~ZX_CHANNEL_READ_MAY_DISCARD) != 0) {
    return Error(ZX_ERR_NOT_SUPPORTED);
  }
  PAGODA_TRY_ASSIGN(const RefPtr<ChannelDispatcher> channel, GetChannel(caller, handle, ZX_RIGHT_READ));
  const Message* front = channel->Front();
  if (front == nullptr) {
    return Error(channel->EmptyStatus());
  }
  if (buffers.Fit(*front)) {
    return GiveMessage(caller, buffers, channel->Read());
  }
  const size_t bytes = front->bytes().size();
  const size_t handles = front->handles().size();
  if ((options & ZX_CHANNEL_READ_MAY_DISCARD) != 0) {
    const MessagePtr discarded = channel->Read();
  }
  PAGODA_TRY(WriteSizes(caller, buffers, bytes, handles));
  return Error(ZX_ERR_BUFFER_TOO_SMALL);
}

Result<> WriteChannel(Caller& caller, zx_handle_t handle, uint32_t options, const OutgoingMessage& outgoing) {
  const Result<RefPtr<ChannelDispatcher>> channel =
      options == 0 ? GetChannel(caller, handle, ZX_RIGHT_WRITE) : Error(ZX_ERR_INVALID_ARGS);
  if (!channel) {
    DropHandles(caller, outgoing);
    return Error(channel.error());
  }
  PAGODA_TRY_ASSIGN(MessagePtr message, ReadMessage(caller, **channel, outgoing));
  return (*channel)->Write(std::move(message));
}

Result<RefPtr<ChannelDispatcher>> CheckCall(Caller& caller, zx_handle_t handle, uint32_t options,
                                            const OutgoingMessage& request) {
  if (options != 0 || request.byte_count < sizeof(zx_txid_t)) {
    return Error(ZX_ERR_INVALID_ARGS);
  }
  return GetChannel(caller, handle, ZX_RIGHT_READ | ZX_RIGHT_WRITE);
}

Result<> CallChannel(Caller& caller, zx_handle_t handle, uint32_t options, zx_time_t deadline,
                     const OutgoingMessage& request, const IncomingBuffers& buffers) {
  const Result<RefPtr<ChannelDispatcher>> channel = CheckCall(caller, handle, options, request);
  if (!channel) {
    DropHandles(caller, request);
    return Error(channel.error());
  }
  PAGODA_TRY_ASSIGN(MessagePtr message, ReadMessage(caller, **channel, request));
  PAGODA_TRY_ASSIGN(MessagePtr reply, (*channel)->Call(std::move(message), deadline));
  if (buffers.Fit(*reply)) {
    return GiveMessage(caller, buffers, std::move(reply));
  }
  PAGODA_TRY(WriteSizes(caller, buffers, reply->bytes().size(), reply->handles().size()));
  return Error(ZX_ERR_BUFFER_TOO_SMALL);
}

// `Args` is zx_channel_call_args_t or zx_channel_call_etc_args_t, which differ in what their handle pointers point to.
template <typename Args>
Result<> CallChannel(Caller& caller, zx_handle_t handle, uint32_t options, zx_time_t deadline, UserIn<Args> arguments,
                     HandleForm form, UserOut<uint32_t> actual_bytes, UserOut<uint32_t> actual_handles) {
  PAGODA_TRY_ASSIGN(const Args args, arguments.Read(caller));
  const auto address = [](const void* pointer) { return reinterpret_cast<VirtualAddress>(pointer); };
  const OutgoingMessage request{.bytes = {address(args.wr_bytes)},
                                .byte_count = args.wr_num_bytes,
                                .handles = {address(args.wr_handles)},
                                .handle_count = args.wr_num_handles,
                                .form = form};
  const IncomingBuffers buffers{.bytes = {address(args.rd_bytes)},
                                .byte_capacity = args.rd_num_bytes,
                                .handles = {address(args.rd_handles)},
                                .handle_capacity = args.rd_num_handles,
                                .form = form,
                                .actual_bytes = actual_bytes,
                                .actual_handles = actual_handles};
  return CallChannel(caller, handle, options, deadline, request, buffers);
}

}  // namespace

Status channel_create(Caller& caller, uint32_t options, UserOut<zx_handle_t> first, UserOut<zx_handle_t> second) {
  if (options != 0) {
    return Status(ZX_ERR_INVALID_ARGS);
  }
  return StatusOf(CreateChannel(caller, first, second));
}

Status channel_read(Caller& caller, zx_handle_t handle, uint32_t options, UserOutBytes bytes, UserOutBytes handles,
                    uint32_t byte_capacity, uint32_t handle_capacity, UserOut<uint32_t> actual_bytes,
                    UserOut<uint32_t> actual_handles) {
  return StatusOf(ReadChannel(caller, handle, options,
                              {.bytes = bytes,
                               .byte_capacity = byte_capacity,
                               .handles = handles,
                               .handle_capacity = handle_capacity,
                               .form = HandleForm::kPlain,
                               .actual_bytes = actual_bytes,
                               .actual_handles = actual_handles}));
}

Status channel_read_etc(Caller& caller, zx_handle_t handle, uint32_t options, UserOutBytes bytes, UserOutBytes handles,
                        uint32_t byte_capacity, uint32_t handle_capacity, UserOut<uint32_t> actual_bytes,
                        UserOut<uint32_t> actual_handles) {
  return StatusOf(ReadChannel(caller, handle, options,
                              {.bytes = bytes,
                               .byte_capacity = byte_capacity,
                               .handles = handles,
                               .handle_capacity = handle_capacity,
                               .form = HandleForm::kDescribed,
                               .actual_bytes = actual_bytes,
                               .actual_handles = actual_handles}));
}

Status channel_write(Caller& caller, zx_handle_t handle, uint32_t options, UserInBytes bytes, uint32_t byte_count,
                     UserInBytes handles, uint32_t handle_count) {
  return StatusOf(WriteChannel(caller, handle, options,
                               {.bytes = bytes,
                                .byte_count = byte_count,
                                .handles = {handles.address},
                                .handle_count = handle_count,
                                .form = HandleForm::kPlain}));
}

Status channel_write_etc(Caller& caller, zx_handle_t handle, uint32_t options, UserInBytes bytes, uint32_t byte_count,
                         UserOutBytes handles, uint32_t handle_count) {
  return StatusOf(WriteChannel(caller, handle, options,
                               {.bytes = bytes,
                                .byte_count = byte_count,
                                .handles = handles,
                                .handle_count = handle_count,
                                .form = HandleForm::kDescribed}));
}

Status channel_call(Caller& caller, zx_handle_t handle, uint32_t options, zx_time_t deadline,
                    UserIn<zx_channel_call_args_t> args, UserOut<uint32_t> actual_bytes,
                    UserOut<uint32_t> actual_handles) {
  return StatusOf(
      CallChannel(caller, handle, options, deadline, args, HandleForm::kPlain, actual_bytes, actual_handles));
}

Status channel_call_etc(Caller& caller, zx_handle_t handle, uint32_t options, zx_time_t deadline,
                        UserIn<zx_channel_call_etc_args_t> args, UserOut<uint32_t> actual_bytes,
                        UserOut<uint32_t> actual_handles) {
  return StatusOf(
      CallChannel(caller, handle, options, deadline, args, HandleForm::kDescribed, actual_bytes, actual_handles));
}

}  // namespace gk::syscall
