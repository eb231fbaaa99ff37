// Calls on jobs, and finding the members of jobs and processes.
#include "guest/kernel/object/job_dispatcher.h"

#include <array>

#include "guest/kernel/object/policy.h"
#include "guest/kernel/syscall/calls.h"

namespace gk::syscall {
namespace {

using Rules = std::array<zx_policy_basic_v2_t, ZX_POL_MAX>;

// In the second form, whatever the program's was.
template <typename T>
Result<> ReadRules(Caller& caller, UserInBytes address, uint32_t count, Rules& rules) {
  for (uint32_t i = 0; i < count; ++i) {
    PAGODA_TRY_ASSIGN(const T rule, UserIn<T>{.address = address.address + i * sizeof(T)}.Read(caller));
    if constexpr (sizeof(T) == sizeof(zx_policy_basic_v1_t)) {
      rules[i] = {.condition = rule.condition, .action = rule.policy, .flags = ZX_POL_OVERRIDE_DENY};
    } else {
      rules[i] = rule;
    }
  }
  return {};
}

Result<> SetPolicy(Caller& caller, zx_handle_t handle, PolicyMode mode, uint32_t topic, UserInBytes policy,
                   uint32_t count) {
  Rules rules;
  if (topic == ZX_JOB_POL_BASIC_V2) {
    PAGODA_TRY(ReadRules<zx_policy_basic_v2_t>(caller, policy, count, rules));
  } else {
    PAGODA_TRY(ReadRules<zx_policy_basic_v1_t>(caller, policy, count, rules));
  }
  PAGODA_TRY_ASSIGN(const RefPtr<JobDispatcher> job, caller.handles().Get<JobDispatcher>(handle, ZX_RIGHT_SET_POLICY));
  return job->SetPolicy(mode, std::span(rules).first(count));
}

Result<> CreateJob(Caller& caller, zx_handle_t parent_handle, UserOut<zx_handle_t> out) {
  PAGODA_TRY_ASSIGN(RefPtr<JobDispatcher> parent,
                    caller.handles().Get<JobDispatcher>(parent_handle, ZX_RIGHT_MANAGE_JOB));
  PAGODA_TRY_ASSIGN(RefPtr<JobDispatcher> job, JobDispatcher::CreateChild(std::move(parent)));
  return GiveHandle(caller, out, Handle(std::move(job), ZX_DEFAULT_JOB_RIGHTS));
}

Result<> SetCritical(Caller& caller, zx_handle_t job_handle, zx_handle_t process_handle, bool only_failure) {
  PAGODA_TRY_ASSIGN(RefPtr<JobDispatcher> job, caller.handles().Get<JobDispatcher>(job_handle, ZX_RIGHT_DESTROY));
  PAGODA_TRY_ASSIGN(const RefPtr<ProcessDispatcher> process,
                    caller.handles().Get<ProcessDispatcher>(process_handle, ZX_RIGHT_WAIT));
  return process->SetCriticalTo(std::move(job), only_failure);
}

RefPtr<Dispatcher> FindThread(ProcessDispatcher& process, zx_koid_t koid) {
  RefPtr<Dispatcher> found;
  process.ForEachThread([&](ThreadDispatcher& thread) {
    if (thread.koid() == koid) {
      found = RefPtr<Dispatcher>(&thread);
    }
    return !found;
  });
  return found;
}

RefPtr<Dispatcher> FindMember(JobDispatcher& job, zx_koid_t koid) {
  RefPtr<Dispatcher> found;
  const auto look = [&](Dispatcher& member) {
    if (member.koid() == koid) {
      found = RefPtr<Dispatcher>(&member);
    }
    return !found;
  };
  job.ForEachProcess(look);
  if (!found) {
    job.ForEachJob(look);
  }
  return found;
}

zx_rights_t DefaultRightsOf(const Dispatcher& task) {
  switch (task.type()) {
    case ZX_OBJ_TYPE_THREAD:
      return ZX_DEFAULT_THREAD_RIGHTS;
    case ZX_OBJ_TYPE_PROCESS:
      return ZX_DEFAULT_PROCESS_RIGHTS;
    default:
      return ZX_DEFAULT_JOB_RIGHTS;
  }
}

Result<> GetChild(Caller& caller, zx_handle_t handle, zx_koid_t koid, zx_rights_t rights, UserOut<zx_handle_t> out) {
  PAGODA_TRY_ASSIGN(const RefPtr<Dispatcher> parent, caller.handles().GetAny(handle, ZX_RIGHT_ENUMERATE));
  const zx_rights_t parent_rights = caller.handles().Find(handle)->rights();
  const RefPtr<ProcessDispatcher> process = DownCast<ProcessDispatcher>(parent);
  const RefPtr<JobDispatcher> job = DownCast<JobDispatcher>(parent);
  if (!process && !job) {
    return Error(ZX_ERR_WRONG_TYPE);
  }
  RefPtr<Dispatcher> child = process ? FindThread(*process, koid) : FindMember(*job, koid);
  if (!child) {
    return Error(ZX_ERR_NOT_FOUND);
  }
  if (rights == ZX_RIGHT_SAME_RIGHTS) {
    rights = parent_rights & DefaultRightsOf(*child);
  } else if (!HasRights(parent_rights, rights)) {
    return Error(ZX_ERR_ACCESS_DENIED);
  }
  return GiveHandle(caller, out, Handle(std::move(child), rights));
}

}  // namespace

Status job_create(Caller& caller, zx_handle_t parent, uint32_t options, UserOut<zx_handle_t> out) {
  if (options != 0) {
    return Status(ZX_ERR_INVALID_ARGS);
  }
  return StatusOf(CreateJob(caller, parent, out));
}

Status job_set_policy(Caller& caller, zx_handle_t job, uint32_t options, uint32_t topic, UserInBytes policy,
                      uint32_t count) {
  const bool known_topic = topic == ZX_JOB_POL_BASIC_V1 || topic == ZX_JOB_POL_BASIC_V2;
  if (options > ZX_JOB_POL_ABSOLUTE || !known_topic || count == 0) {
    return Status(ZX_ERR_INVALID_ARGS);
  }
  if (count > ZX_POL_MAX) {
    return Status(ZX_ERR_OUT_OF_RANGE);
  }
  const PolicyMode mode = options == ZX_JOB_POL_RELATIVE ? PolicyMode::kRelative : PolicyMode::kAbsolute;
  return StatusOf(SetPolicy(caller, job, mode, topic, policy, count));
}

Status job_set_critical(Caller& caller, zx_handle_t job, uint32_t options, zx_handle_t process) {
  if ((options & ~ZX_JOB_CRITICAL_PROCESS_RETCODE_NONZERO) != 0) {
    return Status(ZX_ERR_INVALID_ARGS);
  }
  return StatusOf(SetCritical(caller, job, process, options != 0));
}

Status object_get_child(Caller& caller, zx_handle_t handle, zx_koid_t koid, zx_rights_t rights,
                        UserOut<zx_handle_t> out) {
  return StatusOf(GetChild(caller, handle, koid, rights, out));
}

}  // namespace gk::syscall
