// Where a task's exceptions go: the kernel's end of the channel through which a program handles them.
//
// A task has one for each kind of handler it can have. It is bound while the program's end of the channel is open, and
// can be bound again when that is closed.
#pragma once

#include <zircon/syscalls/exception.h>
#include <zircon/syscalls/object.h>
#include <zircon/types.h>

#include "guest/kernel/lib/ref_ptr.h"
#include "guest/kernel/lib/status.h"
#include "guest/kernel/object/channel_dispatcher.h"
#include "guest/kernel/object/handle.h"

namespace gk {

class ExceptionDispatcher;

// What a handler's exceptions let it do: the rights of the handles that zx_exception_get_thread and _get_process give.
struct HandlerRights {
  zx_rights_t thread = 0;
  zx_rights_t process = 0;  // ZX_RIGHT_NONE: no handle to the process
};

class Exceptionate {
 public:
  explicit Exceptionate(zx_exception_channel_type_t type) : type_(type) {}

  [[nodiscard]] zx_exception_channel_type_t type() const { return type_; }
  [[nodiscard]] const HandlerRights& rights() const { return rights_; }
  [[nodiscard]] bool bound() const;

  // Opens a channel and returns the program's end. ZX_ERR_ALREADY_BOUND; ZX_ERR_BAD_STATE: the task has ended;
  // ZX_ERR_NO_MEMORY.
  Result<RefPtr<ChannelDispatcher>> Bind(const HandlerRights& rights);

  // Sends the exception to the handler. False: there is none, or it cannot be reached.
  [[nodiscard]] bool Send(const RefPtr<ExceptionDispatcher>& exception);

  // The task has ended: no handler will hear anything any more.
  void Shutdown();

 private:
  const zx_exception_channel_type_t type_;
  Handle channel_;  // a handle, because a channel's end without one is closed
  HandlerRights rights_;
  bool shut_down_ = false;
};

}  // namespace gk
