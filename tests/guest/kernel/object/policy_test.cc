#include "guest/kernel/object/policy.h"

#include <gtest/gtest.h>

#include <vector>

namespace gk {
namespace {

constexpr uint32_t kOpen = ZX_POL_OVERRIDE_ALLOW;
constexpr uint32_t kFixed = ZX_POL_OVERRIDE_DENY;

zx_status_t Apply(JobPolicy& policy, PolicyMode mode, const std::vector<zx_policy_basic_v2_t>& rules) {
  return StatusOf(policy.Apply(mode, rules)).value();
}

TEST(JobPolicy, AllowsEverythingAtFirst) {
  const JobPolicy policy;
  for (uint32_t condition = 0; condition < ZX_POL_MAX; ++condition) {
    EXPECT_EQ(policy.action(condition), ZX_POL_ACTION_ALLOW);
  }
}

TEST(JobPolicy, NewAnyStandsForEveryNewObjectAndNothingElse) {
  JobPolicy policy;
  EXPECT_EQ(Apply(policy, PolicyMode::kAbsolute, {{ZX_POL_NEW_ANY, ZX_POL_ACTION_DENY, kOpen}}), ZX_OK);
  for (uint32_t condition : {ZX_POL_NEW_VMO, ZX_POL_NEW_CHANNEL, ZX_POL_NEW_PROCESS, ZX_POL_NEW_PAGER}) {
    EXPECT_EQ(policy.action(condition), ZX_POL_ACTION_DENY);
  }
  for (uint32_t condition : {ZX_POL_BAD_HANDLE, ZX_POL_WRONG_OBJECT, ZX_POL_VMAR_WX, ZX_POL_AMBIENT_MARK_VMO_EXEC}) {
    EXPECT_EQ(policy.action(condition), ZX_POL_ACTION_ALLOW);
  }
}

TEST(JobPolicy, AnOpenRuleCanBeChangedAndAFixedOneCannot) {
  JobPolicy policy;
  EXPECT_EQ(Apply(policy, PolicyMode::kAbsolute, {{ZX_POL_NEW_VMO, ZX_POL_ACTION_KILL, kOpen}}), ZX_OK);
  EXPECT_EQ(Apply(policy, PolicyMode::kAbsolute, {{ZX_POL_NEW_VMO, ZX_POL_ACTION_DENY, kFixed}}), ZX_OK);
  EXPECT_EQ(Apply(policy, PolicyMode::kRelative, {{ZX_POL_NEW_VMO, ZX_POL_ACTION_ALLOW, kOpen}}), ZX_OK);
  EXPECT_EQ(policy.action(ZX_POL_NEW_VMO), ZX_POL_ACTION_DENY);
  EXPECT_EQ(Apply(policy, PolicyMode::kAbsolute, {{ZX_POL_NEW_VMO, ZX_POL_ACTION_DENY, kFixed}}), ZX_OK) << "the same";
}

TEST(JobPolicy, NothingChangesWhenOneRuleFails) {
  JobPolicy policy;
  EXPECT_EQ(Apply(policy, PolicyMode::kAbsolute, {{ZX_POL_NEW_VMO, ZX_POL_ACTION_DENY, kFixed}}), ZX_OK);
  EXPECT_EQ(Apply(policy, PolicyMode::kAbsolute,
                  {{ZX_POL_NEW_PORT, ZX_POL_ACTION_DENY, kFixed}, {ZX_POL_NEW_VMO, ZX_POL_ACTION_ALLOW, kOpen}}),
            ZX_ERR_ALREADY_EXISTS);
  EXPECT_EQ(policy.action(ZX_POL_NEW_PORT), ZX_POL_ACTION_ALLOW);
}

TEST(JobPolicy, RefusesNumbersThatMeanNothing) {
  JobPolicy policy;
  EXPECT_EQ(Apply(policy, PolicyMode::kRelative, {{ZX_POL_MAX, ZX_POL_ACTION_DENY, kOpen}}), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(Apply(policy, PolicyMode::kRelative, {{ZX_POL_NEW_VMO, ZX_POL_ACTION_MAX, kOpen}}), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(Apply(policy, PolicyMode::kRelative, {{ZX_POL_NEW_VMO, ZX_POL_ACTION_DENY, 2}}), ZX_ERR_INVALID_ARGS);
}

}  // namespace
}  // namespace gk
