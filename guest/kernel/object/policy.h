// What the processes under a job may do: an action for each condition (zircon/syscalls/policy.h).
//
// A job is born with a copy of its parent's policy, and each rule in it is either open to jobs below or fixed. Whoever
// carries out a call with a condition asks EnforcePolicy before it does anything.
#pragma once

#include <zircon/syscalls/policy.h>
#include <zircon/types.h>

#include <array>
#include <span>

#include "guest/kernel/lib/status.h"

namespace gk {

class ProcessDispatcher;
class ThreadDispatcher;

enum class PolicyMode : uint8_t { kRelative, kAbsolute };

class JobPolicy {
 public:
  // Everything is allowed, nothing is fixed.
  constexpr JobPolicy() = default;

  // Applies the rules in their order; a later one meets what an earlier one fixed. ZX_ERR_INVALID_ARGS: a rule makes no
  // sense; ZX_ERR_ALREADY_EXISTS: in kAbsolute mode, a rule differs from a fixed one. Nothing changed on failure.
  Result<> Apply(PolicyMode mode, std::span<const zx_policy_basic_v2_t> rules);

  // A ZX_POL_ACTION_*. Precondition: condition < ZX_POL_MAX.
  [[nodiscard]] uint32_t action(uint32_t condition) const { return rules_[condition].action; }

 private:
  struct Rule {
    uint8_t action = ZX_POL_ACTION_ALLOW;
    bool fixed = false;
  };
  Result<> ApplyRule(PolicyMode mode, const zx_policy_basic_v2_t& rule);
  Result<> SetRule(PolicyMode mode, uint32_t condition, Rule rule);

  std::array<Rule, ZX_POL_MAX> rules_{};
};

// True for the conditions that ZX_POL_NEW_ANY stands for.
[[nodiscard]] constexpr bool IsNewObjectCondition(uint32_t condition) {
  return (condition >= ZX_POL_NEW_VMO && condition <= ZX_POL_NEW_PAGER) || condition == ZX_POL_NEW_IOB;
}

// `thread` of `process` is about to do what `condition` names. ZX_OK: it may. ZX_ERR_ACCESS_DENIED: it may not; the
// process may have been told to end. An exception that the policy wants is raised when the system call is over.
Status EnforcePolicy(ProcessDispatcher& process, ThreadDispatcher& thread, uint32_t condition);

}  // namespace gk
