// Calls on threads, and the ends of thread and process.
#include "guest/kernel/sched/thread.h"
#include "guest/kernel/syscall/calls.h"

namespace gk::syscall {
namespace {

Result<> CreateThread(Caller& caller, RefPtr<ProcessDispatcher> process, const ObjectName& name,
                      UserOut<zx_handle_t> out) {
  if (process->state() == ProcessDispatcher::State::kDying || process->state() == ProcessDispatcher::State::kDead) {
    return Error(ZX_ERR_BAD_STATE);
  }
  PAGODA_TRY_ASSIGN(RefPtr<ThreadDispatcher> thread, ThreadDispatcher::Create(std::move(process), name));
  return GiveHandle(caller, out, Handle(std::move(thread), ZX_DEFAULT_THREAD_RIGHTS));
}

}  // namespace

Status thread_create(Caller& caller, zx_handle_t process, UserInBytes name, size_t name_size, uint32_t options,
                     UserOut<zx_handle_t> out) {
  if (options != 0) {
    return Status(ZX_ERR_INVALID_ARGS);
  }
  const Result<ObjectName> copied_name = ReadObjectName(caller, name, name_size);
  if (!copied_name) {
    return copied_name.error();
  }
  Result<RefPtr<ProcessDispatcher>> target = caller.handles().Get<ProcessDispatcher>(process, ZX_RIGHT_MANAGE_THREAD);
  if (!target) {
    return target.error();
  }
  return StatusOf(CreateThread(caller, *target, *copied_name, out));
}

Status thread_start(Caller& caller, zx_handle_t thread, VirtualAddress entry, VirtualAddress stack, uint64_t argument1,
                    uint64_t argument2) {
  const Result<RefPtr<ThreadDispatcher>> target =
      caller.handles().Get<ThreadDispatcher>(thread, ZX_RIGHT_MANAGE_THREAD);
  if (!target) {
    return target.error();
  }
  // The first thread of a process is started with the process.
  if ((*target)->process().state() != ProcessDispatcher::State::kRunning) {
    return Status(ZX_ERR_BAD_STATE);
  }
  return StatusOf((*target)->Start({.rip = entry, .stack = stack, .argument1 = argument1, .argument2 = argument2}));
}

// The two that end the caller return like all others: a thread that was told to end does so at the boundary.
Status thread_exit(Caller& caller) {
  caller.thread.Exit();
  return Status(ZX_OK);
}

Status process_exit(Caller& caller, int64_t return_code) {
  caller.process.Kill(return_code);
  return Status(ZX_OK);
}

Status thread_yield(Caller& /*caller*/, uint32_t options) {
  if (options != 0) {
    return Status(ZX_ERR_INVALID_ARGS);
  }
  Thread::YieldCurrent();
  return Status(ZX_OK);
}

}  // namespace gk::syscall
