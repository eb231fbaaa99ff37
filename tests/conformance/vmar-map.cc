// zx_vmar_map: what a mapping shows, and what is refused.
#include <string.h>

#include "tests/conformance/support.h"

namespace conformance {
namespace {

const zx::vmar& Root() {
  static const zx::unowned_vmar root = zx::vmar::root_self();
  return *root;
}

zx_status_t TryMap(zx_vm_option_t options, const zx::vmo& vmo, uint64_t vmo_offset, uint64_t length,
                   uint64_t vmar_offset = 0) {
  zx_vaddr_t address = 0;
  const zx_status_t status = Root().map(options, vmar_offset, vmo, vmo_offset, length, &address);
  if (status == ZX_OK) {
    EXPECT_OK(Root().unmap(address, length));
  }
  return status;
}

// vmar map | the mapping succeeds | the address is page-aligned and not 0
TEST(VmarMap, AddressIsAlignedAndNotNull) {
  const zx::vmo vmo = MakeVmo(1);
  zx_vaddr_t address = 0x1234567;
  ASSERT_OK(Root().map(kReadWrite, 0, vmo, 0, kPageSize, &address));
  EXPECT_NE(address, 0U);
  EXPECT_EQ(address % kPageSize, 0U);
  EXPECT_OK(Root().unmap(address, kPageSize));
}

// vmar map | vmo_offset | the mapping begins there
TEST(VmarMap, ShowsTheVmoFromTheOffset) {
  const zx::vmo vmo = MakeTagged(4, 0);
  const Mapping mapping(vmo, kRead, 2 * kPageSize, kPageSize);
  ASSERT_OK(mapping.status());
  EXPECT_EQ(mapping.tag(0), 2U);
  EXPECT_EQ(mapping.tag(1), 3U);
}

// vmar map | the VMO's handle is closed | the mapping stays
TEST(VmarMap, OutlivesTheHandle) {
  zx::vmo vmo = MakeTagged(1, 0);
  const Mapping mapping(vmo, kReadWrite, kPageSize);
  vmo.reset();
  EXPECT_EQ(mapping.tag(0), 1U);
  mapping.tag(0) = 9;
  EXPECT_EQ(mapping.tag(0), 9U);
}

// vmar map | one VMO is mapped several times | all mappings show the same bytes
TEST(VmarMap, MappingsOfOneVmoAgree) {
  const zx::vmo vmo = MakeVmo(2);
  const Mapping first(vmo, kReadWrite, 2 * kPageSize);
  const Mapping second(vmo, kReadWrite, kPageSize, kPageSize);
  EXPECT_EQ(second.tag(0), 0U);  // shows the zero page now
  first.tag(1) = 99;
  EXPECT_EQ(second.tag(0), 99U);
}

// vmar map | ZX_VM_SPECIFIC | the mapping is at vmar_offset
TEST(VmarMap, SpecificPlaceIsKept) {
  const zx::vmo vmo = MakeVmo(1);
  zx_vaddr_t somewhere = 0;
  zx_vaddr_t again = 0;
  ASSERT_OK(Root().map(kRead, 0, vmo, 0, kPageSize, &somewhere));
  ASSERT_OK(Root().unmap(somewhere, kPageSize));
  ASSERT_OK(Root().map(kRead | ZX_VM_SPECIFIC, somewhere - 0x200000, vmo, 0, kPageSize, &again));
  EXPECT_EQ(again, somewhere);
  EXPECT_OK(Root().unmap(again, kPageSize));
}

// vmar map | ZX_VM_SPECIFIC and the range overlaps a mapping | ALREADY_EXISTS
TEST(VmarMap, SpecificPlaceInUseIsRefused) {
  const zx::vmo vmo = MakeVmo(2);
  const Mapping taken(vmo, kReadWrite, 2 * kPageSize);
  const uint64_t offset = taken.address() - 0x200000;
  EXPECT_STATUS(TryMap(kRead | ZX_VM_SPECIFIC, vmo, 0, kPageSize, offset), ZX_ERR_ALREADY_EXISTS);
  EXPECT_STATUS(TryMap(kRead | ZX_VM_SPECIFIC, vmo, 0, 2 * kPageSize, offset), ZX_ERR_ALREADY_EXISTS);
  EXPECT_STATUS(TryMap(kRead | ZX_VM_SPECIFIC, vmo, 0, 2 * kPageSize, offset - kPageSize), ZX_ERR_ALREADY_EXISTS);
}

// vmar map | ZX_VM_SPECIFIC_OVERWRITE over part of a mapping | that part is replaced, the rest remains mapped
TEST(VmarMap, OverwriteReplacesThePartInTheRange) {
  const zx::vmo below = MakeTagged(4, 0);
  const zx::vmo above = MakeVmo(2);
  const Mapping mapping(below, kReadWrite, 4 * kPageSize);
  zx_vaddr_t address = 0;
  ASSERT_OK(Root().map(kRead | ZX_VM_SPECIFIC_OVERWRITE, mapping.address() + kPageSize - 0x200000, above, 0,
                       2 * kPageSize, &address));
  EXPECT_EQ(address, mapping.address() + kPageSize);
  EXPECT_EQ(mapping.tag(0), 1U);
  EXPECT_EQ(mapping.tag(1), 0U);
  EXPECT_EQ(mapping.tag(2), 0U);
  EXPECT_EQ(mapping.tag(3), 4U);
  EXPECT_FALSE(CanWrite(address));
  EXPECT_TRUE(CanWrite(mapping.address()));
}

// vmar map | ZX_VM_OFFSET_IS_UPPER_LIMIT | the mapping ends at or below vmar_offset
TEST(VmarMap, UpperLimitIsKept) {
  const zx::vmo vmo = MakeVmo(1);
  constexpr uint64_t kLimit = uint64_t{1} << 40;
  for (int i = 0; i < 32; ++i) {
    zx_vaddr_t address = 0;
    ASSERT_OK(Root().map(kRead | ZX_VM_OFFSET_IS_UPPER_LIMIT, kLimit, vmo, 0, kPageSize, &address));
    EXPECT_LE(address - 0x200000 + kPageSize, kLimit);
    ASSERT_OK(Root().unmap(address, kPageSize));
  }
}

// vmar map | ZX_VM_OFFSET_IS_UPPER_LIMIT together with a fixed place | INVALID_ARGS
TEST(VmarMap, UpperLimitWithAFixedPlaceIsRefused) {
  const zx::vmo vmo = MakeVmo(1);
  EXPECT_STATUS(TryMap(kRead | ZX_VM_OFFSET_IS_UPPER_LIMIT | ZX_VM_SPECIFIC, vmo, 0, kPageSize, 16 * kPageSize),
                ZX_ERR_INVALID_ARGS);
  EXPECT_STATUS(
      TryMap(kRead | ZX_VM_OFFSET_IS_UPPER_LIMIT | ZX_VM_SPECIFIC_OVERWRITE, vmo, 0, kPageSize, 16 * kPageSize),
      ZX_ERR_INVALID_ARGS);
}

// vmar map | vmar_offset is not 0 without an option that uses it | INVALID_ARGS
TEST(VmarMap, OffsetWithoutAnOptionIsRefused) {
  EXPECT_STATUS(TryMap(kRead, MakeVmo(1), 0, kPageSize, kPageSize), ZX_ERR_INVALID_ARGS);
}

// vmar map | vmar_offset and len exceed the region | INVALID_ARGS
TEST(VmarMap, PlaceOutsideTheRegionIsRefused) {
  const zx::vmo vmo = MakeVmo(2);
  EXPECT_STATUS(TryMap(kRead | ZX_VM_SPECIFIC, vmo, 0, kPageSize, uint64_t{1} << 62), ZX_ERR_INVALID_ARGS);
  EXPECT_STATUS(TryMap(kRead | ZX_VM_SPECIFIC, vmo, 0, kPageSize, UINT64_MAX), ZX_ERR_INVALID_ARGS);
  EXPECT_STATUS(TryMap(kRead | ZX_VM_OFFSET_IS_UPPER_LIMIT, vmo, 0, 2 * kPageSize, kPageSize), ZX_ERR_INVALID_ARGS);
}

// vmar map | vmar_offset or vmo_offset is not page-aligned | INVALID_ARGS
TEST(VmarMap, UnalignedOffsetsAreRefused) {
  const zx::vmo vmo = MakeVmo(4);
  EXPECT_STATUS(TryMap(kRead | ZX_VM_SPECIFIC, vmo, 0, kPageSize, kPageSize - 1), ZX_ERR_INVALID_ARGS);
  EXPECT_STATUS(TryMap(kRead, vmo, kPageSize - 1, kPageSize), ZX_ERR_INVALID_ARGS);
  EXPECT_STATUS(TryMap(kRead | ZX_VM_MAP_RANGE, vmo, kPageSize - 1, kPageSize), ZX_ERR_INVALID_ARGS);
}

// vmar map | len is 0 | INVALID_ARGS
// vmar map | len is not page-aligned | INVALID_ARGS
TEST(VmarMap, BadLengthIsRefused) {
  const zx::vmo vmo = MakeVmo(4);
  EXPECT_STATUS(TryMap(kRead, vmo, 0, 0), ZX_ERR_INVALID_ARGS);
  EXPECT_STATUS(TryMap(kRead, vmo, 0, kPageSize - 1), ZX_ERR_INVALID_ARGS);
  EXPECT_STATUS(TryMap(kRead, vmo, 0, kPageSize + 1), ZX_ERR_INVALID_ARGS);
}

// vmar map | vmo_offset + len overflows | OUT_OF_RANGE
TEST(VmarMap, WrappingVmoRangeIsRefused) {
  const zx::vmo vmo = MakeVmo(4);
  EXPECT_STATUS(TryMap(kRead | ZX_VM_ALLOW_FAULTS, vmo, UINT64_MAX - kPageSize + 1, 2 * kPageSize),
                ZX_ERR_OUT_OF_RANGE);
  EXPECT_OK(TryMap(kRead | ZX_VM_ALLOW_FAULTS, vmo, UINT64_MAX - 2 * kPageSize + 1, kPageSize));
}

// vmar map | ZX_VM_SPECIFIC_OVERWRITE and ZX_VM_MAP_RANGE are both given | INVALID_ARGS
TEST(VmarMap, OverwriteWithMapRangeIsRefused) {
  EXPECT_STATUS(TryMap(kRead | ZX_VM_SPECIFIC_OVERWRITE | ZX_VM_MAP_RANGE, MakeVmo(1), 0, kPageSize, 16 * kPageSize),
                ZX_ERR_INVALID_ARGS);
}

// vmar map | options has bits that are no options of this call | INVALID_ARGS
TEST(VmarMap, OptionsOfOtherCallsAreRefused) {
  const zx::vmo vmo = MakeVmo(1);
  for (const zx_vm_option_t option : {ZX_VM_CAN_MAP_READ, ZX_VM_CAN_MAP_WRITE, ZX_VM_CAN_MAP_EXECUTE,
                                      ZX_VM_CAN_MAP_SPECIFIC, ZX_VM_COMPACT, 1U << 16, 1U << 23, 1U << 31}) {
    EXPECT_STATUS(TryMap(kRead | option, vmo, 0, kPageSize), ZX_ERR_INVALID_ARGS, "%#x", option);
  }
}

// vmar map | ZX_VM_PERM_WRITE without ZX_VM_PERM_READ | INVALID_ARGS
// vmar map | ZX_VM_PERM_EXECUTE without ZX_VM_PERM_READ | INVALID_ARGS
TEST(VmarMap, WriteOrExecuteWithoutReadIsRefused) {
  const zx::vmo vmo = MakeVmo(1);
  EXPECT_STATUS(TryMap(ZX_VM_PERM_WRITE, vmo, 0, kPageSize), ZX_ERR_INVALID_ARGS);
  EXPECT_STATUS(TryMap(ZX_VM_PERM_EXECUTE, vmo, 0, kPageSize), ZX_ERR_INVALID_ARGS);
}

// vmar map | ZX_VM_ALIGN_* | the address has at least that alignment
TEST(VmarMap, AlignmentIsKept) {
  const zx::vmo vmo = MakeVmo(2);
  for (unsigned exponent = 10; exponent <= 32; ++exponent) {
    zx_vaddr_t address = 0;
    ASSERT_OK(Root().map(kReadWrite | exponent << ZX_VM_ALIGN_BASE, 0, vmo, 0, 2 * kPageSize, &address));
    EXPECT_EQ(address & ((uint64_t{1} << exponent) - 1), 0U, "2^%u", exponent);
    EXPECT_TRUE(CanWrite(address));
    ASSERT_OK(Root().unmap(address, 2 * kPageSize));
  }
}

// vmar map | ZX_VM_ALIGN_* with an exponent that does not exist | INVALID_ARGS
// vmar map | ZX_VM_ALIGN_* and ZX_VM_SPECIFIC at an address that is not so aligned | INVALID_ARGS
TEST(VmarMap, BadAlignmentIsRefused) {
  const zx::vmo vmo = MakeVmo(2);
  for (const unsigned exponent : {1U, 9U, 33U, 128U, 255U}) {
    EXPECT_STATUS(TryMap(kRead | exponent << ZX_VM_ALIGN_BASE, vmo, 0, kPageSize), ZX_ERR_INVALID_ARGS);
  }
  constexpr uint64_t kBase = (uint64_t{1} << 44) - 0x200000;  // 64 KiB-aligned as an address
  const zx_vm_option_t options = kRead | ZX_VM_SPECIFIC | ZX_VM_ALIGN_64KB;
  EXPECT_STATUS(TryMap(options, vmo, 0, kPageSize, kBase + kPageSize), ZX_ERR_INVALID_ARGS);
  EXPECT_OK(TryMap(options, vmo, 0, kPageSize, kBase + 16 * kPageSize));
}

}  // namespace
}  // namespace conformance
