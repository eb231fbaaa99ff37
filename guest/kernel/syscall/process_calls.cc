// Making processes, starting them, and ending tasks from outside.
#include "guest/kernel/object/job_dispatcher.h"
#include "guest/kernel/object/policy.h"
#include "guest/kernel/object/vmar_dispatcher.h"
#include "guest/kernel/syscall/calls.h"

namespace gk::syscall {
namespace {

// Both handles or neither: what was made goes with the reservations.
Result<> GiveProcess(Caller& caller, RefPtr<ProcessDispatcher> process, RefPtr<VmarDispatcher> root,
                     UserOut<zx_handle_t> process_out, UserOut<zx_handle_t> vmar_out) {
  PAGODA_TRY_ASSIGN(HandleReservation process_handle, caller.handles().Reserve());
  PAGODA_TRY_ASSIGN(HandleReservation vmar_handle, caller.handles().Reserve());
  PAGODA_TRY(process_out.Write(caller, process_handle.value()));
  PAGODA_TRY(vmar_out.Write(caller, vmar_handle.value()));
  process_handle.Commit(Handle(std::move(process), ZX_DEFAULT_PROCESS_RIGHTS));
  vmar_handle.Commit(Handle(std::move(root), VmarDispatcher::kRootRights));
  return {};
}

Result<> CreateProcess(Caller& caller, zx_handle_t job_handle, const ObjectName& name, UserOut<zx_handle_t> process_out,
                       UserOut<zx_handle_t> vmar_out) {
  PAGODA_TRY_ASSIGN(RefPtr<JobDispatcher> job,
                    caller.handles().Get<JobDispatcher>(job_handle, ZX_RIGHT_MANAGE_PROCESS));
  PAGODA_TRY_ASSIGN(RefPtr<ProcessDispatcher> process, ProcessDispatcher::Create(std::move(job), name));
  process->SetVdso(caller.process.vdso());
  RefPtr<VmarDispatcher> root = VmarDispatcher::Create(process->address_space().root_reference());
  if (!root) {
    return Error(ZX_ERR_NO_MEMORY);
  }
  return GiveProcess(caller, std::move(process), std::move(root), process_out, vmar_out);
}

Result<> StartProcess(Caller& caller, zx_handle_t process_handle, zx_handle_t thread_handle, UserEntry entry,
                      zx_handle_t argument) {
  // Taken first, because it is gone in any case.
  Handle argument_handle = caller.handles().Remove(argument);
  PAGODA_TRY_ASSIGN(const RefPtr<ProcessDispatcher> process,
                    caller.handles().Get<ProcessDispatcher>(process_handle, ZX_RIGHT_WRITE));
  PAGODA_TRY_ASSIGN(const RefPtr<ThreadDispatcher> thread,
                    caller.handles().Get<ThreadDispatcher>(thread_handle, ZX_RIGHT_WRITE));
  if (&thread->process() != process.get()) {
    return Error(ZX_ERR_ACCESS_DENIED);
  }
  if (argument != ZX_HANDLE_INVALID && !argument_handle) {
    return Error(ZX_ERR_BAD_HANDLE);
  }
  if (argument_handle && !HasRights(argument_handle.rights(), ZX_RIGHT_TRANSFER)) {
    return Error(ZX_ERR_ACCESS_DENIED);
  }
  if (process->state() != ProcessDispatcher::State::kInitial) {
    return Error(ZX_ERR_BAD_STATE);
  }
  if (!argument_handle) {
    return thread->Start(entry);
  }
  PAGODA_TRY_ASSIGN(HandleReservation reservation, process->handles().Reserve());
  entry.argument1 = reservation.value();
  PAGODA_TRY(thread->Start(entry));  // it runs later: the kernel lock is held
  reservation.Commit(std::move(argument_handle));
  return {};
}

}  // namespace

Status process_create(Caller& caller, zx_handle_t job, UserInBytes name, size_t name_size, uint32_t options,
                      UserOut<zx_handle_t> process_out, UserOut<zx_handle_t> vmar_out) {
  if (options != 0) {
    return Status(ZX_ERR_INVALID_ARGS);
  }
  const Result<ObjectName> copied_name = ReadObjectName(caller, name, name_size);
  if (!copied_name) {
    return copied_name.error();
  }
  if (const Status allowed = EnforcePolicy(caller.process, caller.thread, ZX_POL_NEW_PROCESS); !allowed.ok()) {
    return allowed;
  }
  return StatusOf(CreateProcess(caller, job, *copied_name, process_out, vmar_out));
}

Status process_start(Caller& caller, zx_handle_t process, zx_handle_t thread, VirtualAddress entry,
                     VirtualAddress stack, zx_handle_t argument1, uint64_t argument2) {
  return StatusOf(StartProcess(caller, process, thread,
                               {.rip = entry, .stack = stack, .argument1 = 0, .argument2 = argument2}, argument1));
}

Status task_kill(Caller& caller, zx_handle_t task) {
  const Result<RefPtr<Dispatcher>> object = caller.handles().GetAny(task, ZX_RIGHT_NONE);
  if (!object) {
    return object.error();
  }
  const RefPtr<ThreadDispatcher> thread = DownCast<ThreadDispatcher>(*object);
  const RefPtr<ProcessDispatcher> process = DownCast<ProcessDispatcher>(*object);
  const RefPtr<JobDispatcher> job = DownCast<JobDispatcher>(*object);
  if (!thread && !process && !job) {
    return Status(ZX_ERR_WRONG_TYPE);
  }
  if (!HasRights(caller.handles().Find(task)->rights(), ZX_RIGHT_DESTROY)) {
    return Status(ZX_ERR_ACCESS_DENIED);
  }
  if (thread) {
    thread->Kill();
  } else if (process) {
    process->Kill(ZX_TASK_RETCODE_SYSCALL_KILL);
  } else {
    job->Kill(ZX_TASK_RETCODE_SYSCALL_KILL);
  }
  return Status(ZX_OK);
}

}  // namespace gk::syscall
