// zx_vmar_map: handles, rights, and VMOs that not every mapping may show.
#include "tests/conformance/support.h"

namespace conformance {
namespace {

zx_status_t TryMap(zx_vm_option_t options, const zx::vmo& vmo, uint64_t vmo_offset = 0, uint64_t length = kPageSize) {
  return Mapping(vmo, options, length, vmo_offset).status();
}

// vmar map | handle or vmo is not a valid handle | BAD_HANDLE
TEST(VmarMapRights, NoHandleIsRefused) {
  const zx::vmo vmo = MakeVmo(1);
  zx_vaddr_t address = 0;
  for (const zx_handle_t bad : {ZX_HANDLE_INVALID, kNoSuchHandle}) {
    EXPECT_STATUS(zx_vmar_map(bad, kRead, 0, vmo.get(), 0, kPageSize, &address), ZX_ERR_BAD_HANDLE);
    EXPECT_STATUS(zx_vmar_map(zx_vmar_root_self(), kRead, 0, bad, 0, kPageSize, &address), ZX_ERR_BAD_HANDLE);
  }
}

// vmar map | handle is not a VMAR handle or vmo is not a VMO handle | WRONG_TYPE
TEST(VmarMapRights, OtherObjectsAreRefused) {
  const zx::vmo vmo = MakeVmo(1);
  zx_vaddr_t address = 0;
  EXPECT_STATUS(zx_vmar_map(vmo.get(), kRead, 0, vmo.get(), 0, kPageSize, &address), ZX_ERR_WRONG_TYPE);
  EXPECT_STATUS(zx_vmar_map(zx_vmar_root_self(), kRead, 0, zx_process_self(), 0, kPageSize, &address),
                ZX_ERR_WRONG_TYPE);
}

// vmar map | mapped_addr is not a valid pointer | INVALID_ARGS, and nothing stays mapped
TEST(VmarMapRights, InvalidPointerIsRefused) {
  const zx::vmo vmo = MakeVmo(1);
  for (const uintptr_t pointer : {uintptr_t{0}, uintptr_t{1}, uintptr_t{kKernelAddress}}) {
    EXPECT_STATUS(zx_vmar_map(zx_vmar_root_self(), kRead, 0, vmo.get(), 0, kPageSize, AtAddress<zx_vaddr_t>(pointer)),
                  ZX_ERR_INVALID_ARGS);
  }
}

// vmar map | the VMO's handle lacks ZX_RIGHT_MAP | ACCESS_DENIED, whatever the options
TEST(VmarMapRights, MapRightIsNeededForEverything) {
  const zx::vmo vmo = WithRights(MakeVmo(1), kVmoRights & ~ZX_RIGHT_MAP);
  for (const zx_vm_option_t options : {0U, kRead, ZX_VM_PERM_WRITE, kReadWrite}) {
    EXPECT_STATUS(TryMap(options, vmo), ZX_ERR_ACCESS_DENIED);
  }
}

// vmar map | ZX_VM_PERM_READ and the VMO's handle lacks ZX_RIGHT_READ | ACCESS_DENIED
TEST(VmarMapRights, ReadNeedsTheRightOfTheVmo) {
  const zx::vmo vmo = WithRights(MakeVmo(1), ZX_RIGHT_MAP | ZX_RIGHT_WRITE);
  EXPECT_STATUS(TryMap(kRead, vmo), ZX_ERR_ACCESS_DENIED);
  EXPECT_STATUS(TryMap(kReadWrite, vmo), ZX_ERR_ACCESS_DENIED);
  EXPECT_OK(TryMap(0, vmo));
}

// vmar map | ZX_VM_PERM_WRITE and the VMO's handle lacks ZX_RIGHT_WRITE | ACCESS_DENIED
TEST(VmarMapRights, WriteNeedsTheRightOfTheVmo) {
  const zx::vmo vmo = WithRights(MakeVmo(1), ZX_RIGHT_MAP | ZX_RIGHT_READ);
  EXPECT_STATUS(TryMap(kReadWrite, vmo), ZX_ERR_ACCESS_DENIED);
  EXPECT_OK(TryMap(kRead, vmo));
}

// vmar map | ZX_VM_PERM_EXECUTE and the VMO's handle lacks ZX_RIGHT_EXECUTE | ACCESS_DENIED
TEST(VmarMapRights, ExecuteNeedsTheRightOfTheVmo) {
  const zx::vmo vmo = MakeVmo(1);
  EXPECT_STATUS(TryMap(kRead | ZX_VM_PERM_EXECUTE, vmo), ZX_ERR_ACCESS_DENIED);
}

// real map | ZX_VM_PERM_WRITE alone, whatever the rights to read and write | INVALID_ARGS: flags before rights
TEST(VmarMapRights, FlagsAreCheckedBeforeRights) {
  const zx::vmo vmo = MakeVmo(1);
  for (const zx_rights_t rights : {ZX_RIGHT_READ, ZX_RIGHT_WRITE, ZX_RIGHT_READ | ZX_RIGHT_WRITE}) {
    EXPECT_STATUS(TryMap(ZX_VM_PERM_WRITE, WithRights(vmo, ZX_RIGHT_MAP | rights)), ZX_ERR_INVALID_ARGS);
  }
}

// vmar map | ZX_VM_PERM_READ and the VMAR's handle lacks ZX_RIGHT_READ | ACCESS_DENIED
// vmar map | ZX_VM_PERM_WRITE and the VMAR's handle lacks ZX_RIGHT_WRITE | ACCESS_DENIED
TEST(VmarMapRights, PermissionsNeedTheRightsOfTheVmar) {
  const zx::vmo vmo = MakeVmo(1);
  zx::vmar weak;
  zx_vaddr_t address = 0;
  ASSERT_OK(zx::vmar::root_self()->duplicate(ZX_RIGHT_READ, &weak));
  EXPECT_STATUS(weak.map(kReadWrite, 0, vmo, 0, kPageSize, &address), ZX_ERR_ACCESS_DENIED);
  ASSERT_OK(weak.map(kRead, 0, vmo, 0, kPageSize, &address));
  EXPECT_OK(weak.unmap(address, kPageSize));
  ASSERT_OK(zx::vmar::root_self()->duplicate(ZX_RIGHT_WRITE, &weak));
  EXPECT_STATUS(weak.map(kRead, 0, vmo, 0, kPageSize, &address), ZX_ERR_ACCESS_DENIED);
}

// vmar map | the mapping reaches past the VMO's end without ZX_VM_ALLOW_FAULTS | BUFFER_TOO_SMALL
TEST(VmarMapRights, ReachingPastTheEndNeedsAllowFaults) {
  const zx::vmo vmo = MakeVmo(1);
  EXPECT_STATUS(TryMap(kRead, vmo, 0, 2 * kPageSize), ZX_ERR_BUFFER_TOO_SMALL);
  EXPECT_STATUS(TryMap(kRead, vmo, kPageSize, kPageSize), ZX_ERR_BUFFER_TOO_SMALL);
  EXPECT_OK(TryMap(kRead | ZX_VM_ALLOW_FAULTS, vmo, 0, 2 * kPageSize));
}

// vmar map | the VMO is resizable and ZX_VM_ALLOW_FAULTS is not given | NOT_SUPPORTED
TEST(VmarMapRights, ResizableVmoNeedsAllowFaults) {
  const zx::vmo vmo = MakeVmo(1, ZX_VMO_RESIZABLE);
  EXPECT_STATUS(TryMap(kRead, vmo), ZX_ERR_NOT_SUPPORTED);
  EXPECT_OK(TryMap(kRead | ZX_VM_ALLOW_FAULTS, vmo));
}

// vmar map | ZX_VM_REQUIRE_NON_RESIZABLE and the VMO is resizable | NOT_SUPPORTED
TEST(VmarMapRights, RequireNonResizableRefusesResizable) {
  const zx_vm_option_t options = kRead | ZX_VM_ALLOW_FAULTS | ZX_VM_REQUIRE_NON_RESIZABLE;
  EXPECT_STATUS(TryMap(options, MakeVmo(1, ZX_VMO_RESIZABLE)), ZX_ERR_NOT_SUPPORTED);
  EXPECT_OK(TryMap(options, MakeVmo(1)));
}

// vmar map | ZX_VM_MAP_RANGE | the pages that the VMO has are mapped, with any permissions
TEST(VmarMapRights, MapRangeShowsTheSameBytes) {
  const zx::vmo vmo = MakeTagged(4, 0);
  const Mapping whole(vmo, kReadWrite | ZX_VM_MAP_RANGE, 4 * kPageSize);
  ASSERT_OK(whole.status());
  for (uint32_t page = 0; page < 4; ++page) {
    EXPECT_EQ(whole.tag(page), page + 1);
  }
  EXPECT_OK(TryMap(ZX_VM_MAP_RANGE, vmo, 2 * kPageSize, kPageSize));
}

// vmar map | no permission is asked for | OK, and nothing can be read
TEST(VmarMapRights, MappingWithoutPermissionsIsLegal) {
  const Mapping mapping(MakeVmo(1), 0, kPageSize);
  ASSERT_OK(mapping.status());
  EXPECT_FALSE(CanRead(mapping.address()));
}

// vmar map | ZX_VM_PERM_READ_IF_XOM_UNSUPPORTED where nothing can be mapped execute-only | the mapping is readable
TEST(VmarMapRights, ReadIfXomUnsupportedMakesItReadable) {
  const Mapping mapping(MakeVmo(1), ZX_VM_PERM_READ_IF_XOM_UNSUPPORTED, kPageSize);
  ASSERT_OK(mapping.status());
  EXPECT_TRUE(CanRead(mapping.address()));
  EXPECT_FALSE(CanWrite(mapping.address()));
}

// vmar map | ZX_VM_SPECIFIC, _SPECIFIC_OVERWRITE or _OFFSET_IS_UPPER_LIMIT and the region lacks ZX_VM_CAN_MAP_SPECIFIC
// | ACCESS_DENIED
TEST(VmarMapRights, ChoosingAPlaceNeedsTheAbility) {
  const Region region(4, ZX_VM_CAN_MAP_READ);
  const zx::vmo vmo = MakeVmo(1);
  zx_vaddr_t address = 0;
  for (const zx_vm_option_t place : {ZX_VM_SPECIFIC, ZX_VM_SPECIFIC_OVERWRITE, ZX_VM_OFFSET_IS_UPPER_LIMIT}) {
    EXPECT_STATUS(region.vmar().map(kRead | place, 2 * kPageSize, vmo, 0, kPageSize, &address), ZX_ERR_ACCESS_DENIED);
  }
  EXPECT_OK(region.vmar().map(kRead, 0, vmo, 0, kPageSize, &address));
}

}  // namespace
}  // namespace conformance
