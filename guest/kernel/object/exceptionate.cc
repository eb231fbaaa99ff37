#include "guest/kernel/object/exceptionate.h"

#include <string.h>

#include "guest/kernel/object/exception_dispatcher.h"
#include "guest/kernel/object/thread_dispatcher.h"

namespace gk {
namespace {

ChannelDispatcher& ChannelOf(const Handle& handle) { return static_cast<ChannelDispatcher&>(*handle.object()); }

Result<MessagePtr> MakeMessage(const RefPtr<ExceptionDispatcher>& exception) {
  zx_exception_info_t info{};
  info.pid = exception->thread()->process().koid();
  info.tid = exception->thread()->koid();
  info.type = exception->report().header.type;
  PAGODA_TRY_ASSIGN(MessagePtr message, Message::Create(sizeof(info), 1));
  memcpy(message->bytes().data(), &info, sizeof(info));
  message->Append(Handle(exception, ZX_DEFAULT_EXCEPTION_RIGHTS));
  return message;
}

}  // namespace

bool Exceptionate::bound() const { return channel_ && ChannelOf(channel_).Peer().ok(); }

Result<RefPtr<ChannelDispatcher>> Exceptionate::Bind(const HandlerRights& rights) {
  if (shut_down_) {
    return Error(ZX_ERR_BAD_STATE);
  }
  if (bound()) {
    return Error(ZX_ERR_ALREADY_BOUND);
  }
  PAGODA_TRY_ASSIGN(ChannelDispatcher::Ends ends, ChannelDispatcher::Create());
  channel_ = Handle(std::move(ends.first), ZX_RIGHT_NONE);
  rights_ = rights;
  return std::move(ends.second);
}

bool Exceptionate::Send(const RefPtr<ExceptionDispatcher>& exception) {
  if (!bound()) {
    return false;
  }
  exception->BeginHandling(*this);
  Result<MessagePtr> message = MakeMessage(exception);
  return message.ok() && ChannelOf(channel_).Write(std::move(*message)).ok();
}

void Exceptionate::Shutdown() {
  shut_down_ = true;
  channel_.Reset();
}

}  // namespace gk
