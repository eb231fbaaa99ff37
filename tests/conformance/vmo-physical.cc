// zx_vmo_replace_as_executable, zx_vmo_create_physical and zx_vmo_create_contiguous.
#include <lib/zx/resource.h>

#include "tests/conformance/support.h"

namespace conformance {
namespace {

// vmo replace_as_executable | handle is a VMO | a new handle with the old rights and ZX_RIGHT_EXECUTE; the old is gone
TEST(VmoReplaceAsExecutable, AddsTheRight) {
  zx::vmo vmo = MakeTagged(1, 0);
  const zx_handle_t old = vmo.release();
  zx::vmo executable;
  ASSERT_OK(zx_vmo_replace_as_executable(old, ZX_HANDLE_INVALID, executable.reset_and_get_address()));
  EXPECT_EQ(RightsOf(executable), kVmoRights | ZX_RIGHT_EXECUTE);
  EXPECT_EQ(TagOf(executable, 0), 1U);
  EXPECT_STATUS(zx_handle_close(old), ZX_ERR_BAD_HANDLE);
}

// vmo replace_as_executable | handle is not a valid VMO handle | an error
// vmo replace_as_executable | vmex is not a valid handle of a resource | BAD_HANDLE; handle is invalidated all the same
TEST(VmoReplaceAsExecutable, OtherHandlesAreRefused) {
  zx_handle_t out = ZX_HANDLE_INVALID;
  EXPECT_STATUS(zx_vmo_replace_as_executable(kNoSuchHandle, ZX_HANDLE_INVALID, &out), ZX_ERR_BAD_HANDLE);
  zx::vmo vmo = MakeVmo(1);
  const zx_handle_t old = vmo.release();
  EXPECT_STATUS(zx_vmo_replace_as_executable(old, kNoSuchHandle, &out), ZX_ERR_BAD_HANDLE);
  EXPECT_STATUS(zx_handle_close(old), ZX_ERR_BAD_HANDLE);
}

// vmo replace_as_executable | vmex is a resource of another kind | BAD_HANDLE; handle is invalidated all the same
// vmo replace_as_executable | vmex is a resource with base ZX_RSRC_SYSTEM_VMEX_BASE | OK
TEST(VmoReplaceAsExecutable, NeedsTheRightResource) {
  const zx::unowned_resource root(pagoda_root_resource());
  zx::resource other;
  ASSERT_OK(zx::resource::create(*root, ZX_RSRC_KIND_SYSTEM, ZX_RSRC_SYSTEM_INFO_BASE, 1, nullptr, 0, &other));
  zx::vmo vmo = MakeVmo(1);
  const zx_handle_t old = vmo.release();
  zx::vmo out;
  EXPECT_STATUS(zx_vmo_replace_as_executable(old, other.get(), out.reset_and_get_address()), ZX_ERR_BAD_HANDLE);
  EXPECT_STATUS(zx_handle_close(old), ZX_ERR_BAD_HANDLE);
  zx::resource vmex;
  ASSERT_OK(zx::resource::create(*root, ZX_RSRC_KIND_SYSTEM, ZX_RSRC_SYSTEM_VMEX_BASE, 1, nullptr, 0, &vmex));
  EXPECT_OK(zx_vmo_replace_as_executable(MakeVmo(1).release(), vmex.get(), out.reset_and_get_address()));
}

// vmo create_child | the parent's handle has ZX_RIGHT_EXECUTE | snapshots lose it, NO_WRITE snapshots and slices keep
// it
TEST(VmoReplaceAsExecutable, ChildrenKeepTheRightWhereNothingCanChange) {
  zx::vmo vmo = MakeVmo(1);
  zx::vmo executable;
  ASSERT_OK(zx_vmo_replace_as_executable(vmo.release(), ZX_HANDLE_INVALID, executable.reset_and_get_address()));
  EXPECT_EQ(RightsOf(MakeChild(executable, ZX_VMO_CHILD_SNAPSHOT, 0, 1)) & ZX_RIGHT_EXECUTE, 0U);
  EXPECT_NE(RightsOf(MakeChild(executable, ZX_VMO_CHILD_SNAPSHOT | ZX_VMO_CHILD_NO_WRITE, 0, 1)) & ZX_RIGHT_EXECUTE,
            0U);
  EXPECT_NE(RightsOf(MakeChild(executable, ZX_VMO_CHILD_SLICE, 0, 1)) & ZX_RIGHT_EXECUTE, 0U);
}

// vmar map | ZX_VM_PERM_EXECUTE with all rights | the code in the mapping runs
TEST(VmoReplaceAsExecutable, CodeRuns) {
  zx::vmo vmo = MakeVmo(1);
  constexpr uint8_t kReturn42[] = {0xb8, 42, 0, 0, 0, 0xc3};  // mov eax, 42; ret
  ASSERT_OK(vmo.write(kReturn42, 0, sizeof(kReturn42)));
  zx::vmo executable;
  ASSERT_OK(zx_vmo_replace_as_executable(vmo.release(), ZX_HANDLE_INVALID, executable.reset_and_get_address()));
  const Mapping mapping(executable, kRead | ZX_VM_PERM_EXECUTE, kPageSize);
  ASSERT_OK(mapping.status());
  EXPECT_EQ(reinterpret_cast<int (*)()>(mapping.address())(), 42);
}

// vmo create_physical | resource is not a resource | WRONG_TYPE
// vmo create_contiguous | bti is not a BTI | WRONG_TYPE
TEST(VmoCreatePhysical, OtherHandlesAreRefused) {
  const zx::vmo vmo = MakeVmo(1);
  zx_handle_t out = ZX_HANDLE_INVALID;
  EXPECT_STATUS(zx_vmo_create_physical(vmo.get(), 0, kPageSize, &out), ZX_ERR_WRONG_TYPE);
  EXPECT_STATUS(zx_vmo_create_contiguous(vmo.get(), kPageSize, 0, &out), ZX_ERR_WRONG_TYPE);
  EXPECT_STATUS(zx_vmo_create_physical(kNoSuchHandle, 0, kPageSize, &out), ZX_ERR_BAD_HANDLE);
  EXPECT_STATUS(zx_vmo_create_contiguous(kNoSuchHandle, kPageSize, 0, &out), ZX_ERR_BAD_HANDLE);
}

}  // namespace
}  // namespace conformance
