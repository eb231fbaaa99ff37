#include "guest/kernel/object/vmo_dispatcher.h"
#include "tests/guest/kernel/syscall/syscall_fixture.h"

namespace gk {
namespace {

using abi::Syscall;

constexpr zx_vm_option_t kRead = ZX_VM_PERM_READ;
constexpr zx_vm_option_t kWrite = ZX_VM_PERM_WRITE;
constexpr zx_vm_option_t kExecute = ZX_VM_PERM_EXECUTE;

class VmarCallsTest : public test::SyscallTest {
 protected:
  VmarCallsTest() : vmo_(CreateVmo(4 * kPageSize)), out_(Put(uint64_t{0})) {}

  int64_t Map(zx_handle_t vmo, zx_vm_option_t options, uint64_t length = kPageSize) {
    return Call(Syscall::vmar_map, root_, options, 0, vmo, 0, length, out_);
  }
  VirtualAddress mapped() { return Get<VirtualAddress>(out_); }
  size_t mapping_count() {
    return DownCast<VmoDispatcher>(process_->handles().Find(vmo_)->object())->vmo().mapping_count();
  }

  zx_handle_t vmo_;
  VirtualAddress out_;
};

TEST_F(VmarCallsTest, AMappingShowsTheVmoUntilItIsUnmapped) {
  ASSERT_EQ(Map(vmo_, kRead | kWrite), ZX_OK);
  const uint64_t value = 0x1122334455667788;
  const VirtualAddress source = Put(value);
  EXPECT_EQ(Call(Syscall::vmo_write, vmo_, source, 8, 8), ZX_OK);
  const VirtualAddress address = mapped();
  EXPECT_EQ(Get<uint64_t>(address + 8), value);
  EXPECT_EQ(Call(Syscall::vmar_unmap, root_, address, kPageSize), ZX_OK);
  EXPECT_EQ(Call(Syscall::vmo_get_size, vmo_, address), ZX_ERR_INVALID_ARGS) << "nothing is there any more";
}

TEST_F(VmarCallsTest, MapChecksBothHandlesBeforeAnythingElse) {
  const zx_vm_option_t nonsense = UINT32_MAX;
  EXPECT_EQ(Call(Syscall::vmar_map, ZX_HANDLE_INVALID, nonsense, 1, vmo_, 1, 0, out_), ZX_ERR_BAD_HANDLE);
  EXPECT_EQ(Call(Syscall::vmar_map, vmo_, nonsense, 1, vmo_, 1, 0, out_), ZX_ERR_WRONG_TYPE);
  EXPECT_EQ(Call(Syscall::vmar_map, root_, nonsense, 1, ZX_HANDLE_INVALID, 1, 0, out_), ZX_ERR_BAD_HANDLE);
  EXPECT_EQ(Call(Syscall::vmar_map, root_, nonsense, 1, root_, 1, 0, out_), ZX_ERR_WRONG_TYPE);
  EXPECT_EQ(Call(Syscall::vmar_map, root_, nonsense, 1, Without(vmo_, ZX_RIGHT_MAP), 1, 0, out_), ZX_ERR_ACCESS_DENIED);
}

// Rows: rights of the VMO handle. Columns: the permissions none, R, W, RW. As the real system's tests have it.
TEST_F(VmarCallsTest, RightsDecideThePermissionsAsInZircon) {
  const struct {
    zx_rights_t removed;
    int64_t expected[4];
  } rows[] = {
      {0, {ZX_OK, ZX_OK, ZX_ERR_INVALID_ARGS, ZX_OK}},
      {ZX_RIGHT_MAP, {ZX_ERR_ACCESS_DENIED, ZX_ERR_ACCESS_DENIED, ZX_ERR_ACCESS_DENIED, ZX_ERR_ACCESS_DENIED}},
      {ZX_RIGHT_WRITE, {ZX_OK, ZX_OK, ZX_ERR_INVALID_ARGS, ZX_ERR_ACCESS_DENIED}},
      {ZX_RIGHT_READ, {ZX_OK, ZX_ERR_ACCESS_DENIED, ZX_ERR_INVALID_ARGS, ZX_ERR_ACCESS_DENIED}},
  };
  const zx_vm_option_t columns[4] = {0, kRead, kWrite, kRead | kWrite};
  for (const auto& row : rows) {
    const zx_handle_t vmo = Without(vmo_, row.removed);
    for (int column = 0; column < 4; ++column) {
      EXPECT_EQ(Map(vmo, columns[column]), row.expected[column]) << "without " << row.removed << ", " << column;
    }
  }
}

TEST_F(VmarCallsTest, NothingIsExecutableWithoutTheRight) {
  EXPECT_EQ(Map(vmo_, kRead | kExecute), ZX_ERR_ACCESS_DENIED);
  const Handle* handle = process_->handles().Find(vmo_);
  const zx_handle_t executable = Add(handle->object(), handle->rights() | ZX_RIGHT_EXECUTE);
  EXPECT_EQ(Map(executable, kRead | kExecute), ZX_OK);
  EXPECT_EQ(Map(executable, kRead | kWrite | kExecute), ZX_OK);
}

TEST_F(VmarCallsTest, TheHandleToTheRegionLimitsMappingsToo) {
  const zx_handle_t readable_root = Without(root_, ZX_RIGHT_WRITE);
  EXPECT_EQ(Call(Syscall::vmar_map, readable_root, kRead | kWrite, 0, vmo_, 0, kPageSize, out_), ZX_ERR_ACCESS_DENIED);
  EXPECT_EQ(Call(Syscall::vmar_map, readable_root, kRead, 0, vmo_, 0, kPageSize, out_), ZX_OK);
  EXPECT_EQ(Call(Syscall::vmar_protect, root_, kRead | kWrite, mapped(), kPageSize), ZX_ERR_ACCESS_DENIED)
      << "the ceiling was fixed when it was mapped";
}

TEST_F(VmarCallsTest, MapRefusesAbilitiesAndBadGeometry) {
  EXPECT_EQ(Map(vmo_, kRead | ZX_VM_CAN_MAP_READ), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(Map(vmo_, kRead | (1u << 20)), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(Map(vmo_, kRead, 0), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(Call(Syscall::vmar_map, root_, kRead, kPageSize, vmo_, 0, kPageSize, out_), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(Call(Syscall::vmar_map, root_, kRead, 0, vmo_, 1, kPageSize, out_), ZX_ERR_INVALID_ARGS);
}

TEST_F(VmarCallsTest, AMappingThatCannotBeToldIsTakenAway) {
  EXPECT_EQ(mapping_count(), 0u);
  EXPECT_EQ(Call(Syscall::vmar_map, root_, kRead, 0, vmo_, 0, kPageSize, kBadAddress), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(mapping_count(), 0u);
}

TEST_F(VmarCallsTest, ProtectChecksTypeThenRightsThenPermissions) {
  ASSERT_EQ(Map(vmo_, kRead | kWrite), ZX_OK);
  const VirtualAddress address = mapped();
  EXPECT_EQ(Call(Syscall::vmar_protect, vmo_, kWrite, address, kPageSize), ZX_ERR_WRONG_TYPE);
  EXPECT_EQ(Call(Syscall::vmar_protect, Without(root_, ZX_RIGHT_WRITE), kWrite, address, kPageSize),
            ZX_ERR_ACCESS_DENIED);
  EXPECT_EQ(Call(Syscall::vmar_protect, root_, kWrite, address, kPageSize), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(Call(Syscall::vmar_protect, root_, kRead | kExecute, address, kPageSize), ZX_ERR_ACCESS_DENIED);
  EXPECT_EQ(Call(Syscall::vmar_protect, root_, kRead, address, kPageSize), ZX_OK);
  EXPECT_EQ(Call(Syscall::vmo_get_size, vmo_, address), ZX_ERR_INVALID_ARGS) << "no longer writable";
}

TEST_F(VmarCallsTest, ReachingIntoARegionTakesTheRightToItsChildren) {
  Vmar& root = process_->address_space().root();
  const RefPtr<Vmar> child = *root.Allocate({.offset = 0, .size = kPageSize, .options = ZX_VM_CAN_MAP_READ});
  const zx_handle_t without = Without(root_, ZX_RIGHT_OP_CHILDREN);
  EXPECT_EQ(Call(Syscall::vmar_unmap, without, child->base(), kPageSize), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(Call(Syscall::vmar_protect, without, kRead, child->base(), kPageSize), ZX_ERR_INVALID_ARGS);
  EXPECT_TRUE(child->alive());
  EXPECT_EQ(Call(Syscall::vmar_unmap, root_, child->base(), kPageSize), ZX_OK);
  EXPECT_FALSE(child->alive());
}

TEST_F(VmarCallsTest, UnmapChecksItsHandle) {
  EXPECT_EQ(Call(Syscall::vmar_unmap, ZX_HANDLE_INVALID, 0, 0), ZX_ERR_BAD_HANDLE);
  EXPECT_EQ(Call(Syscall::vmar_unmap, vmo_, 0, 0), ZX_ERR_WRONG_TYPE);
  EXPECT_EQ(Call(Syscall::vmar_unmap, root_, user_memory_, 0), ZX_ERR_INVALID_ARGS);
}

class VmarAllocateTest : public VmarCallsTest {
 protected:
  VmarAllocateTest() : child_(Put(ZX_HANDLE_INVALID)) {}

  int64_t Allocate(zx_handle_t parent, zx_vm_option_t options, uint64_t offset = 0, uint64_t size = 4 * kPageSize) {
    return Call(Syscall::vmar_allocate, parent, options, offset, size, child_, out_);
  }
  zx_handle_t child() { return Get<zx_handle_t>(child_); }

  static constexpr zx_vm_option_t kAll =
      ZX_VM_CAN_MAP_SPECIFIC | ZX_VM_CAN_MAP_READ | ZX_VM_CAN_MAP_WRITE | ZX_VM_CAN_MAP_EXECUTE;
  VirtualAddress child_;
};

TEST_F(VmarAllocateTest, HandleOfARegionCarriesWhatMayBeMappedInIt) {
  ASSERT_EQ(Allocate(root_, kAll), ZX_OK);
  EXPECT_EQ(RightsOf(child()), ZX_DEFAULT_VMAR_RIGHTS | ZX_RIGHT_READ | ZX_RIGHT_WRITE | ZX_RIGHT_EXECUTE);
  ASSERT_EQ(Allocate(root_, ZX_VM_CAN_MAP_WRITE), ZX_OK);
  EXPECT_EQ(RightsOf(child()), ZX_DEFAULT_VMAR_RIGHTS | ZX_RIGHT_WRITE);
  ASSERT_EQ(Allocate(root_, 0), ZX_OK);
  EXPECT_EQ(RightsOf(child()), ZX_DEFAULT_VMAR_RIGHTS);
}

TEST_F(VmarAllocateTest, MappingsGoIntoTheRegionAndGoWithIt) {
  ASSERT_EQ(Allocate(root_, kAll), ZX_OK);
  const VirtualAddress base = Get<VirtualAddress>(out_);
  ASSERT_EQ(Call(Syscall::vmar_map, child(), kRead | ZX_VM_SPECIFIC, kPageSize, vmo_, 0, kPageSize, out_), ZX_OK);
  EXPECT_EQ(mapped(), base + kPageSize);
  EXPECT_EQ(Call(Syscall::vmar_destroy, child()), ZX_OK);
  EXPECT_EQ(mapping_count(), 0u);
  const zx_handle_t dead = child();
  EXPECT_EQ(Call(Syscall::vmar_destroy, dead), ZX_ERR_BAD_STATE);
  EXPECT_EQ(Allocate(dead, 0), ZX_ERR_BAD_STATE);
  EXPECT_EQ(child(), dead) << "a call that fails gives out nothing";
  EXPECT_EQ(Call(Syscall::vmar_map, dead, kRead, 0, vmo_, 0, kPageSize, out_), ZX_ERR_BAD_STATE);
  EXPECT_EQ(Call(Syscall::vmar_unmap, dead, base, kPageSize), ZX_ERR_BAD_STATE);
  EXPECT_EQ(Call(Syscall::vmar_protect, dead, kRead, base, kPageSize), ZX_ERR_BAD_STATE);
}

TEST_F(VmarAllocateTest, TypeThenRightsThenArguments) {
  EXPECT_EQ(Allocate(ZX_HANDLE_INVALID, UINT32_MAX), ZX_ERR_BAD_HANDLE);
  EXPECT_EQ(Allocate(vmo_, UINT32_MAX), ZX_ERR_WRONG_TYPE);
  const struct {
    zx_rights_t right;
    zx_vm_option_t ability;
  } rows[] = {{ZX_RIGHT_READ, ZX_VM_CAN_MAP_READ},
              {ZX_RIGHT_WRITE, ZX_VM_CAN_MAP_WRITE},
              {ZX_RIGHT_EXECUTE, ZX_VM_CAN_MAP_EXECUTE}};
  for (const auto& row : rows) {
    const zx_handle_t without = Without(root_, row.right);
    EXPECT_EQ(Allocate(without, kAll, 1, 0), ZX_ERR_ACCESS_DENIED);
    EXPECT_EQ(Allocate(without, kAll & ~row.ability), ZX_OK);
  }
  EXPECT_EQ(Allocate(root_, kAll, 0, 0), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(Allocate(root_, kAll, 0, kPageSize - 1), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(Allocate(root_, kAll, 0, SIZE_MAX - kPageSize + 2), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(Allocate(root_, kAll, kPageSize), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(Allocate(root_, kAll | ZX_VM_SPECIFIC, kPageSize - 1), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(Allocate(root_, kAll | ZX_VM_SPECIFIC | ZX_VM_OFFSET_IS_UPPER_LIMIT), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(Allocate(root_, kAll | ZX_VM_PERM_READ), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(Allocate(root_, kAll | 1u << 31), ZX_ERR_INVALID_ARGS);
}

TEST_F(VmarAllocateTest, RegionThatCannotBeToldIsTakenAway) {
  const size_t before = process_->address_space().root().children().size();
  EXPECT_EQ(Call(Syscall::vmar_allocate, root_, kAll, 0, kPageSize, child_, kBadAddress), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(Call(Syscall::vmar_allocate, root_, kAll, 0, kPageSize, kBadAddress, out_), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(process_->address_space().root().children().size(), before);
}

TEST_F(VmarAllocateTest, DestroyNeedsTheRightToChildrenAndSparesTheRoot) {
  ASSERT_EQ(Allocate(root_, kAll), ZX_OK);
  EXPECT_EQ(Call(Syscall::vmar_destroy, ZX_HANDLE_INVALID), ZX_ERR_BAD_HANDLE);
  EXPECT_EQ(Call(Syscall::vmar_destroy, vmo_), ZX_ERR_WRONG_TYPE);
  EXPECT_EQ(Call(Syscall::vmar_destroy, Without(child(), ZX_RIGHT_OP_CHILDREN)), ZX_ERR_ACCESS_DENIED);
  EXPECT_EQ(Call(Syscall::vmar_destroy, root_), ZX_ERR_NOT_SUPPORTED);
  EXPECT_EQ(Call(Syscall::vmar_destroy, child()), ZX_OK);
}

TEST_F(VmarCallsTest, OpRangeChecksTypeThenOperationThenRights) {
  ASSERT_EQ(Map(vmo_, kRead | kWrite, 4 * kPageSize), ZX_OK);
  const VirtualAddress address = mapped();
  const auto op = [&](zx_handle_t handle, uint32_t number, VirtualAddress buffer = 0, uint64_t buffer_size = 0) {
    return Call(Syscall::vmar_op_range, handle, number, address, kPageSize, buffer, buffer_size);
  };
  EXPECT_EQ(op(ZX_HANDLE_INVALID, 99), ZX_ERR_BAD_HANDLE);
  EXPECT_EQ(op(vmo_, 99), ZX_ERR_WRONG_TYPE);
  for (const uint32_t number : {0u, 4u, 6u, 11u, 15u, 99u}) {
    EXPECT_EQ(op(root_, number), ZX_ERR_INVALID_ARGS) << number;
  }
  EXPECT_EQ(op(root_, ZX_VMAR_OP_COMMIT, address), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(op(root_, ZX_VMAR_OP_COMMIT, 0, 1), ZX_ERR_INVALID_ARGS);
  const zx_handle_t unwritable = Without(root_, ZX_RIGHT_WRITE);
  for (const uint32_t number : {ZX_VMAR_OP_COMMIT, ZX_VMAR_OP_DECOMMIT, ZX_VMAR_OP_ZERO}) {
    EXPECT_EQ(op(unwritable, number), ZX_ERR_ACCESS_DENIED) << number;
    EXPECT_EQ(op(root_, number), ZX_OK) << number;
  }
  EXPECT_EQ(op(Without(root_, ZX_RIGHT_READ), ZX_VMAR_OP_PREFETCH), ZX_ERR_ACCESS_DENIED);
  for (const uint32_t number : {ZX_VMAR_OP_MAP_RANGE, ZX_VMAR_OP_DONT_NEED, ZX_VMAR_OP_ALWAYS_NEED}) {
    EXPECT_EQ(op(unwritable, number), ZX_OK) << number;
  }
  EXPECT_EQ(op(root_, ZX_VMAR_OP_PREFETCH), ZX_OK);
}

}  // namespace
}  // namespace gk
