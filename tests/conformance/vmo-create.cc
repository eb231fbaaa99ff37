// zx_vmo_create and zx_vmo_get_size.
#include <string.h>

#include "tests/conformance/support.h"

namespace conformance {
namespace {

// vmo create | the VMO is filled with zeros | every byte reads 0
TEST(VmoCreate, StartsAsZeros) {
  const zx::vmo vmo = MakeVmo(4);
  uint8_t bytes[4 * kPageSize];
  memset(bytes, 0xff, sizeof(bytes));
  ASSERT_OK(vmo.read(bytes, 0, sizeof(bytes)));
  for (const uint8_t byte : bytes) {
    ASSERT_EQ(byte, 0);
  }
}

// vmo create | size is not a multiple of the page size | it is rounded up
// vmo get_size | a VMO of any size | the size in whole pages
TEST(VmoCreate, SizeIsRoundedUpToPages) {
  for (uint64_t size = 0; size < 4 * kPageSize; size += size % kPageSize == 1 ? kPageSize - 2 : 1) {
    zx::vmo vmo;
    ASSERT_OK(zx::vmo::create(size, 0, &vmo));
    uint64_t found = 0;
    ASSERT_OK(vmo.get_size(&found));
    ASSERT_EQ(found, (size + kPageSize - 1) / kPageSize * kPageSize);
  }
}

// vmo create | the content size at the start | the size given, not rounded
TEST(VmoCreate, ContentSizeIsTheSizeGiven) {
  zx::vmo vmo;
  ASSERT_OK(zx::vmo::create(kPageSize + 17, 0, &vmo));
  uint64_t found = 0;
  ASSERT_OK(vmo.get_prop_content_size(&found));
  EXPECT_EQ(found, kPageSize + 17);
}

// vmo create | size is 0 | the VMO is legal and holds nothing
TEST(VmoCreate, MayBeEmpty) {
  const zx::vmo vmo = MakeVmo(0);
  uint8_t byte = 0;
  EXPECT_OK(vmo.read(&byte, 0, 0));
  EXPECT_STATUS(vmo.read(&byte, 0, 1), ZX_ERR_OUT_OF_RANGE);
}

// vmo create | many VMOs of different sizes live at once | all exist and can be closed
TEST(VmoCreate, ManyLiveAtOnce) {
  zx::vmo vmos[16];
  for (uint64_t i = 0; i < 16; ++i) {
    ASSERT_OK(zx::vmo::create(i * kPageSize, 0, &vmos[i]));
  }
  for (zx::vmo& vmo : vmos) {
    ASSERT_OK(zx_handle_close(vmo.release()));
  }
}

// vmo create | the VMO is close to 2^64 bytes large | it can be created, written and read at its far end
TEST(VmoCreate, MayBeAlmostAsLargeAsTheNumbers) {
  constexpr uint64_t kSize = UINT64_MAX - 64 * kPageSize + 1;
  zx::vmo vmo;
  ASSERT_OK(zx::vmo::create(kSize, 0, &vmo));
  const uint64_t value = 42;
  uint64_t found = 0;
  ASSERT_OK(vmo.write(&value, kSize - sizeof(value), sizeof(value)));
  ASSERT_OK(vmo.read(&found, kSize - sizeof(value), sizeof(value)));
  EXPECT_EQ(found, value);
}

// vmo create | the requested size is too large | OUT_OF_RANGE
TEST(VmoCreate, TooLargeIsRefused) {
  zx::vmo vmo;
  EXPECT_STATUS(zx::vmo::create(UINT64_MAX, 0, &vmo), ZX_ERR_OUT_OF_RANGE);
  EXPECT_STATUS(zx::vmo::create(UINT64_MAX - kPageSize + 1, 0, &vmo), ZX_ERR_OUT_OF_RANGE);
  EXPECT_FALSE(vmo.is_valid());
}

// vmo create | options has a bit that is not an option | INVALID_ARGS
TEST(VmoCreate, UnknownOptionsAreRefused) {
  zx::vmo vmo;
  for (const uint32_t option : {1U << 0, 1U << 5, 1U << 31}) {
    EXPECT_STATUS(zx::vmo::create(kPageSize, option, &vmo), ZX_ERR_INVALID_ARGS);
  }
  // Only a pager's objects can trap writes.
  EXPECT_STATUS(zx::vmo::create(kPageSize, ZX_VMO_TRAP_DIRTY, &vmo), ZX_ERR_INVALID_ARGS);
  EXPECT_FALSE(vmo.is_valid());
}

// vmo create | out is NULL or an invalid pointer | INVALID_ARGS
TEST(VmoCreate, InvalidOutIsRefused) {
  EXPECT_STATUS(zx_vmo_create(kPageSize, 0, nullptr), ZX_ERR_INVALID_ARGS);
  EXPECT_STATUS(zx_vmo_create(kPageSize, 0, AtAddress<zx_handle_t>(1)), ZX_ERR_INVALID_ARGS);
  EXPECT_STATUS(zx_vmo_create(kPageSize, 0, AtAddress<zx_handle_t>(kKernelAddress)), ZX_ERR_INVALID_ARGS);
  const zx::vmo vmo = MakeVmo(1);
  const Mapping read_only(vmo, kRead, kPageSize);
  EXPECT_STATUS(zx_vmo_create(kPageSize, 0, AtAddress<zx_handle_t>(read_only.address())), ZX_ERR_INVALID_ARGS);
}

// vmo get_size | handle is not a valid handle | BAD_HANDLE
TEST(VmoGetSize, NoHandleIsRefused) {
  uint64_t size = 0;
  EXPECT_STATUS(zx_vmo_get_size(ZX_HANDLE_INVALID, &size), ZX_ERR_BAD_HANDLE);
  EXPECT_STATUS(zx_vmo_get_size(kNoSuchHandle, &size), ZX_ERR_BAD_HANDLE);
}

// vmo get_size | handle is not a VMO handle | WRONG_TYPE
TEST(VmoGetSize, OtherObjectsAreRefused) {
  uint64_t size = 0;
  EXPECT_STATUS(zx_vmo_get_size(zx_process_self(), &size), ZX_ERR_WRONG_TYPE);
  EXPECT_STATUS(zx_vmo_get_size(zx_vmar_root_self(), nullptr), ZX_ERR_WRONG_TYPE);
}

// vmo get_size | size is NULL or an invalid pointer | INVALID_ARGS
TEST(VmoGetSize, InvalidPointerIsRefused) {
  const zx::vmo vmo = MakeVmo(1);
  EXPECT_STATUS(zx_vmo_get_size(vmo.get(), nullptr), ZX_ERR_INVALID_ARGS);
  EXPECT_STATUS(zx_vmo_get_size(vmo.get(), AtAddress<uint64_t>(kKernelAddress)), ZX_ERR_INVALID_ARGS);
}

// vmo get_size | the handle has no rights at all | OK: none is required
TEST(VmoGetSize, NeedsNoRight) {
  const zx::vmo vmo = WithRights(MakeVmo(2), ZX_RIGHT_NONE);
  uint64_t size = 0;
  EXPECT_OK(vmo.get_size(&size));
  EXPECT_EQ(size, 2 * kPageSize);
}

}  // namespace
}  // namespace conformance
