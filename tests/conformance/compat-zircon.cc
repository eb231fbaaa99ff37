// Where the real system differs from the documents; this program runs with the kernel option compat=zircon.
#include "tests/conformance/support.h"

namespace conformance {
namespace {

const zx::vmar& Root() {
  static const zx::unowned_vmar root = zx::vmar::root_self();
  return *root;
}

// compat map | len is not page-aligned | it is rounded up
// compat unmap | len is not page-aligned | it is rounded up
// compat protect | len is not page-aligned | it is rounded up
TEST(CompatZircon, LengthsAreRoundedUp) {
  zx_vaddr_t address = 0;
  ASSERT_OK(Root().map(kReadWrite, 0, MakeVmo(4), 0, 4 * kPageSize - 1, &address));
  EXPECT_TRUE(CanWrite(address + 4 * kPageSize - 1));
  ASSERT_OK(Root().protect(kRead, address, 4 * kPageSize - 1));
  EXPECT_FALSE(CanWrite(address + 3 * kPageSize));
  ASSERT_OK(Root().unmap(address, 4 * kPageSize - 1));
  EXPECT_FALSE(CanRead(address + 3 * kPageSize));
}

// compat map | len rounds up to 0 | OUT_OF_RANGE
TEST(CompatZircon, MappingALengthThatWrapsIsOutOfRange) {
  zx_vaddr_t address = 0;
  const zx::vmo vmo = MakeVmo(4);
  EXPECT_STATUS(Root().map(kRead, 0, vmo, 0, SIZE_MAX - kPageSize + 2, &address), ZX_ERR_OUT_OF_RANGE);
  EXPECT_STATUS(Root().map(kRead | ZX_VM_MAP_RANGE, 0, vmo, 0, SIZE_MAX - kPageSize + 2, &address),
                ZX_ERR_OUT_OF_RANGE);
}

// compat map | the VMO is resizable, or the mapping reaches past its end, without ZX_VM_ALLOW_FAULTS | OK
TEST(CompatZircon, AllowFaultsIsNotInsistedOn) {
  EXPECT_OK(Mapping(MakeVmo(1, ZX_VMO_RESIZABLE), kRead, kPageSize).status());
  EXPECT_OK(Mapping(MakeVmo(1), kRead, 2 * kPageSize).status());
  EXPECT_OK(Mapping(MakeVmo(1), kRead, kPageSize, 8 * kPageSize).status());
}

// compat unmap | nothing is mapped in the range | OK
TEST(CompatZircon, UnmappingNothingSucceeds) {
  zx_vaddr_t address = 0;
  ASSERT_OK(Root().map(kRead, 0, MakeVmo(1), 0, kPageSize, &address));
  ASSERT_OK(Root().unmap(address, kPageSize));
  EXPECT_OK(Root().unmap(address, kPageSize));
}

// compat allocate | no free range of the size is left in the region | NO_RESOURCES
TEST(CompatZircon, FullRegionHasNoResources) {
  const Region parent(10);
  const Region all(10, Region::kAll, parent.get());
  ASSERT_OK(all.status());
  EXPECT_STATUS(Region(1, Region::kAll, parent.get()).status(), ZX_ERR_NO_RESOURCES);
}

}  // namespace
}  // namespace conformance
