// zx_vmo_set_size, and the content size.
#include <vector>

#include "tests/conformance/support.h"

namespace conformance {
namespace {

uint64_t SizeOf(const zx::vmo& vmo) {
  uint64_t size = UINT64_MAX;
  EXPECT_OK(vmo.get_size(&size));
  return size;
}
uint64_t ContentSizeOf(const zx::vmo& vmo) {
  uint64_t size = UINT64_MAX;
  EXPECT_OK(vmo.get_prop_content_size(&size));
  return size;
}

// vmo set_size | any size | rounded up to pages; the content size is the size given
TEST(VmoSetSize, RoundsUpToPages) {
  const zx::vmo vmo = MakeVmo(0, ZX_VMO_RESIZABLE);
  for (const uint64_t size : {uint64_t{0}, uint64_t{1}, kPageSize - 1, kPageSize, kPageSize + 1, 5 * kPageSize + 1}) {
    ASSERT_OK(zx_vmo_set_size(vmo.get(), size));
    EXPECT_EQ(SizeOf(vmo), (size + kPageSize - 1) / kPageSize * kPageSize);
    EXPECT_EQ(ContentSizeOf(vmo), size);
  }
}

// vmo set_size | the VMO shrinks and grows again | what was cut off reads 0
TEST(VmoSetSize, WhatIsCutOffIsGone) {
  const zx::vmo vmo = MakeTagged(4);
  ASSERT_OK(zx_vmo_set_size(vmo.get(), kPageSize));
  EXPECT_EQ(TagOf(vmo, 1), UINT32_MAX);
  ASSERT_OK(zx_vmo_set_size(vmo.get(), 4 * kPageSize));
  EXPECT_EQ(TagOf(vmo, 0), 1U);
  for (uint64_t page = 1; page < 4; ++page) {
    EXPECT_EQ(TagOf(vmo, page), 0U);
  }
}

// vmo set_size | the size is not page-aligned | bytes between it and the end of its page become 0
TEST(VmoSetSize, TheRestOfThePageBecomesZero) {
  const zx::vmo vmo = MakeVmo(2, ZX_VMO_RESIZABLE);
  const std::vector<uint8_t> ones(2 * kPageSize, 0xff);
  ASSERT_OK(vmo.write(ones.data(), 0, ones.size()));
  ASSERT_OK(zx_vmo_set_size(vmo.get(), kPageSize + 100));
  std::vector<uint8_t> bytes(2 * kPageSize);
  ASSERT_OK(vmo.read(bytes.data(), 0, bytes.size()));
  for (uint64_t i = 0; i < bytes.size(); ++i) {
    ASSERT_EQ(bytes[i], i < kPageSize + 100 ? 0xff : 0, "byte %lu", i);
  }
}

// vmo set_size | the VMO grows under a mapping | the mapping shows the new pages
TEST(VmoSetSize, MappingsShowWhatIsAdded) {
  const zx::vmo vmo = MakeVmo(2, ZX_VMO_RESIZABLE);
  const Mapping mapping(vmo, kReadWrite | ZX_VM_ALLOW_FAULTS, 8 * kPageSize);
  EXPECT_STATUS(ProbeWrite(mapping.address() + 5 * kPageSize), ZX_ERR_OUT_OF_RANGE);
  ASSERT_OK(zx_vmo_set_size(vmo.get(), 6 * kPageSize + kPageSize / 2));
  mapping.tag(5) = 55;
  EXPECT_EQ(TagOf(vmo, 5), 55U);
  mapping.byte(6 * kPageSize + kPageSize / 2 + 16) = 1;
  EXPECT_STATUS(ProbeRead(mapping.address() + 7 * kPageSize), ZX_ERR_OUT_OF_RANGE);
}

// vmar map | the VMO is resized to a smaller size | accesses beyond its end fault with OUT_OF_RANGE
TEST(VmoSetSize, MappingsFaultBeyondASmallerEnd) {
  const zx::vmo vmo = MakeTagged(2);
  const Mapping mapping(vmo, kReadWrite | ZX_VM_ALLOW_FAULTS, 2 * kPageSize);
  EXPECT_EQ(mapping.tag(1), 2U);
  ASSERT_OK(zx_vmo_set_size(vmo.get(), 0));
  for (uint64_t page = 0; page < 2; ++page) {
    EXPECT_STATUS(ProbeRead(mapping.address() + page * kPageSize), ZX_ERR_OUT_OF_RANGE);
    EXPECT_STATUS(ProbeWrite(mapping.address() + page * kPageSize), ZX_ERR_OUT_OF_RANGE);
  }
}

// vmo create | ZX_VMO_RESIZABLE | the VMO can change size, its handle has ZX_RIGHT_RESIZE
// vmo set_size | the VMO was created without ZX_VMO_RESIZABLE | UNAVAILABLE
TEST(VmoSetSize, FixedVmoIsRefused) {
  const zx::vmo vmo = MakeVmo(4);
  EXPECT_STATUS(zx_vmo_set_size(vmo.get(), 5 * kPageSize), ZX_ERR_UNAVAILABLE);
  EXPECT_STATUS(zx_vmo_set_size(vmo.get(), 3 * kPageSize), ZX_ERR_UNAVAILABLE);
  EXPECT_EQ(SizeOf(vmo), 4 * kPageSize);
  EXPECT_EQ(RightsOf(vmo) & ZX_RIGHT_RESIZE, 0U);
  EXPECT_NE(RightsOf(MakeVmo(4, ZX_VMO_RESIZABLE)) & ZX_RIGHT_RESIZE, 0U);
}

// vmo set_size | the handle lacks ZX_RIGHT_WRITE | ACCESS_DENIED
// real set_size | the handle lacks ZX_RIGHT_RESIZE | ACCESS_DENIED
TEST(VmoSetSize, NeedsTheRights) {
  const zx::vmo vmo = MakeVmo(4, ZX_VMO_RESIZABLE);
  EXPECT_STATUS(zx_vmo_set_size(WithRights(vmo, kVmoRights).get(), kPageSize), ZX_ERR_ACCESS_DENIED);
  EXPECT_STATUS(zx_vmo_set_size(WithRights(vmo, ZX_RIGHT_READ | ZX_RIGHT_RESIZE).get(), kPageSize),
                ZX_ERR_ACCESS_DENIED);
  EXPECT_OK(zx_vmo_set_size(WithRights(vmo, ZX_RIGHT_WRITE | ZX_RIGHT_RESIZE).get(), kPageSize));
}

// vmo set_size | the requested size is too large | OUT_OF_RANGE, nothing changes
TEST(VmoSetSize, TooLargeIsRefused) {
  const zx::vmo vmo = MakeTagged(2);
  EXPECT_STATUS(zx_vmo_set_size(vmo.get(), UINT64_MAX), ZX_ERR_OUT_OF_RANGE);
  EXPECT_EQ(SizeOf(vmo), 2 * kPageSize);
  EXPECT_EQ(TagOf(vmo, 1), 2U);
}

// vmo set_size | handle is not a valid handle | BAD_HANDLE
// vmo set_size | handle is not a VMO handle | WRONG_TYPE
TEST(VmoSetSize, OtherHandlesAreRefused) {
  EXPECT_STATUS(zx_vmo_set_size(kNoSuchHandle, 0), ZX_ERR_BAD_HANDLE);
  EXPECT_STATUS(zx_vmo_set_size(zx_vmar_root_self(), 0), ZX_ERR_WRONG_TYPE);
}

// vmo create | ZX_PROP_VMO_CONTENT_SIZE is set | the content size changes, the VMO's size does not
TEST(VmoSetSize, ContentSizeIsANote) {
  const zx::vmo vmo = MakeVmo(4, ZX_VMO_RESIZABLE);
  for (const uint64_t size : {4 * kPageSize / 3, 4 * kPageSize + 15643, uint64_t{0}}) {
    ASSERT_OK(zx_object_set_property(vmo.get(), ZX_PROP_VMO_CONTENT_SIZE, &size, sizeof(size)));
    EXPECT_EQ(ContentSizeOf(vmo), size);
    EXPECT_EQ(SizeOf(vmo), 4 * kPageSize);
  }
  ASSERT_OK(zx_vmo_set_size(vmo.get(), 5461));
  EXPECT_EQ(ContentSizeOf(vmo), 5461U);
}

// vmo create | the rights of the handle | those that the document lists
TEST(VmoSetSize, DefaultRights) {
  EXPECT_EQ(RightsOf(MakeVmo(1)), kVmoRights);
  EXPECT_EQ(RightsOf(MakeVmo(1, ZX_VMO_RESIZABLE)), kVmoRights | ZX_RIGHT_RESIZE);
}

}  // namespace
}  // namespace conformance
