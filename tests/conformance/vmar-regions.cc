// Regions inside regions: zx_vmar_destroy, and what map, unmap and protect do where they meet a region.
#include "tests/conformance/support.h"

namespace conformance {
namespace {

// vmar destroy | the region has mappings and regions | all of them go, recursively
// vmar destroy | handles to it and to regions in it | stay valid; every operation on them says BAD_STATE
TEST(VmarDestroy, TakesEverythingInside) {
  const zx::vmo vmo = MakeVmo(1);
  Region outer(10);
  Region inner(1, Region::kAll | ZX_VM_SPECIFIC, outer.get(), 5 * kPageSize);
  ASSERT_OK(outer.MapAt(0, vmo, 1));
  ASSERT_OK(inner.MapAt(0, vmo, 1));
  ASSERT_OK(zx_vmar_destroy(outer.get()));
  EXPECT_STATUS(ProbeRead(outer.base()), ZX_ERR_NOT_FOUND);
  EXPECT_STATUS(ProbeRead(inner.base()), ZX_ERR_NOT_FOUND);
  for (const Region* region : {&outer, &inner}) {
    zx_handle_t child = kNoSuchHandle;
    zx_vaddr_t address = 0;
    EXPECT_STATUS(zx_vmar_destroy(region->get()), ZX_ERR_BAD_STATE);
    EXPECT_STATUS(zx_vmar_allocate(region->get(), 0, 0, kPageSize, &child, &address), ZX_ERR_BAD_STATE);
    EXPECT_EQ(child, kNoSuchHandle);
    EXPECT_STATUS(region->vmar().unmap(region->base(), kPageSize), ZX_ERR_BAD_STATE);
    EXPECT_STATUS(region->vmar().protect(kRead, region->base(), kPageSize), ZX_ERR_BAD_STATE);
    EXPECT_STATUS(region->MapAt(0, vmo, 1), ZX_ERR_BAD_STATE);
    EXPECT_STATUS(zx_vmar_op_range(region->get(), ZX_VMAR_OP_COMMIT, region->base(), kPageSize, nullptr, 0),
                  ZX_ERR_BAD_STATE);
  }
}

// vmar allocate | parent_vmar refers to a destroyed region | BAD_STATE
// vmar map | handle refers to a destroyed region | BAD_STATE
// vmar unmap | handle refers to a destroyed region | BAD_STATE
// vmar protect | handle refers to a destroyed region | BAD_STATE
// vmar op_range | handle refers to a destroyed region | BAD_STATE
TEST(VmarDestroy, EmptyRegionSaysSoToo) {
  const Region region(4);
  ASSERT_OK(zx_vmar_destroy(region.get()));
  zx_handle_t child = ZX_HANDLE_INVALID;
  zx_vaddr_t address = 0;
  EXPECT_STATUS(zx_vmar_allocate(region.get(), 0, 0, kPageSize, &child, &address), ZX_ERR_BAD_STATE);
  EXPECT_STATUS(region.MapAt(0, MakeVmo(1), 1), ZX_ERR_BAD_STATE);
  EXPECT_STATUS(region.vmar().unmap(region.base(), kPageSize), ZX_ERR_BAD_STATE);
  EXPECT_STATUS(region.vmar().protect(kRead, region.base(), kPageSize), ZX_ERR_BAD_STATE);
  EXPECT_STATUS(zx_vmar_op_range(region.get(), ZX_VMAR_OP_COMMIT, region.base(), kPageSize, nullptr, 0),
                ZX_ERR_BAD_STATE);
}

// vmar destroy | the region was destroyed | BAD_STATE
TEST(VmarDestroy, HappensOnce) {
  const Region region(4);
  EXPECT_OK(zx_vmar_destroy(region.get()));
  EXPECT_STATUS(zx_vmar_destroy(region.get()), ZX_ERR_BAD_STATE);
}

// vmar destroy | handle is a root VMAR | NOT_SUPPORTED
TEST(VmarDestroy, RootIsRefused) { EXPECT_STATUS(zx_vmar_destroy(zx_vmar_root_self()), ZX_ERR_NOT_SUPPORTED); }

// vmar destroy | the handle lacks ZX_RIGHT_OP_CHILDREN | ACCESS_DENIED
TEST(VmarDestroy, NeedsTheRight) {
  const Region region(4);
  EXPECT_STATUS(zx_vmar_destroy(region.Without(ZX_RIGHT_OP_CHILDREN).get()), ZX_ERR_ACCESS_DENIED);
}

// vmar destroy | handle is not a valid handle | BAD_HANDLE
// vmar destroy | handle is not a VMAR handle | WRONG_TYPE
TEST(VmarDestroy, OtherHandlesAreRefused) {
  EXPECT_STATUS(zx_vmar_destroy(kNoSuchHandle), ZX_ERR_BAD_HANDLE);
  EXPECT_STATUS(zx_vmar_destroy(MakeVmo(1).get()), ZX_ERR_WRONG_TYPE);
}

// vmar destroy | the addresses afterwards | can be mapped in the parent; nothing of the old content shows
TEST(VmarDestroy, GivesTheAddressesBack) {
  const Region parent(10);
  const Region child(2, Region::kAll | ZX_VM_SPECIFIC, parent.get(), kPageSize);
  ASSERT_OK(child.MapAt(0, MakeTagged(2, 0), 2));
  ASSERT_OK(zx_vmar_destroy(child.get()));
  ASSERT_OK(parent.MapAt(1, MakeVmo(2), 2));
  EXPECT_EQ(*AtAddress<volatile uint32_t>(child.base()), 0U);
}

// vmar allocate | the region's handle is closed | the region and its mappings stay
TEST(VmarRegions, OutliveTheirHandles) {
  const Region parent(10);
  zx_handle_t child = ZX_HANDLE_INVALID;
  zx_vaddr_t base = 0;
  zx_vaddr_t address = 0;
  ASSERT_OK(zx_vmar_allocate(parent.get(), Region::kAll | ZX_VM_SPECIFIC, 0, 2 * kPageSize, &child, &base));
  ASSERT_OK(zx_vmar_map(child, kRead | ZX_VM_SPECIFIC, 0, MakeTagged(1, 0).get(), 0, kPageSize, &address));
  ASSERT_OK(zx_handle_close(child));
  EXPECT_EQ(*AtAddress<volatile uint32_t>(address), 1U);
  EXPECT_STATUS(parent.MapAt(1, MakeVmo(1), 1), ZX_ERR_ALREADY_EXISTS);
}

// vmar map | ZX_VM_SPECIFIC_OVERWRITE and a region lies partly in the range | an error, nothing changes
// real map | ZX_VM_SPECIFIC_OVERWRITE and any region lies in the range | INVALID_ARGS
TEST(VmarRegions, OverwriteDoesNotReachIntoThem) {
  const Region parent(10);
  const Region child(2, Region::kAll | ZX_VM_SPECIFIC, parent.get(), 4 * kPageSize);
  ASSERT_OK(child.MapAt(0, MakeTagged(2, 0), 2));
  ASSERT_OK(parent.MapAt(3, MakeTagged(1, 0), 1));
  EXPECT_STATUS(parent.MapAt(3, MakeVmo(2), 2, kRead | ZX_VM_SPECIFIC_OVERWRITE), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(*AtAddress<volatile uint32_t>(parent.base() + 3 * kPageSize), 1U);
  EXPECT_EQ(*AtAddress<volatile uint32_t>(child.base()), 1U);
}

// vmar unmap | a region lies wholly in the range | it is destroyed
// vmar unmap | a region lies partly in the range | INVALID_ARGS, nothing is unmapped
TEST(VmarRegions, UnmapTakesThemWholeOrNotAtAll) {
  const Region parent(10);
  const Region child(2, Region::kAll | ZX_VM_SPECIFIC, parent.get(), 4 * kPageSize);
  ASSERT_OK(child.MapAt(0, MakeTagged(2, 0), 2));
  ASSERT_OK(parent.MapAt(3, MakeTagged(1, 0), 1));
  ASSERT_OK(parent.MapAt(6, MakeTagged(1, 0), 1));
  EXPECT_STATUS(parent.vmar().unmap(parent.base() + 3 * kPageSize, 2 * kPageSize), ZX_ERR_INVALID_ARGS);
  EXPECT_STATUS(parent.vmar().unmap(parent.base() + 5 * kPageSize, 2 * kPageSize), ZX_ERR_INVALID_ARGS);
  for (const uint64_t page : std::initializer_list<uint64_t>{3, 4, 5, 6}) {
    EXPECT_TRUE(CanRead(parent.base() + page * kPageSize));
  }
  EXPECT_OK(parent.vmar().unmap(parent.base() + 3 * kPageSize, 4 * kPageSize));
  for (const uint64_t page : std::initializer_list<uint64_t>{3, 4, 5, 6}) {
    EXPECT_FALSE(CanRead(parent.base() + page * kPageSize));
  }
  EXPECT_STATUS(child.MapAt(0, MakeVmo(1), 1), ZX_ERR_BAD_STATE);
}

// vmar unmap | a region lies in the range and the handle lacks ZX_RIGHT_OP_CHILDREN | INVALID_ARGS
TEST(VmarRegions, UnmapNeedsTheRightToReachThem) {
  const Region parent(10);
  const Region child(2, Region::kAll | ZX_VM_SPECIFIC, parent.get(), 4 * kPageSize);
  EXPECT_STATUS(parent.Without(ZX_RIGHT_OP_CHILDREN).unmap(child.base(), 2 * kPageSize), ZX_ERR_INVALID_ARGS);
  EXPECT_OK(parent.vmar().unmap(child.base(), 2 * kPageSize));
}

// vmar protect | mappings in regions in the range | permissions can only be taken, else ACCESS_DENIED
TEST(VmarRegions, ProtectOnlyTakesFromThem) {
  const Region parent(1);
  const Region child(1, Region::kAll, parent.get());
  ASSERT_OK(child.MapAt(0, MakeVmo(1), 1));
  ASSERT_OK(parent.vmar().protect(kRead, parent.base(), kPageSize));
  EXPECT_FALSE(CanWrite(parent.base()));
  EXPECT_STATUS(parent.vmar().protect(kReadWrite, parent.base(), kPageSize), ZX_ERR_ACCESS_DENIED);
  EXPECT_OK(child.vmar().protect(kReadWrite, parent.base(), kPageSize));
  EXPECT_TRUE(CanWrite(parent.base()));
}

// vmar protect | a region lies in the range and the handle lacks ZX_RIGHT_OP_CHILDREN | INVALID_ARGS
TEST(VmarRegions, ProtectNeedsTheRightToReachThem) {
  const Region parent(1);
  const Region child(1, Region::kAll, parent.get());
  ASSERT_OK(child.MapAt(0, MakeVmo(1), 1));
  EXPECT_STATUS(parent.Without(ZX_RIGHT_OP_CHILDREN).protect(kRead, parent.base(), kPageSize), ZX_ERR_INVALID_ARGS);
}

// vmar protect | a region in the range is not filled with mappings | NOT_FOUND
TEST(VmarRegions, ProtectSeesTheHolesInThem) {
  const Region parent(4);
  ASSERT_OK(parent.MapAt(0, MakeVmo(1), 1));
  ASSERT_OK(parent.MapAt(2, MakeVmo(1), 1));
  const Region child(1, Region::kAll | ZX_VM_SPECIFIC, parent.get(), kPageSize);
  EXPECT_STATUS(parent.vmar().protect(kRead, parent.base(), 3 * kPageSize), ZX_ERR_NOT_FOUND);
  ASSERT_OK(child.MapAt(0, MakeVmo(1), 1));
  EXPECT_OK(parent.vmar().protect(kRead, parent.base(), 3 * kPageSize));
}

}  // namespace
}  // namespace conformance
