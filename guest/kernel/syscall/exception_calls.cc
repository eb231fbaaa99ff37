// Calls through which a program handles exceptions.
#include "guest/kernel/object/exception_dispatcher.h"
#include "guest/kernel/object/job_dispatcher.h"
#include "guest/kernel/object/policy.h"
#include "guest/kernel/syscall/calls.h"

namespace gk::syscall {
namespace {

// Null when `task` is no task, or a thread, which has no debugger of its own.
Exceptionate* FindExceptionate(const RefPtr<Dispatcher>& task, bool debugger) {
  if (const RefPtr<ThreadDispatcher> thread = DownCast<ThreadDispatcher>(task)) {
    return debugger ? nullptr : &thread->exceptionate();
  }
  if (const RefPtr<ProcessDispatcher> process = DownCast<ProcessDispatcher>(task)) {
    return debugger ? &process->debug_exceptionate() : &process->exceptionate();
  }
  if (const RefPtr<JobDispatcher> job = DownCast<JobDispatcher>(task)) {
    return debugger ? &job->debug_exceptionate() : &job->exceptionate();
  }
  return nullptr;
}

Result<> CreateChannel(Caller& caller, zx_handle_t handle, bool debugger, UserOut<zx_handle_t> out) {
  PAGODA_TRY_ASSIGN(const RefPtr<Dispatcher> task, caller.handles().GetAny(handle, ZX_RIGHT_NONE));
  const bool is_thread = task->type() == ZX_OBJ_TYPE_THREAD;
  if (!is_thread && task->type() != ZX_OBJ_TYPE_PROCESS && task->type() != ZX_OBJ_TYPE_JOB) {
    return Error(ZX_ERR_WRONG_TYPE);
  }
  constexpr zx_rights_t kThreadRights =
      ZX_RIGHT_INSPECT | ZX_RIGHT_DUPLICATE | ZX_RIGHT_TRANSFER | ZX_RIGHT_MANAGE_THREAD;
  const zx_rights_t rights = caller.handles().Find(handle)->rights();
  if (!HasRights(rights, is_thread ? kThreadRights : kThreadRights | ZX_RIGHT_ENUMERATE)) {
    return Error(ZX_ERR_ACCESS_DENIED);
  }
  Exceptionate* exceptionate = FindExceptionate(task, debugger);
  if (exceptionate == nullptr) {
    return Error(ZX_ERR_INVALID_ARGS);
  }
  PAGODA_TRY_ASSIGN(RefPtr<ChannelDispatcher> channel,
                    exceptionate->Bind({.thread = rights, .process = is_thread ? ZX_RIGHT_NONE : rights}));
  return GiveHandle(caller, out, Handle(std::move(channel), ZX_RIGHT_TRANSFER | ZX_RIGHT_WAIT | ZX_RIGHT_READ));
}

Result<> GetThread(Caller& caller, zx_handle_t handle, UserOut<zx_handle_t> out) {
  PAGODA_TRY_ASSIGN(const RefPtr<ExceptionDispatcher> exception,
                    caller.handles().Get<ExceptionDispatcher>(handle, ZX_RIGHT_NONE));
  return GiveHandle(caller, out, Handle(exception->thread(), exception->rights().thread));
}

Result<> GetProcess(Caller& caller, zx_handle_t handle, UserOut<zx_handle_t> out) {
  PAGODA_TRY_ASSIGN(const RefPtr<ExceptionDispatcher> exception,
                    caller.handles().Get<ExceptionDispatcher>(handle, ZX_RIGHT_NONE));
  if (exception->rights().process == ZX_RIGHT_NONE) {
    return Error(ZX_ERR_ACCESS_DENIED);  // its handler is one of the thread alone
  }
  return GiveHandle(caller, out, Handle(exception->thread()->process_reference(), exception->rights().process));
}

}  // namespace

Status task_create_exception_channel(Caller& caller, zx_handle_t task, uint32_t options, UserOut<zx_handle_t> out) {
  if ((options & ~ZX_EXCEPTION_CHANNEL_DEBUGGER) != 0) {
    return Status(ZX_ERR_INVALID_ARGS);
  }
  if (const Status allowed = EnforcePolicy(caller.process, caller.thread, ZX_POL_NEW_CHANNEL); !allowed.ok()) {
    return allowed;
  }
  return StatusOf(CreateChannel(caller, task, (options & ZX_EXCEPTION_CHANNEL_DEBUGGER) != 0, out));
}

Status exception_get_thread(Caller& caller, zx_handle_t exception, UserOut<zx_handle_t> out) {
  return StatusOf(GetThread(caller, exception, out));
}

Status exception_get_process(Caller& caller, zx_handle_t exception, UserOut<zx_handle_t> out) {
  return StatusOf(GetProcess(caller, exception, out));
}

}  // namespace gk::syscall
