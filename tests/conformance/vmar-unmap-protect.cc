// zx_vmar_unmap and zx_vmar_protect on mappings of one region.
#include "tests/conformance/support.h"

namespace conformance {
namespace {

const zx::vmar& Root() {
  static const zx::unowned_vmar root = zx::vmar::root_self();
  return *root;
}

// Which of four pages can be read, as bits.
unsigned Readable(zx_vaddr_t address) {
  unsigned bits = 0;
  for (unsigned page = 0; page < 4; ++page) {
    bits |= CanRead(address + page * kPageSize) ? 1U << page : 0;
  }
  return bits;
}
unsigned Writable(zx_vaddr_t address) {
  unsigned bits = 0;
  for (unsigned page = 0; page < 4; ++page) {
    bits |= CanWrite(address + page * kPageSize) ? 1U << page : 0;
  }
  return bits;
}

// vmar unmap | a mapping is only partly in the range | it is split, the rest stays
TEST(VmarUnmap, LeavesTheRestOfAMapping) {
  const zx::vmo vmo = MakeTagged(4, 0);
  struct {
    uint64_t first;
    unsigned left;
  } cases[] = {{0, 0b1100}, {2, 0b0011}, {1, 0b1001}};
  for (const auto& part : cases) {
    const Mapping mapping(vmo, kReadWrite, 4 * kPageSize);
    ASSERT_OK(Root().unmap(mapping.address() + part.first * kPageSize, 2 * kPageSize));
    EXPECT_EQ(Readable(mapping.address()), part.left);
  }
}

// vmar unmap | the range has been unmapped | it can be mapped again at the same place
TEST(VmarUnmap, GivesTheAddressesBack) {
  const zx::vmo vmo = MakeVmo(4);
  const Mapping mapping(vmo, kReadWrite, 4 * kPageSize);
  ASSERT_OK(Root().unmap(mapping.address() + kPageSize, kPageSize));
  ASSERT_OK(Root().unmap(mapping.address(), 4 * kPageSize));
  zx_vaddr_t address = 0;
  ASSERT_OK(Root().map(kReadWrite | ZX_VM_SPECIFIC, mapping.address() - 0x200000, vmo, 0, 4 * kPageSize, &address));
  EXPECT_EQ(Readable(address), 0b1111U);
}

// vmar unmap | several mappings and holes are in the range | all mappings go
TEST(VmarUnmap, SpansMappingsAndHoles) {
  const zx::vmo vmo = MakeVmo(4);
  const Mapping mapping(vmo, kReadWrite, 4 * kPageSize);
  ASSERT_OK(Root().protect(kRead, mapping.address(), kPageSize));  // two mappings now
  ASSERT_OK(Root().unmap(mapping.address() + 2 * kPageSize, kPageSize));
  EXPECT_OK(Root().unmap(mapping.address(), 4 * kPageSize));
  EXPECT_EQ(Readable(mapping.address()), 0U);
}

// vmar unmap | handle is not a valid handle | BAD_HANDLE
// vmar protect | handle is not a valid handle | BAD_HANDLE
TEST(VmarUnmap, NoHandleIsRefused) {
  for (const zx_handle_t bad : {ZX_HANDLE_INVALID, kNoSuchHandle}) {
    EXPECT_STATUS(zx_vmar_unmap(bad, 0x200000, kPageSize), ZX_ERR_BAD_HANDLE);
    EXPECT_STATUS(zx_vmar_protect(bad, kRead, 0x200000, kPageSize), ZX_ERR_BAD_HANDLE);
  }
}

// vmar unmap | handle is not a VMAR handle | WRONG_TYPE, before any other check
// vmar protect | handle is not a VMAR handle | WRONG_TYPE, before any other check
TEST(VmarUnmap, OtherObjectsAreRefused) {
  const zx::vmo vmo = MakeVmo(1);
  EXPECT_STATUS(zx_vmar_unmap(vmo.get(), 0, 0), ZX_ERR_WRONG_TYPE);
  EXPECT_STATUS(zx_vmar_protect(vmo.get(), 0, 0, 0), ZX_ERR_WRONG_TYPE);
}

// vmar unmap | addr is not page-aligned | INVALID_ARGS
// vmar unmap | len is 0 or not page-aligned | INVALID_ARGS
// vmar protect | addr is not page-aligned, or len is 0 | INVALID_ARGS
// vmar protect | len is not page-aligned | INVALID_ARGS
TEST(VmarUnmap, UnalignedRangesAreRefused) {
  const zx::vmo vmo = MakeVmo(4);
  const Mapping mapping(vmo, kReadWrite, 4 * kPageSize);
  EXPECT_STATUS(Root().unmap(mapping.address() + 1, kPageSize), ZX_ERR_INVALID_ARGS);
  EXPECT_STATUS(Root().unmap(mapping.address(), 0), ZX_ERR_INVALID_ARGS);
  EXPECT_STATUS(Root().unmap(mapping.address(), kPageSize + 1), ZX_ERR_INVALID_ARGS);
  EXPECT_STATUS(Root().protect(kRead, mapping.address() + 1, kPageSize), ZX_ERR_INVALID_ARGS);
  EXPECT_STATUS(Root().protect(kRead, mapping.address(), 0), ZX_ERR_INVALID_ARGS);
  EXPECT_STATUS(Root().protect(kRead, mapping.address(), kPageSize - 1), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(Writable(mapping.address()), 0b1111U);
}

// real unmap | len rounds up to 0 | INVALID_ARGS
// real protect | len rounds up to 0 | INVALID_ARGS
TEST(VmarUnmap, LengthThatWrapsIsRefused) {
  const Mapping mapping(MakeVmo(4), kReadWrite, 4 * kPageSize);
  for (const uint64_t address : {mapping.address() - kPageSize, mapping.address(), mapping.address() + kPageSize}) {
    EXPECT_STATUS(Root().unmap(address, SIZE_MAX - kPageSize + 2), ZX_ERR_INVALID_ARGS);
    EXPECT_STATUS(Root().protect(kRead, address, SIZE_MAX - kPageSize + 2), ZX_ERR_INVALID_ARGS);
  }
  EXPECT_EQ(Writable(mapping.address()), 0b1111U);
}

// vmar unmap | nothing is mapped in the range | NOT_FOUND
TEST(VmarUnmap, NothingThereIsRefused) {
  zx_vaddr_t address = 0;
  {
    const Mapping mapping(MakeVmo(4), kReadWrite, 4 * kPageSize);
    address = mapping.address();
  }
  EXPECT_STATUS(Root().unmap(address, 4 * kPageSize), ZX_ERR_NOT_FOUND);
}

// vmar protect | the range is part of a mapping | only that part changes
TEST(VmarProtect, ChangesOnlyTheRange) {
  struct {
    uint64_t first;
    unsigned writable;
  } cases[] = {{0, 0b1100}, {2, 0b0011}, {1, 0b1001}};
  for (const auto& part : cases) {
    const Mapping mapping(MakeVmo(4), kReadWrite, 4 * kPageSize);
    ASSERT_OK(Root().protect(kRead, mapping.address() + part.first * kPageSize, 2 * kPageSize));
    EXPECT_EQ(Readable(mapping.address()), 0b1111U);
    EXPECT_EQ(Writable(mapping.address()), part.writable);
  }
}

// vmar protect | options is 0 | neither reads nor writes are permitted
TEST(VmarProtect, MayTakeAllPermissions) {
  const Mapping mapping(MakeVmo(4), kReadWrite, 4 * kPageSize);
  ASSERT_OK(Root().protect(0, mapping.address(), 4 * kPageSize));
  EXPECT_EQ(Readable(mapping.address()), 0U);
  EXPECT_EQ(Writable(mapping.address()), 0U);
  ASSERT_OK(Root().protect(kReadWrite, mapping.address(), 4 * kPageSize));
  EXPECT_EQ(Writable(mapping.address()), 0b1111U);
}

// vmar protect | the VMO's handle had the right, the mapping was made without the permission | OK
TEST(VmarProtect, MayRaiseToWhatTheHandlesPermitted) {
  const Mapping mapping(MakeVmo(1), 0, kPageSize);
  ASSERT_OK(Root().protect(kReadWrite, mapping.address(), kPageSize));
  EXPECT_TRUE(CanWrite(mapping.address()));
}

// vmar protect | the VMO's handle lacked the right, even when it is closed by now | ACCESS_DENIED
TEST(VmarProtect, CannotRaiseBeyondTheHandleOfTheVmo) {
  zx::vmo vmo = WithRights(MakeVmo(1), ZX_RIGHT_READ | ZX_RIGHT_MAP);
  const Mapping mapping(vmo, kRead, kPageSize);
  EXPECT_STATUS(Root().protect(kReadWrite, mapping.address(), kPageSize), ZX_ERR_ACCESS_DENIED);
  vmo.reset();
  EXPECT_STATUS(Root().protect(kReadWrite, mapping.address(), kPageSize), ZX_ERR_ACCESS_DENIED);
  EXPECT_STATUS(Root().protect(kRead | ZX_VM_PERM_EXECUTE, mapping.address(), kPageSize), ZX_ERR_ACCESS_DENIED);
}

// vmar protect | ZX_VM_PERM_READ and the handle lacks ZX_RIGHT_READ | ACCESS_DENIED
// vmar protect | ZX_VM_PERM_WRITE and the handle lacks ZX_RIGHT_WRITE | ACCESS_DENIED
TEST(VmarProtect, PermissionsNeedTheRights) {
  const Mapping mapping(MakeVmo(1), kReadWrite, kPageSize);
  zx::vmar weak;
  ASSERT_OK(Root().duplicate(ZX_RIGHT_READ, &weak));
  EXPECT_STATUS(weak.protect(kReadWrite, mapping.address(), kPageSize), ZX_ERR_ACCESS_DENIED);
  ASSERT_OK(Root().duplicate(ZX_RIGHT_WRITE, &weak));
  EXPECT_STATUS(weak.protect(kRead, mapping.address(), kPageSize), ZX_ERR_ACCESS_DENIED);
  EXPECT_OK(weak.protect(0, mapping.address(), kPageSize));
}

// vmar protect | ZX_VM_PERM_EXECUTE and the handle lacks ZX_RIGHT_EXECUTE | ACCESS_DENIED
TEST(VmarProtect, ExecutionNeedsTheRight) {
  const Mapping mapping(MakeVmo(1), kReadWrite, kPageSize);
  zx::vmar weak;
  ASSERT_OK(Root().duplicate(ZX_RIGHT_READ | ZX_RIGHT_WRITE, &weak));
  EXPECT_STATUS(weak.protect(kRead | ZX_VM_PERM_EXECUTE, mapping.address(), kPageSize), ZX_ERR_ACCESS_DENIED);
}

// vmar protect | ZX_VM_PERM_WRITE without ZX_VM_PERM_READ | INVALID_ARGS
// vmar protect | options has bits that are no permissions | INVALID_ARGS
TEST(VmarProtect, BadOptionsAreRefused) {
  const Mapping mapping(MakeVmo(1), kReadWrite, kPageSize);
  for (const zx_vm_option_t options : {ZX_VM_PERM_WRITE, ZX_VM_PERM_EXECUTE, kRead | ZX_VM_CAN_MAP_WRITE,
                                       kRead | ZX_VM_SPECIFIC, kRead | ZX_VM_ALIGN_4KB, kRead | 1U << 31}) {
    EXPECT_STATUS(Root().protect(options, mapping.address(), kPageSize), ZX_ERR_INVALID_ARGS, "%#x", options);
  }
}

// vmar protect | part of the range is not mapped | NOT_FOUND
TEST(VmarProtect, HolesAreRefused) {
  const Mapping mapping(MakeVmo(4), kReadWrite, 4 * kPageSize);
  ASSERT_OK(Root().unmap(mapping.address() + kPageSize, kPageSize));
  EXPECT_STATUS(Root().protect(kRead, mapping.address(), 4 * kPageSize), ZX_ERR_NOT_FOUND);
}

// vmar protect | ZX_VM_PERM_* and the region lacks the ability for it | ACCESS_DENIED
TEST(VmarProtect, CannotRaiseBeyondTheRegion) {
  const zx_vm_option_t abilities = ZX_VM_CAN_MAP_READ | ZX_VM_CAN_MAP_SPECIFIC;
  const Region region(1, abilities);
  const zx::vmo vmo = MakeVmo(1);
  ASSERT_OK(region.MapAt(0, vmo, 1, kRead));
  EXPECT_STATUS(region.vmar().protect(kReadWrite, region.base(), kPageSize), ZX_ERR_ACCESS_DENIED);
  EXPECT_STATUS(region.vmar().protect(kRead | ZX_VM_PERM_EXECUTE, region.base(), kPageSize), ZX_ERR_ACCESS_DENIED);
  EXPECT_TRUE(CanRead(region.base()));
  EXPECT_FALSE(CanWrite(region.base()));
}

// vmar protect | ZX_VM_PERM_READ_IF_XOM_UNSUPPORTED where nothing can be mapped execute-only | the memory is readable
TEST(VmarProtect, WhatMayBeExecutedIsReadable) {
  zx::vmo executable;
  ASSERT_OK(zx_vmo_replace_as_executable(MakeVmo(1).release(), ZX_HANDLE_INVALID, executable.reset_and_get_address()));
  const Mapping mapping(executable, 0, kPageSize);
  ASSERT_OK(mapping.status());
  EXPECT_FALSE(CanRead(mapping.address()));
  ASSERT_OK(Root().protect(ZX_VM_PERM_EXECUTE | ZX_VM_PERM_READ_IF_XOM_UNSUPPORTED, mapping.address(), kPageSize));
  EXPECT_TRUE(CanRead(mapping.address()));
}

}  // namespace
}  // namespace conformance
