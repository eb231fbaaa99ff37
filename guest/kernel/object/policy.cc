#include "guest/kernel/object/policy.h"

#include "guest/kernel/object/job_dispatcher.h"
#include "guest/kernel/object/process_dispatcher.h"
#include "guest/kernel/object/thread_dispatcher.h"

namespace gk {

Result<> JobPolicy::Apply(PolicyMode mode, std::span<const zx_policy_basic_v2_t> rules) {
  JobPolicy changed = *this;
  for (const zx_policy_basic_v2_t& rule : rules) {
    PAGODA_TRY(changed.ApplyRule(mode, rule));
  }
  *this = changed;
  return {};
}

Result<> JobPolicy::ApplyRule(PolicyMode mode, const zx_policy_basic_v2_t& rule) {
  if (rule.condition >= ZX_POL_MAX || rule.action >= ZX_POL_ACTION_MAX || rule.flags > ZX_POL_OVERRIDE_DENY) {
    return Error(ZX_ERR_INVALID_ARGS);
  }
  const Rule wanted{.action = static_cast<uint8_t>(rule.action), .fixed = rule.flags == ZX_POL_OVERRIDE_DENY};
  if (rule.condition == ZX_POL_NEW_ANY) {
    for (uint32_t condition = 0; condition < ZX_POL_MAX; ++condition) {
      if (IsNewObjectCondition(condition)) {
        PAGODA_TRY(SetRule(mode, condition, wanted));
      }
    }
  }
  return SetRule(mode, rule.condition, wanted);
}

Result<> JobPolicy::SetRule(PolicyMode mode, uint32_t condition, Rule rule) {
  Rule& present = rules_[condition];
  if (!present.fixed) {
    present = rule;
  } else if (present.action != rule.action && mode == PolicyMode::kAbsolute) {
    return Error(ZX_ERR_ALREADY_EXISTS);
  }
  return {};
}

Status EnforcePolicy(ProcessDispatcher& process, ThreadDispatcher& thread, uint32_t condition) {
  switch (process.job().policy().action(condition)) {
    case ZX_POL_ACTION_ALLOW:
      return Status(ZX_OK);
    case ZX_POL_ACTION_ALLOW_EXCEPTION:
      thread.QueuePolicyException(condition);
      return Status(ZX_OK);
    case ZX_POL_ACTION_DENY_EXCEPTION:
      thread.QueuePolicyException(condition);
      return Status(ZX_ERR_ACCESS_DENIED);
    case ZX_POL_ACTION_KILL:
      process.Kill(ZX_TASK_RETCODE_POLICY_KILL);
      return Status(ZX_ERR_ACCESS_DENIED);
    default:
      return Status(ZX_ERR_ACCESS_DENIED);
  }
}

}  // namespace gk
