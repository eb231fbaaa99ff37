// The calls that make VMOs of all kinds, children among them, and executable handles.
#include <zircon/syscalls/resource.h>

#include "guest/kernel/object/bti_dispatcher.h"
#include "guest/kernel/object/resource_dispatcher.h"
#include "guest/kernel/object/vmo_dispatcher.h"
#include "guest/kernel/vm/api_policy.h"
#include "guest/kernel/vm/discardable.h"
#include "guest/kernel/vm/physical_ranges.h"
#include "tests/guest/kernel/object/object_fakes.h"
#include "tests/guest/kernel/syscall/syscall_fixture.h"

namespace gk {
namespace {

using abi::Syscall;

class VmoCreateCallsTest : public test::SyscallTest {
 protected:
  VmoCreateCallsTest() : out_(Put(ZX_HANDLE_INVALID)) { physical_ranges::SetAside(4); }
  ~VmoCreateCallsTest() override {
    process_->handles().Clear();
    physical_ranges::TakeBack();
    api_policy = ApiPolicy::kDocumented;
  }

  zx_handle_t Given() { return Get<zx_handle_t>(out_); }
  Vmo& VmoOf(zx_handle_t handle) { return (*process_->handles().Get<VmoDispatcher>(handle, 0))->vmo(); }
  zx_handle_t AddResource(const ResourceRange& range) {
    return Add(*ResourceDispatcher::Create(range, false, NameOf("r")), ZX_DEFAULT_RESOURCE_RIGHTS);
  }
  zx_handle_t AddBti() { return Add(BtiDispatcher::Create(), ZX_DEFAULT_BTI_RIGHTS); }
  int64_t CreateChild(zx_handle_t parent, uint32_t options, uint64_t offset, uint64_t size) {
    return Call(Syscall::vmo_create_child, parent, options, offset, size, out_);
  }

