// zx_vmo_set_cache_policy.
#include "tests/conformance/support.h"

namespace conformance {
namespace {

zx_status_t SetPolicy(const zx::vmo& vmo, uint32_t policy) { return zx_vmo_set_cache_policy(vmo.get(), policy); }

// vmo set_cache_policy | each policy on a fresh VMO | OK, and ZX_INFO_VMO says so
TEST(VmoCachePolicy, CanBeSet) {
  for (const uint32_t policy : {ZX_CACHE_POLICY_CACHED, ZX_CACHE_POLICY_UNCACHED, ZX_CACHE_POLICY_UNCACHED_DEVICE,
                                ZX_CACHE_POLICY_WRITE_COMBINING}) {
    const zx::vmo vmo = MakeVmo(1);
    ASSERT_OK(SetPolicy(vmo, policy));
    EXPECT_EQ(InfoOf(vmo).cache_policy, policy);
  }
}

// vmo set_cache_policy | cache_policy has other bits | INVALID_ARGS
TEST(VmoCachePolicy, UnknownPoliciesAreRefused) {
  const zx::vmo vmo = MakeVmo(1);
  for (const uint32_t policy : {4U, 8U, UINT32_MAX}) {
    EXPECT_STATUS(SetPolicy(vmo, policy), ZX_ERR_INVALID_ARGS);
  }
}

// vmo set_cache_policy | the handle lacks ZX_RIGHT_MAP | ACCESS_DENIED
TEST(VmoCachePolicy, NeedsTheRight) {
  EXPECT_STATUS(SetPolicy(WithRights(MakeVmo(1), kVmoRights & ~ZX_RIGHT_MAP), ZX_CACHE_POLICY_UNCACHED),
                ZX_ERR_ACCESS_DENIED);
}

// vmo set_cache_policy | handle is not a valid handle | BAD_HANDLE
// real set_cache_policy | handle is not a VMO handle | WRONG_TYPE
TEST(VmoCachePolicy, OtherHandlesAreRefused) {
  EXPECT_STATUS(zx_vmo_set_cache_policy(kNoSuchHandle, ZX_CACHE_POLICY_UNCACHED), ZX_ERR_BAD_HANDLE);
  EXPECT_STATUS(zx_vmo_set_cache_policy(zx_vmar_root_self(), ZX_CACHE_POLICY_UNCACHED), ZX_ERR_WRONG_TYPE);
}

// vmo set_cache_policy | the VMO is mapped | BAD_STATE, even for the policy that it has
TEST(VmoCachePolicy, MappedVmoIsRefused) {
  const zx::vmo vmo = MakeVmo(1);
  {
    const Mapping mapping(vmo, kRead, kPageSize);
    EXPECT_STATUS(SetPolicy(vmo, ZX_CACHE_POLICY_UNCACHED), ZX_ERR_BAD_STATE);
    EXPECT_STATUS(SetPolicy(vmo, ZX_CACHE_POLICY_CACHED), ZX_ERR_BAD_STATE);
  }
  EXPECT_OK(SetPolicy(vmo, ZX_CACHE_POLICY_UNCACHED));
}

// vmo set_cache_policy | the VMO has children or is a child | BAD_STATE
TEST(VmoCachePolicy, RelativesAreRefused) {
  const zx::vmo vmo = MakeVmo(1);
  const zx::vmo child = MakeChild(vmo, ZX_VMO_CHILD_SNAPSHOT, 0, 1);
  EXPECT_STATUS(SetPolicy(vmo, ZX_CACHE_POLICY_UNCACHED), ZX_ERR_BAD_STATE);
  EXPECT_STATUS(SetPolicy(child, ZX_CACHE_POLICY_UNCACHED), ZX_ERR_BAD_STATE);
}

// vmo set_cache_policy | pages are committed and the VMO is cached | OK
// vmo set_cache_policy | pages are committed and the VMO is not cached | BAD_STATE
TEST(VmoCachePolicy, CommittedPagesCannotBecomeCached) {
  const zx::vmo vmo = MakeTagged(1, 0);
  ASSERT_OK(SetPolicy(vmo, ZX_CACHE_POLICY_UNCACHED));
  EXPECT_STATUS(SetPolicy(vmo, ZX_CACHE_POLICY_CACHED), ZX_ERR_BAD_STATE);
}

// vmo read | the VMO has been marked uncached | BAD_STATE
// vmo write | the VMO has been marked uncached | BAD_STATE
TEST(VmoCachePolicy, UncachedVmoCannotBeReadOrWritten) {
  const zx::vmo vmo = MakeVmo(1);
  ASSERT_OK(SetPolicy(vmo, ZX_CACHE_POLICY_UNCACHED));
  uint8_t byte = 0;
  EXPECT_STATUS(vmo.read(&byte, 0, 1), ZX_ERR_BAD_STATE);
  EXPECT_STATUS(vmo.write(&byte, 0, 1), ZX_ERR_BAD_STATE);
}

// real create_child | ZX_VMO_CHILD_SNAPSHOT of an uncached VMO | BAD_STATE; its mappings work
TEST(VmoCachePolicy, UncachedVmoCanBeMappedButNotCopied) {
  const zx::vmo vmo = MakeVmo(1);
  ASSERT_OK(SetPolicy(vmo, ZX_CACHE_POLICY_UNCACHED));
  const Mapping mapping(vmo, kReadWrite, kPageSize);
  mapping.tag(0) = 42;
  EXPECT_STATUS(TryChild(vmo, ZX_VMO_CHILD_SNAPSHOT, 0, kPageSize), ZX_ERR_BAD_STATE);
  EXPECT_EQ(mapping.tag(0), 42U);
}

}  // namespace
}  // namespace conformance
