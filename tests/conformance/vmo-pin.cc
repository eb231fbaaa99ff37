// Pinned, contiguous and physical VMOs: what the other calls say to them. Initiators and resources come from the
// machine's own handles.
#include <lib/zx/resource.h>

#include "tests/conformance/support.h"

namespace conformance {
namespace {

zx::vmo MakeContiguous(const zx::bti& bti, uint64_t pages, uint32_t alignment = 0) {
  zx::vmo vmo;
  EXPECT_OK(zx_vmo_create_contiguous(bti.get(), pages * kPageSize, alignment, vmo.reset_and_get_address()));
  return vmo;
}

// vmo set_size | the requested size would discard pinned pages | BAD_STATE, until they are unpinned
TEST(VmoPin, ResizeKeepsPinnedPages) {
  const zx::bti bti = MakeBti();
  const zx::vmo vmo = MakeTagged(4);
  zx::pmt pmt = Pin(bti, vmo, 2);
  EXPECT_STATUS(zx_vmo_set_size(vmo.get(), 2 * kPageSize), ZX_ERR_BAD_STATE);
  EXPECT_OK(zx_vmo_set_size(vmo.get(), 3 * kPageSize));
  EXPECT_EQ(TagOf(vmo, 2), 3U);
  ASSERT_OK(pmt.unpin());
  EXPECT_OK(zx_vmo_set_size(vmo.get(), 2 * kPageSize));
}

// vmo create_child | ZX_VMO_CHILD_SNAPSHOT of a VMO with pinned pages | BAD_STATE
TEST(VmoPin, PinnedPagesCannotBeShared) {
  const zx::bti bti = MakeBti();
  const zx::vmo vmo = MakeTagged(4, 0);
  zx::pmt pmt = Pin(bti, vmo, 2);
  EXPECT_STATUS(TryChild(vmo, ZX_VMO_CHILD_SNAPSHOT, 0, 4 * kPageSize), ZX_ERR_BAD_STATE);
  EXPECT_OK(TryChild(vmo, ZX_VMO_CHILD_SLICE, 0, 4 * kPageSize));
  ASSERT_OK(pmt.unpin());
  EXPECT_OK(TryChild(vmo, ZX_VMO_CHILD_SNAPSHOT, 0, 4 * kPageSize));
}

// real op_range | ZX_VMO_OP_DECOMMIT of pinned pages, also through a slice | BAD_STATE
TEST(VmoPin, PinnedPagesCannotBeDecommitted) {
  const zx::bti bti = MakeBti();
  const zx::vmo vmo = MakeTagged(4, 0);
  const zx::vmo slice = MakeChild(vmo, ZX_VMO_CHILD_SLICE, 1, 3);
  zx::pmt pmt = Pin(bti, slice, 1);
  EXPECT_STATUS(OpRange(vmo, ZX_VMO_OP_DECOMMIT, 0, 4 * kPageSize), ZX_ERR_BAD_STATE);
  EXPECT_STATUS(OpRange(slice, ZX_VMO_OP_DECOMMIT, 0, 3 * kPageSize), ZX_ERR_BAD_STATE);
  EXPECT_EQ(TagOf(vmo, 2), 3U);
  EXPECT_OK(OpRange(vmo, ZX_VMO_OP_DECOMMIT, 0, kPageSize));
  ASSERT_OK(pmt.unpin());
}

// vmo set_cache_policy | the VMO has pinned pages | BAD_STATE
TEST(VmoPin, CachePolicyOfPinnedPagesStays) {
  const zx::bti bti = MakeBti();
  const zx::vmo vmo = MakeVmo(4);
  zx::pmt pmt = Pin(bti, vmo, 2);
  EXPECT_STATUS(zx_vmo_set_cache_policy(vmo.get(), ZX_CACHE_POLICY_UNCACHED), ZX_ERR_BAD_STATE);
  ASSERT_OK(pmt.unpin());
  EXPECT_OK(zx_vmo_set_cache_policy(vmo.get(), ZX_CACHE_POLICY_UNCACHED));
}

// vmo create_contiguous | size and alignment_log2 | zeros in neighbouring pages at an aligned address; ZX_INFO_VMO says
// so
TEST(VmoContiguous, IsContiguousAndAligned) {
  const zx::bti bti = MakeBti();
  const zx::vmo vmo = MakeContiguous(bti, 16, 16);
  EXPECT_NE(InfoOf(vmo).flags & ZX_INFO_VMO_CONTIGUOUS, 0U);
  EXPECT_EQ(CommittedPages(vmo), 16U);
  EXPECT_EQ(TagOf(vmo, 15), 0U);
  zx_paddr_t address = 0;
  zx::pmt pmt;
  ASSERT_OK(bti.pin(ZX_BTI_PERM_READ | ZX_BTI_CONTIGUOUS, vmo, 0, 16 * kPageSize, &address, 1, &pmt));
  EXPECT_EQ(address % (16 * kPageSize), 0U);
  ASSERT_OK(pmt.unpin());
  EXPECT_NE(InfoOf(MakeChild(vmo, ZX_VMO_CHILD_SLICE, 1, 2)).flags & ZX_INFO_VMO_CONTIGUOUS, 0U);
}

// vmo create_child | ZX_VMO_CHILD_SNAPSHOT of a contiguous VMO | not supported
// real create_child | ZX_VMO_CHILD_SNAPSHOT of a contiguous VMO | INVALID_ARGS
// vmo create_child | ZX_VMO_CHILD_SNAPSHOT_AT_LEAST_ON_WRITE of a contiguous VMO | refused
TEST(VmoContiguous, CannotBeSnapshotted) {
  const zx::bti bti = MakeBti();
  const zx::vmo vmo = MakeContiguous(bti, 2);
  EXPECT_STATUS(TryChild(vmo, ZX_VMO_CHILD_SNAPSHOT, 0, kPageSize), ZX_ERR_INVALID_ARGS);
  EXPECT_NOT_OK(TryChild(vmo, ZX_VMO_CHILD_SNAPSHOT_AT_LEAST_ON_WRITE, 0, kPageSize));
}

// vmo op_range | ZX_VMO_OP_ZERO of a contiguous VMO | clears, gives nothing back
// vmo op_range | ZX_VMO_OP_DECOMMIT and the VMO does not allow it | NOT_SUPPORTED
TEST(VmoContiguous, KeepsItsPages) {
  const zx::bti bti = MakeBti();
  const zx::vmo vmo = MakeContiguous(bti, 2);
  ASSERT_OK(SetTag(vmo, 0, 7));
  ASSERT_OK(OpRange(vmo, ZX_VMO_OP_ZERO, 0, kPageSize));
  EXPECT_EQ(TagOf(vmo, 0), 0U);
  EXPECT_EQ(CommittedPages(vmo), 2U);
  EXPECT_STATUS(OpRange(vmo, ZX_VMO_OP_DECOMMIT, 0, kPageSize), ZX_ERR_NOT_SUPPORTED);
}

// real create_contiguous | size is 0 or alignment_log2 is not an alignment | INVALID_ARGS
TEST(VmoContiguous, BadSizesAreRefused) {
  const zx::bti bti = MakeBti();
  zx_handle_t out = ZX_HANDLE_INVALID;
  EXPECT_STATUS(zx_vmo_create_contiguous(bti.get(), 0, 0, &out), ZX_ERR_INVALID_ARGS);
  EXPECT_STATUS(zx_vmo_create_contiguous(bti.get(), kPageSize, 64, &out), ZX_ERR_INVALID_ARGS);
}

// vmo create_physical | a resource of that range | the VMO; it can be mapped, not read or written
// vmo create_physical | the VMO is read or written by the calls for that | refused
TEST(VmoPhysical, ShowsTheMemoryOfItsResource) {
  zx_info_resource_t memory = {};
  ASSERT_OK(zx_object_get_info(pagoda_mmio_resource(), ZX_INFO_RESOURCE, &memory, sizeof(memory), nullptr, nullptr));
  zx::vmo vmo;
  ASSERT_OK(zx_vmo_create_physical(pagoda_mmio_resource(), memory.base, 2 * kPageSize, vmo.reset_and_get_address()));
  uint64_t size = 0;
  EXPECT_OK(vmo.get_size(&size));
  EXPECT_EQ(size, 2 * kPageSize);
  EXPECT_OK(vmo.get_prop_content_size(&size));
  EXPECT_EQ(size, 2 * kPageSize);
  const Mapping mapping(vmo, kReadWrite, 2 * kPageSize);
  ASSERT_OK(mapping.status());
  mapping.tag(1) = 4711;
  EXPECT_EQ(mapping.tag(1), 4711U);
  uint8_t byte = 0;
  EXPECT_NOT_OK(vmo.read(&byte, 0, 1));
  EXPECT_NOT_OK(vmo.write(&byte, 0, 1));
}

// vmo create_physical | resource does not grant access to the range | ACCESS_DENIED
// vmo create_physical | paddr or size is not page-aligned | INVALID_ARGS
// vmo create_physical | out is NULL or an invalid pointer | INVALID_ARGS
TEST(VmoPhysical, OtherRangesAreRefused) {
  zx_info_resource_t memory = {};
  ASSERT_OK(zx_object_get_info(pagoda_mmio_resource(), ZX_INFO_RESOURCE, &memory, sizeof(memory), nullptr, nullptr));
  const zx_handle_t resource = pagoda_mmio_resource();
  zx_handle_t out = ZX_HANDLE_INVALID;
  EXPECT_STATUS(zx_vmo_create_physical(resource, memory.base + memory.size, kPageSize, &out), ZX_ERR_ACCESS_DENIED);
  EXPECT_STATUS(zx_vmo_create_physical(resource, 0, kPageSize, &out), ZX_ERR_ACCESS_DENIED);
  EXPECT_STATUS(zx_vmo_create_physical(resource, memory.base + 1, kPageSize, &out), ZX_ERR_INVALID_ARGS);
  EXPECT_STATUS(zx_vmo_create_physical(resource, memory.base, kPageSize - 1, &out), ZX_ERR_INVALID_ARGS);
  EXPECT_STATUS(zx_vmo_create_physical(resource, memory.base, kPageSize, nullptr), ZX_ERR_INVALID_ARGS);
}

// vmo create_child | ZX_VMO_CHILD_SNAPSHOT of a physical VMO | NOT_SUPPORTED; a slice is OK
TEST(VmoPhysical, CanOnlyBeSliced) {
  zx_info_resource_t memory = {};
  ASSERT_OK(zx_object_get_info(pagoda_mmio_resource(), ZX_INFO_RESOURCE, &memory, sizeof(memory), nullptr, nullptr));
  zx::vmo vmo;
  ASSERT_OK(zx_vmo_create_physical(pagoda_mmio_resource(), memory.base, 2 * kPageSize, vmo.reset_and_get_address()));
  EXPECT_STATUS(TryChild(vmo, ZX_VMO_CHILD_SNAPSHOT, 0, kPageSize), ZX_ERR_NOT_SUPPORTED);
  const zx::vmo slice = MakeChild(vmo, ZX_VMO_CHILD_SLICE, 1, 1);
  EXPECT_EQ(InfoOf(slice).parent_koid, InfoOf(vmo).koid);
  const Mapping whole(vmo, kReadWrite, 2 * kPageSize);
  const Mapping part(slice, kReadWrite, kPageSize);
  part.tag(0) = 99;
  EXPECT_EQ(whole.tag(1), 99U);
}

// vmo create_physical | the requested size is too large | OUT_OF_RANGE
// vmo create_physical | resource is one of another kind | ACCESS_DENIED
TEST(VmoPhysical, OtherResourcesAndSizesAreRefused) {
  zx_info_resource_t memory = {};
  ASSERT_OK(zx_object_get_info(pagoda_mmio_resource(), ZX_INFO_RESOURCE, &memory, sizeof(memory), nullptr, nullptr));
  zx_handle_t out = ZX_HANDLE_INVALID;
  EXPECT_STATUS(zx_vmo_create_physical(pagoda_mmio_resource(), memory.base, UINT64_MAX - kPageSize + 1, &out),
                ZX_ERR_OUT_OF_RANGE);
  zx::resource other;
  ASSERT_OK(zx::resource::create(*zx::unowned_resource(pagoda_root_resource()), ZX_RSRC_KIND_SYSTEM,
                                 ZX_RSRC_SYSTEM_VMEX_BASE, 1, nullptr, 0, &other));
  EXPECT_STATUS(zx_vmo_create_physical(other.get(), memory.base, kPageSize, &out), ZX_ERR_ACCESS_DENIED);
}

// vmo create_physical | the rights of the handle | those that the document lists, ZX_RIGHT_EXECUTE among them
// vmo create_physical | ZX_VMO_ZERO_CHILDREN | active until there is a child, and when the last one has gone
TEST(VmoPhysical, StartsWithTheDefaultRightsAndNoChildren) {
  zx_info_resource_t memory = {};
  ASSERT_OK(zx_object_get_info(pagoda_mmio_resource(), ZX_INFO_RESOURCE, &memory, sizeof(memory), nullptr, nullptr));
  zx::vmo vmo;
  ASSERT_OK(zx_vmo_create_physical(pagoda_mmio_resource(), memory.base, 2 * kPageSize, vmo.reset_and_get_address()));
  EXPECT_EQ(RightsOf(vmo), kVmoRights | ZX_RIGHT_EXECUTE);
  EXPECT_TRUE(HasNoChildren(vmo));
  zx::vmo slice = MakeChild(vmo, ZX_VMO_CHILD_SLICE, 1, 1);
  EXPECT_FALSE(HasNoChildren(vmo));
  slice.reset();
  EXPECT_TRUE(HasNoChildren(vmo));
}

// vmo create_contiguous | the handle lacks ZX_RIGHT_MAP | ACCESS_DENIED
TEST(VmoContiguous, NeedsTheRightToMap) {
  const zx::bti bti = MakeBti();
  zx::bti weak;
  ASSERT_OK(bti.duplicate(ZX_RIGHT_TRANSFER, &weak));
  zx_handle_t out = ZX_HANDLE_INVALID;
  EXPECT_STATUS(zx_vmo_create_contiguous(weak.get(), kPageSize, 0, &out), ZX_ERR_ACCESS_DENIED);
}

// vmar op_range | a mapped VMO does not support the operation | NOT_SUPPORTED
TEST(VmoContiguous, MappingsOfItCannotBeDecommitted) {
  const zx::bti bti = MakeBti();
  const zx::vmo vmo = MakeContiguous(bti, 2);
  const Mapping mapping(vmo, kReadWrite, 2 * kPageSize);
  ASSERT_OK(mapping.status());
  mapping.tag(1) = 7;
  EXPECT_STATUS(
      zx_vmar_op_range(zx_vmar_root_self(), ZX_VMAR_OP_DECOMMIT, mapping.address(), 2 * kPageSize, nullptr, 0),
      ZX_ERR_NOT_SUPPORTED);
  EXPECT_EQ(mapping.tag(1), 7U);
}

}  // namespace
}  // namespace conformance