  VirtualAddress out_;
};

TEST_F(VmoCreateCallsTest, OptionsMakeDiscardableAndUnboundedObjects) {
  EXPECT_NE(VmoOf(CreateVmo(3 * kPageSize, ZX_VMO_DISCARDABLE)).content().discardable(), nullptr);
  const zx_handle_t unbounded = CreateVmo(42, ZX_VMO_UNBOUNDED);
  EXPECT_EQ(RightsOf(unbounded), ZX_DEFAULT_VMO_RIGHTS);
  EXPECT_EQ(VmoOf(unbounded).size(), Vmo::kMaxSize);
  EXPECT_EQ(VmoOf(unbounded).content_size(), 42u);
  EXPECT_EQ(Call(Syscall::vmo_create, 42, ZX_VMO_UNBOUNDED | ZX_VMO_RESIZABLE, out_), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(Call(Syscall::vmo_create, 42, ZX_VMO_TRAP_DIRTY, out_), ZX_ERR_INVALID_ARGS);
}

TEST_F(VmoCreateCallsTest, AContiguousObjectNeedsAnInitiatorASizeAndASaneAlignment) {
  const zx_handle_t bti = AddBti();
  EXPECT_EQ(Call(Syscall::vmo_create_contiguous, bti, kPageSize + 1, 16u, out_), ZX_OK);
  EXPECT_EQ(VmoOf(Given()).size(), 2 * kPageSize);
  EXPECT_EQ(VmoOf(Given()).content_size(), kPageSize + 1);
  EXPECT_EQ(VmoOf(Given()).PeekPage(0).address % 65536, 0u);
  EXPECT_EQ(Call(Syscall::vmo_create_contiguous, bti, 1, 0u, out_), ZX_OK);
  EXPECT_EQ(Call(Syscall::vmo_create_contiguous, bti, 0, 0u, out_), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(Call(Syscall::vmo_create_contiguous, bti, 1, 11u, out_), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(Call(Syscall::vmo_create_contiguous, bti, 1, 64u, out_), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(Call(Syscall::vmo_create_contiguous, bti, 1, 63u, out_), ZX_ERR_NO_MEMORY);
  EXPECT_EQ(Call(Syscall::vmo_create_contiguous, bti, uint64_t{1} << 50, 0u, out_), ZX_ERR_NO_MEMORY);
  EXPECT_EQ(Call(Syscall::vmo_create_contiguous, Without(bti, ZX_RIGHT_MAP), 1, 0u, out_), ZX_ERR_ACCESS_DENIED);
  EXPECT_EQ(Call(Syscall::vmo_create_contiguous, root_, 1, 0u, out_), ZX_ERR_WRONG_TYPE);
}

TEST_F(VmoCreateCallsTest, APhysicalObjectShowsWhatTheResourceGrantsAndIsNotCopied) {
  const auto [base, size] = physical_ranges::Granted();
  const zx_handle_t memory = AddResource({ZX_RSRC_KIND_MMIO, base, 2 * kPageSize});
  EXPECT_EQ(Call(Syscall::vmo_create_physical, memory, base, 2 * kPageSize, out_), ZX_OK);
  EXPECT_EQ(RightsOf(Given()), ZX_DEFAULT_VMO_RIGHTS | ZX_RIGHT_EXECUTE);
  const zx_handle_t vmo = Given();
  EXPECT_EQ(Call(Syscall::vmo_read, vmo, out_, 0, 1), ZX_ERR_NOT_SUPPORTED);
  EXPECT_EQ(Call(Syscall::vmo_op_range, vmo, ZX_VMO_OP_COMMIT, 0, kPageSize, 0, 0), ZX_ERR_NOT_SUPPORTED);
  EXPECT_EQ(Call(Syscall::vmo_op_range, vmo, ZX_VMO_OP_PREFETCH, 0, kPageSize, 0, 0), ZX_OK);
  EXPECT_EQ(Call(Syscall::vmo_op_range, vmo, ZX_VMO_OP_CACHE_CLEAN, 0, kPageSize, 0, 0), ZX_OK);
  EXPECT_EQ(Call(Syscall::vmo_create_physical, memory, base, 3 * kPageSize, out_), ZX_ERR_ACCESS_DENIED);
  EXPECT_EQ(Call(Syscall::vmo_create_physical, memory, base + 1, kPageSize, out_), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(Call(Syscall::vmo_create_physical, memory, base, 1, out_), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(Call(Syscall::vmo_create_physical, root_, base, 1, out_), ZX_ERR_WRONG_TYPE);
  EXPECT_EQ(Call(Syscall::vmo_create_physical, AddResource({ZX_RSRC_KIND_IRQ, base, size}), base, kPageSize, out_),
            ZX_ERR_ACCESS_DENIED);
  const zx_handle_t machine = Add(ResourceDispatcher::CreateRoot(), ZX_DEFAULT_RESOURCE_RIGHTS);
  EXPECT_EQ(Call(Syscall::vmo_create_physical, machine, 0, kPageSize, out_), ZX_ERR_ACCESS_DENIED)
      << "the kernel's memory, not even with the root";
}

TEST_F(VmoCreateCallsTest, AsInTheRealSystemPhysicalSizesAreRoundedAndRefusalsTold) {
  api_policy = ApiPolicy::kZircon;
  const PhysicalAddress base = physical_ranges::Granted().base;
  const zx_handle_t memory = AddResource({ZX_RSRC_KIND_MMIO, base, kPageSize});
  EXPECT_EQ(Call(Syscall::vmo_create_physical, memory, base, 1, out_), ZX_OK);
  EXPECT_EQ(RightsOf(Given()), ZX_DEFAULT_VMO_RIGHTS);
  EXPECT_EQ(Call(Syscall::vmo_create_physical, memory, base, kPageSize + 1, out_), ZX_ERR_OUT_OF_RANGE);
  EXPECT_EQ(Call(Syscall::vmo_create_physical, memory, base, UINT64_MAX, out_), ZX_ERR_OUT_OF_RANGE);
}

TEST_F(VmoCreateCallsTest, ASliceHasItsParentsRightsAndThoseOfProperties) {
  const zx_handle_t full = CreateVmo(2 * kPageSize);
  const zx_handle_t parent = Without(full, ZX_RIGHTS_PROPERTY | ZX_RIGHT_WAIT);
  EXPECT_EQ(CreateChild(parent, ZX_VMO_CHILD_SLICE, kPageSize, 1), ZX_OK);
  EXPECT_EQ(RightsOf(Given()), RightsOf(parent) | ZX_RIGHTS_PROPERTY);
  EXPECT_EQ(VmoOf(Given()).size(), kPageSize);
  EXPECT_EQ(CreateChild(parent, ZX_VMO_CHILD_SLICE | ZX_VMO_CHILD_NO_WRITE, 0, kPageSize), ZX_OK);
  EXPECT_EQ(RightsOf(Given()), (RightsOf(parent) | ZX_RIGHTS_PROPERTY) & ~ZX_RIGHT_WRITE);
}

TEST_F(VmoCreateCallsTest, ASnapshotCanBeWrittenByWhoeverMadeItAndNotRun) {
  const zx_handle_t vmo = CreateVmo(kPageSize);
  EXPECT_EQ(Call(Syscall::vmo_replace_as_executable, vmo, ZX_HANDLE_INVALID, out_), ZX_OK);
  const zx_handle_t parent = Without(Given(), ZX_RIGHT_WRITE | ZX_RIGHTS_PROPERTY);
  const zx_rights_t rights = RightsOf(parent) | ZX_RIGHTS_PROPERTY;
  for (const uint32_t kind :
       {ZX_VMO_CHILD_SNAPSHOT, ZX_VMO_CHILD_SNAPSHOT_AT_LEAST_ON_WRITE, ZX_VMO_CHILD_SNAPSHOT_MODIFIED}) {
    EXPECT_EQ(CreateChild(parent, kind, 0, kPageSize), ZX_OK);
    EXPECT_EQ(RightsOf(Given()), (rights | ZX_RIGHT_WRITE) & ~ZX_RIGHT_EXECUTE);
    EXPECT_EQ(CreateChild(parent, kind | ZX_VMO_CHILD_RESIZABLE, 0, kPageSize), ZX_OK);
    EXPECT_EQ(RightsOf(Given()), (rights | ZX_RIGHT_WRITE | ZX_RIGHT_RESIZE) & ~ZX_RIGHT_EXECUTE);
    EXPECT_EQ(CreateChild(parent, kind | ZX_VMO_CHILD_NO_WRITE, 0, kPageSize), ZX_OK);
    EXPECT_EQ(RightsOf(Given()), rights);
  }
}

TEST_F(VmoCreateCallsTest, WhatCannotBeCopiedOnWriteIsRefusedByItsKind) {
  EXPECT_EQ(Call(Syscall::vmo_create_contiguous, AddBti(), kPageSize, 0u, out_), ZX_OK);
  const zx_handle_t contiguous = Given();
  EXPECT_EQ(CreateChild(contiguous, ZX_VMO_CHILD_SNAPSHOT, 0, kPageSize), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(CreateChild(contiguous, ZX_VMO_CHILD_SLICE, 0, kPageSize), ZX_OK);
  EXPECT_EQ(VmoOf(Given()).content().kind(), ContentKind::kContiguous);
  const zx_handle_t memory = AddResource({ZX_RSRC_KIND_MMIO, physical_ranges::Granted().base, kPageSize});
  EXPECT_EQ(Call(Syscall::vmo_create_physical, memory, physical_ranges::Granted().base, kPageSize, out_), ZX_OK);
  const zx_handle_t physical = Given();
  EXPECT_EQ(CreateChild(physical, ZX_VMO_CHILD_SNAPSHOT, 0, kPageSize), ZX_ERR_NOT_SUPPORTED);
  const zx_handle_t discardable = CreateVmo(kPageSize, ZX_VMO_DISCARDABLE);
  for (const uint32_t kind : {ZX_VMO_CHILD_SNAPSHOT, ZX_VMO_CHILD_SNAPSHOT_AT_LEAST_ON_WRITE, ZX_VMO_CHILD_SLICE}) {
    EXPECT_EQ(CreateChild(discardable, kind, 0, kPageSize), ZX_ERR_NOT_SUPPORTED);
  }
  const zx_handle_t uncached = CreateVmo(kPageSize);
  EXPECT_EQ(Call(Syscall::vmo_set_cache_policy, uncached, ZX_CACHE_POLICY_UNCACHED), ZX_OK);
  EXPECT_EQ(CreateChild(uncached, ZX_VMO_CHILD_SNAPSHOT, 0, kPageSize), ZX_ERR_BAD_STATE);
}

TEST_F(VmoCreateCallsTest, CreateChildChecksHandleThenRightsThenOptionsThenRange) {
  const zx_handle_t parent = CreateVmo(2 * kPageSize);
  EXPECT_EQ(CreateChild(ZX_HANDLE_INVALID, 0, 1, 0), ZX_ERR_BAD_HANDLE);
  EXPECT_EQ(CreateChild(root_, 0, 1, 0), ZX_ERR_WRONG_TYPE);
  EXPECT_EQ(CreateChild(Without(parent, ZX_RIGHT_READ), 0, 1, 0), ZX_ERR_ACCESS_DENIED);
  EXPECT_EQ(CreateChild(Without(parent, ZX_RIGHT_DUPLICATE), 0, 1, 0), ZX_ERR_ACCESS_DENIED);
  for (const uint32_t options :
       {0u, 2u, ZX_VMO_CHILD_NO_WRITE, ZX_VMO_CHILD_SLICE | ZX_VMO_CHILD_SNAPSHOT, ZX_VMO_CHILD_SLICE | 1u << 31,
        ZX_VMO_CHILD_SNAPSHOT | ZX_VMO_CHILD_NO_WRITE | ZX_VMO_CHILD_RESIZABLE,
        ZX_VMO_CHILD_SLICE | ZX_VMO_CHILD_RESIZABLE}) {
    EXPECT_EQ(CreateChild(parent, options, 0, kPageSize), ZX_ERR_INVALID_ARGS) << options;
  }
  EXPECT_EQ(CreateChild(parent, ZX_VMO_CHILD_SLICE, 1, kPageSize), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(CreateChild(parent, ZX_VMO_CHILD_SLICE, 0, UINT64_MAX), ZX_ERR_OUT_OF_RANGE);
  EXPECT_EQ(CreateChild(parent, ZX_VMO_CHILD_SLICE, kPageSize, 2 * kPageSize), ZX_ERR_INVALID_ARGS);
}

TEST_F(VmoCreateCallsTest, AChildThatCannotBeToldOfIsNone) {
  const zx_handle_t parent = CreateVmo(kPageSize);
  EXPECT_EQ(Call(Syscall::vmo_create_child, parent, ZX_VMO_CHILD_SLICE, 0, kPageSize, kBadAddress),
            ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(VmoOf(parent).child_count(), 0u);
  EXPECT_EQ(Call(Syscall::object_wait_one, parent, ZX_VMO_ZERO_CHILDREN, 0, 0), ZX_OK);
}

TEST_F(VmoCreateCallsTest, ReplaceAsExecutableAddsTheRightAndTakesTheOldHandle) {
  const zx_handle_t vmex = AddResource({ZX_RSRC_KIND_SYSTEM, ZX_RSRC_SYSTEM_VMEX_BASE, 1});
  for (const zx_handle_t permission : {ZX_HANDLE_INVALID, vmex}) {
    const zx_handle_t vmo = CreateVmo(kPageSize);
    EXPECT_EQ(Call(Syscall::vmo_replace_as_executable, vmo, permission, out_), ZX_OK);
    EXPECT_EQ(RightsOf(Given()), ZX_DEFAULT_VMO_RIGHTS | ZX_RIGHT_EXECUTE);
    EXPECT_EQ(process_->handles().Find(vmo), nullptr);
  }
}

TEST_F(VmoCreateCallsTest, ReplaceAsExecutableTakesTheOldHandleWhenItFailsToo) {
  const zx_handle_t other = AddResource({ZX_RSRC_KIND_SYSTEM, ZX_RSRC_SYSTEM_INFO_BASE, 1});
  const zx_handle_t event = Add(MakeRefCounted<test::FakeEvent>(), ZX_RIGHT_NONE);
  zx_handle_t vmo = CreateVmo(kPageSize);
  EXPECT_EQ(Call(Syscall::vmo_replace_as_executable, vmo, other, out_), ZX_ERR_BAD_HANDLE);
  EXPECT_EQ(process_->handles().Find(vmo), nullptr);
  api_policy = ApiPolicy::kZircon;
  vmo = CreateVmo(kPageSize);
  EXPECT_EQ(Call(Syscall::vmo_replace_as_executable, vmo, other, out_), ZX_ERR_OUT_OF_RANGE);
  vmo = CreateVmo(kPageSize);
  EXPECT_EQ(Call(Syscall::vmo_replace_as_executable, vmo, root_, out_), ZX_ERR_WRONG_TYPE);
  EXPECT_EQ(Call(Syscall::vmo_replace_as_executable, event, ZX_HANDLE_INVALID, out_), ZX_ERR_BAD_HANDLE);
  EXPECT_EQ(process_->handles().Find(event), nullptr);
}

}  // namespace
}  // namespace gk
