// zx_vmar_allocate and zx_vmar_destroy.
#include "tests/conformance/support.h"

namespace conformance {
namespace {

zx_status_t TryAllocate(zx_handle_t parent, zx_vm_option_t options, uint64_t offset, uint64_t size) {
  zx::vmar child;
  zx_vaddr_t base = 0;
  const zx_status_t status = zx_vmar_allocate(parent, options, offset, size, child.reset_and_get_address(), &base);
  if (status == ZX_OK) {
    EXPECT_OK(zx_vmar_destroy(child.get()));
  }
  return status;
}

// vmar allocate | a region inside another | it lies in the other's range, page-aligned and not at 0
TEST(VmarAllocate, ChildLiesInItsParent) {
  const Region parent(10);
  ASSERT_OK(parent.status());
  EXPECT_NE(parent.base(), 0U);
  EXPECT_EQ(parent.base() % kPageSize, 0U);
  const Region child(1, Region::kAll, parent.get());
  ASSERT_OK(child.status());
  EXPECT_GE(child.base(), parent.base());
  EXPECT_LE(child.base() + kPageSize, parent.base() + 10 * kPageSize);
}

// vmar allocate | ZX_VM_COMPACT | mappings in the region lie inside it
TEST(VmarAllocate, CompactRegionHoldsMappings) {
  const Region region(10, Region::kAll | ZX_VM_COMPACT);
  const zx::vmo vmo = MakeVmo(1);
  for (int i = 0; i < 2; ++i) {
    zx_vaddr_t address = 0;
    ASSERT_OK(region.vmar().map(kRead, 0, vmo, 0, kPageSize, &address));
    EXPECT_GE(address, region.base());
    EXPECT_LE(address + kPageSize, region.base() + 10 * kPageSize);
  }
}

// vmar allocate | ZX_VM_SPECIFIC | the region is at offset
TEST(VmarAllocate, SpecificPlaceIsKept) {
  const Region parent(10);
  const Region child(2, Region::kAll | ZX_VM_SPECIFIC, parent.get(), 3 * kPageSize);
  ASSERT_OK(child.status());
  EXPECT_EQ(child.base(), parent.base() + 3 * kPageSize);
}

// vmar allocate | ZX_VM_SPECIFIC and the range overlaps a region or a mapping | an error
// real allocate | ZX_VM_SPECIFIC and the range overlaps a region or a mapping | ALREADY_EXISTS
TEST(VmarAllocate, SpecificPlaceInUseIsRefused) {
  const Region parent(10);
  const Region child(2, Region::kAll | ZX_VM_SPECIFIC, parent.get(), kPageSize);
  ASSERT_OK(parent.MapAt(5, MakeVmo(2), 2));
  for (const uint64_t page : std::initializer_list<uint64_t>{0, 1, 2, 4, 5, 6}) {
    EXPECT_STATUS(TryAllocate(parent.get(), ZX_VM_SPECIFIC, page * kPageSize, 2 * kPageSize), ZX_ERR_ALREADY_EXISTS);
  }
  EXPECT_STATUS(parent.MapAt(1, MakeVmo(2), 2), ZX_ERR_ALREADY_EXISTS);
}

// vmar allocate | ZX_VM_OFFSET_IS_UPPER_LIMIT | the region ends at or below offset
TEST(VmarAllocate, UpperLimitIsKept) {
  const Region parent(16);
  const Region first(2, Region::kAll | ZX_VM_OFFSET_IS_UPPER_LIMIT, parent.get(), 4 * kPageSize);
  const Region second(2, Region::kAll | ZX_VM_OFFSET_IS_UPPER_LIMIT, parent.get(), 4 * kPageSize);
  EXPECT_LE(first.base() + 2 * kPageSize, parent.base() + 4 * kPageSize);
  if (second.status() == ZX_OK) {
    EXPECT_LE(second.base() + 2 * kPageSize, parent.base() + 4 * kPageSize);
  }
}

// vmar allocate | ZX_VM_OFFSET_IS_UPPER_LIMIT together with ZX_VM_SPECIFIC | INVALID_ARGS
TEST(VmarAllocate, UpperLimitWithAFixedPlaceIsRefused) {
  const Region parent(16);
  EXPECT_STATUS(TryAllocate(parent.get(), ZX_VM_SPECIFIC | ZX_VM_OFFSET_IS_UPPER_LIMIT, 4 * kPageSize, kPageSize),
                ZX_ERR_INVALID_ARGS);
}

// vmar allocate | ZX_VM_SPECIFIC or ZX_VM_OFFSET_IS_UPPER_LIMIT and the parent lacks ZX_VM_CAN_MAP_SPECIFIC |
// ACCESS_DENIED
TEST(VmarAllocate, FixedPlaceNeedsTheAbility) {
  const Region parent(16, ZX_VM_CAN_MAP_READ);
  EXPECT_STATUS(TryAllocate(parent.get(), ZX_VM_SPECIFIC, 4 * kPageSize, kPageSize), ZX_ERR_ACCESS_DENIED);
  EXPECT_STATUS(TryAllocate(parent.get(), ZX_VM_OFFSET_IS_UPPER_LIMIT, 4 * kPageSize, kPageSize), ZX_ERR_ACCESS_DENIED);
  EXPECT_STATUS(parent.MapAt(0, MakeVmo(1), 1, kRead), ZX_ERR_ACCESS_DENIED);
}

// vmar allocate | ZX_VM_CAN_MAP_SPECIFIC and the parent does not have it | OK
TEST(VmarAllocate, SpecificMayBeGivenByAParentWithoutIt) {
  const Region parent(16, ZX_VM_CAN_MAP_READ);
  EXPECT_OK(TryAllocate(parent.get(), ZX_VM_CAN_MAP_READ | ZX_VM_CAN_MAP_SPECIFIC, 0, kPageSize));
}

// vmar allocate | ZX_VM_CAN_MAP_READ, _WRITE or _EXECUTE and the parent does not have it | ACCESS_DENIED
TEST(VmarAllocate, AbilitiesCannotBeAdded) {
  for (const zx_vm_option_t ability : {ZX_VM_CAN_MAP_READ, ZX_VM_CAN_MAP_WRITE, ZX_VM_CAN_MAP_EXECUTE}) {
    const Region parent(16, Region::kAll & ~ability);
    EXPECT_STATUS(TryAllocate(parent.get(), Region::kAll, 0, kPageSize), ZX_ERR_ACCESS_DENIED);
    EXPECT_STATUS(TryAllocate(parent.get(), ability, 0, kPageSize), ZX_ERR_ACCESS_DENIED);
    EXPECT_OK(TryAllocate(parent.get(), Region::kAll & ~ability, 0, kPageSize));
  }
}

// vmar allocate | ZX_VM_CAN_MAP_READ and the handle lacks ZX_RIGHT_READ | ACCESS_DENIED
// vmar allocate | ZX_VM_CAN_MAP_WRITE and the handle lacks ZX_RIGHT_WRITE | ACCESS_DENIED
// vmar allocate | ZX_VM_CAN_MAP_EXECUTE and the handle lacks ZX_RIGHT_EXECUTE | ACCESS_DENIED
TEST(VmarAllocate, AbilitiesNeedTheRights) {
  const Region parent(16);
  EXPECT_STATUS(TryAllocate(parent.Without(ZX_RIGHT_READ).get(), ZX_VM_CAN_MAP_READ, 0, kPageSize),
                ZX_ERR_ACCESS_DENIED);
  EXPECT_STATUS(TryAllocate(parent.Without(ZX_RIGHT_WRITE).get(), ZX_VM_CAN_MAP_WRITE, 0, kPageSize),
                ZX_ERR_ACCESS_DENIED);
  EXPECT_STATUS(TryAllocate(parent.Without(ZX_RIGHT_EXECUTE).get(), ZX_VM_CAN_MAP_EXECUTE, 0, kPageSize),
                ZX_ERR_ACCESS_DENIED);
}

// vmar map | ZX_VM_PERM_* and the region lacks the ability for it | ACCESS_DENIED
TEST(VmarAllocate, MappingsNeedTheAbilitiesOfTheirRegion) {
  const zx::vmo vmo = MakeVmo(1);
  const Region read_only(16, ZX_VM_CAN_MAP_READ | ZX_VM_CAN_MAP_SPECIFIC);
  EXPECT_STATUS(read_only.MapAt(0, vmo, 1, kReadWrite), ZX_ERR_ACCESS_DENIED);
  EXPECT_OK(read_only.MapAt(0, vmo, 1, kRead));
  EXPECT_STATUS(read_only.vmar().protect(kReadWrite, read_only.base(), kPageSize), ZX_ERR_ACCESS_DENIED);
  const Region nothing(16, ZX_VM_CAN_MAP_SPECIFIC);
  EXPECT_STATUS(nothing.MapAt(0, vmo, 1, kRead), ZX_ERR_ACCESS_DENIED);
}

// vmar allocate | offset is not 0 without an option that uses it | INVALID_ARGS
TEST(VmarAllocate, OffsetWithoutAnOptionIsRefused) {
  EXPECT_STATUS(TryAllocate(Region(16).get(), 0, kPageSize, kPageSize), ZX_ERR_INVALID_ARGS);
}

// vmar allocate | offset and size exceed the region | INVALID_ARGS
TEST(VmarAllocate, PlaceOutsideTheRegionIsRefused) {
  const Region parent(10);
  EXPECT_STATUS(TryAllocate(parent.get(), ZX_VM_SPECIFIC, 10 * kPageSize, kPageSize), ZX_ERR_INVALID_ARGS);
  EXPECT_STATUS(TryAllocate(parent.get(), ZX_VM_SPECIFIC, 9 * kPageSize, 2 * kPageSize), ZX_ERR_INVALID_ARGS);
  EXPECT_STATUS(TryAllocate(parent.get(), 0, 0, 11 * kPageSize), ZX_ERR_INVALID_ARGS);
  EXPECT_OK(TryAllocate(parent.get(), 0, 0, 10 * kPageSize));
}

// vmar allocate | offset or size is not page-aligned, or size is 0 | INVALID_ARGS
TEST(VmarAllocate, UnalignedPlacesAreRefused) {
  const Region parent(16);
  EXPECT_STATUS(TryAllocate(parent.get(), ZX_VM_SPECIFIC, kPageSize - 1, kPageSize), ZX_ERR_INVALID_ARGS);
  EXPECT_STATUS(TryAllocate(parent.get(), 0, 0, kPageSize - 1), ZX_ERR_INVALID_ARGS);
  EXPECT_STATUS(TryAllocate(parent.get(), 0, 0, 0), ZX_ERR_INVALID_ARGS);
  EXPECT_STATUS(TryAllocate(parent.get(), 0, 0, SIZE_MAX - kPageSize + 2), ZX_ERR_INVALID_ARGS);
}

// vmar allocate | options has permissions or unknown bits | INVALID_ARGS
TEST(VmarAllocate, OptionsOfOtherCallsAreRefused) {
  const Region parent(16);
  for (const zx_vm_option_t option : {ZX_VM_PERM_READ, ZX_VM_PERM_WRITE, ZX_VM_SPECIFIC_OVERWRITE, ZX_VM_MAP_RANGE,
                                      ZX_VM_ALLOW_FAULTS, 1U << 16, 1U << 31}) {
    EXPECT_STATUS(TryAllocate(parent.get(), Region::kAll | option, 0, kPageSize), ZX_ERR_INVALID_ARGS, "%#x", option);
  }
}

// vmar allocate | child_vmar or child_addr is not a valid pointer | INVALID_ARGS, and nothing is allocated
TEST(VmarAllocate, InvalidPointersAreRefused) {
  const Region parent(1);
  zx_handle_t child = ZX_HANDLE_INVALID;
  zx_vaddr_t base = 0;
  for (const uintptr_t bad : {uintptr_t{0}, uintptr_t{1}, uintptr_t{kKernelAddress}}) {
    EXPECT_STATUS(zx_vmar_allocate(parent.get(), 0, 0, kPageSize, AtAddress<zx_handle_t>(bad), &base),
                  ZX_ERR_INVALID_ARGS);
    EXPECT_STATUS(zx_vmar_allocate(parent.get(), 0, 0, kPageSize, &child, AtAddress<zx_vaddr_t>(bad)),
                  ZX_ERR_INVALID_ARGS);
  }
  EXPECT_OK(TryAllocate(parent.get(), 0, 0, kPageSize));
}

// vmar allocate | parent_vmar is not a valid handle | BAD_HANDLE
// vmar allocate | parent_vmar is not a VMAR handle | WRONG_TYPE
TEST(VmarAllocate, OtherHandlesAreRefused) {
  EXPECT_STATUS(TryAllocate(kNoSuchHandle, 0, 0, kPageSize), ZX_ERR_BAD_HANDLE);
  EXPECT_STATUS(TryAllocate(ZX_HANDLE_INVALID, 0, 0, kPageSize), ZX_ERR_BAD_HANDLE);
  EXPECT_STATUS(TryAllocate(MakeVmo(1).get(), 0, 0, kPageSize), ZX_ERR_WRONG_TYPE);
}

// vmar allocate | no free range of the size is left in the region | NO_MEMORY
TEST(VmarAllocate, FullRegionHasNoMemory) {
  const Region parent(10);
  const Region all(10, Region::kAll, parent.get());
  EXPECT_EQ(all.base(), parent.base());
  EXPECT_STATUS(TryAllocate(parent.get(), 0, 0, kPageSize), ZX_ERR_NO_MEMORY);
}

// vmar map | no spot is left in the region | NO_RESOURCES
TEST(VmarAllocate, FullRegionHasNoResourcesForAMapping) {
  const Region parent(10);
  ASSERT_OK(parent.MapAt(0, MakeVmo(10), 10));
  zx_vaddr_t address = 0;
  EXPECT_STATUS(parent.vmar().map(kRead, 0, MakeVmo(1), 0, kPageSize, &address), ZX_ERR_NO_RESOURCES);
}

// vmar map | mappings fill a region up to ZX_VM_OFFSET_IS_UPPER_LIMIT page by page | all places are used, then
// NO_RESOURCES
TEST(VmarAllocate, UpperLimitCanBeFilledCompletely) {
  const Region region(100);
  const zx::vmo vmo = MakeVmo(1);
  zx_vaddr_t address = 0;
  for (int i = 0; i < 50; ++i) {
    ASSERT_OK(region.vmar().map(kRead | ZX_VM_OFFSET_IS_UPPER_LIMIT, 50 * kPageSize, vmo, 0, kPageSize, &address));
    EXPECT_LE(address + kPageSize, region.base() + 50 * kPageSize);
  }
  EXPECT_STATUS(region.vmar().map(kRead | ZX_VM_OFFSET_IS_UPPER_LIMIT, 50 * kPageSize, vmo, 0, kPageSize, &address),
                ZX_ERR_NO_RESOURCES);
  EXPECT_OK(region.vmar().map(kRead, 0, vmo, 0, kPageSize, &address));
}

// vmar allocate | ZX_VM_ALIGN_* | the base has at least that alignment; with ZX_VM_SPECIFIC a bad place is INVALID_ARGS
TEST(VmarAllocate, AlignmentIsKept) {
  for (unsigned exponent = 10; exponent <= 32; ++exponent) {
    const Region region(16, Region::kAll | exponent << ZX_VM_ALIGN_BASE);
    ASSERT_OK(region.status());
    EXPECT_EQ(region.base() & ((uint64_t{1} << exponent) - 1), 0U, "2^%u", exponent);
  }
  const Region parent(64, Region::kAll | ZX_VM_ALIGN_64KB);
  const zx_vm_option_t options = ZX_VM_SPECIFIC | ZX_VM_ALIGN_64KB;
  EXPECT_STATUS(TryAllocate(parent.get(), options, kPageSize, kPageSize), ZX_ERR_INVALID_ARGS);
  EXPECT_OK(TryAllocate(parent.get(), options, 16 * kPageSize, kPageSize));
  EXPECT_STATUS(TryAllocate(parent.get(), 9U << ZX_VM_ALIGN_BASE, 0, kPageSize), ZX_ERR_INVALID_ARGS);
  EXPECT_STATUS(TryAllocate(parent.get(), 33U << ZX_VM_ALIGN_BASE, 0, kPageSize), ZX_ERR_INVALID_ARGS);
}

}  // namespace
}  // namespace conformance
