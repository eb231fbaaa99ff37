// zx_vmo_read and zx_vmo_write.
#include <string.h>

#include <vector>

#include "tests/conformance/support.h"

namespace conformance {
namespace {

// vmo read | the range is inside the VMO | exactly buffer_size bytes are in the buffer
// vmo write | the range is inside the VMO | exactly buffer_size bytes are in the VMO
TEST(VmoReadWrite, MovesExactlyTheBytesAskedFor) {
  const zx::vmo vmo = MakeVmo(3);
  const std::vector<uint8_t> written(kPageSize + 500, 0x99);
  ASSERT_OK(vmo.write(written.data(), 1000, written.size()));
  std::vector<uint8_t> all(3 * kPageSize, 1);
  ASSERT_OK(vmo.read(all.data(), 0, all.size()));
  for (size_t i = 0; i < all.size(); ++i) {
    ASSERT_EQ(all[i], i >= 1000 && i < 1000 + written.size() ? 0x99 : 0, "byte %zu", i);
  }
  uint8_t guarded[6] = {1, 2, 3, 4, 5, 6};
  ASSERT_OK(vmo.read(guarded + 1, 1000, 4));
  EXPECT_EQ(guarded[0], 1);
  EXPECT_EQ(guarded[4], 0x99);
  EXPECT_EQ(guarded[5], 6);
}

// vmo read | the VMO is mapped | the mapping's bytes
// vmo write | the VMO is mapped | the mapping shows them
TEST(VmoReadWrite, SeesWhatMappingsSee) {
  const zx::vmo vmo = MakeVmo(4);
  const Mapping mapping(vmo, kReadWrite, 4 * kPageSize);
  ASSERT_OK(mapping.status());
  const uint32_t tag = 0x12345678;
  ASSERT_OK(vmo.write(&tag, 2 * kPageSize, sizeof(tag)));
  EXPECT_EQ(mapping.tag(2), tag);
  mapping.tag(3) = 77;
  EXPECT_EQ(TagOf(vmo, 3), 77U);
}

// vmo read | the buffer is a mapping of the VMO itself | OK
// vmo write | the buffer is a mapping of the VMO itself | OK
TEST(VmoReadWrite, BufferMayBeAMappingOfTheSameVmo) {
  const zx::vmo vmo = MakeTagged(2, 0);
  const Mapping mapping(vmo, kReadWrite, kPageSize);
  ASSERT_OK(vmo.read(AtAddress<void>(mapping.address()), kPageSize, kPageSize));
  EXPECT_EQ(TagOf(vmo, 0), 2U);
  mapping.tag(0) = 5;
  ASSERT_OK(vmo.write(AtAddress<void>(mapping.address()), kPageSize, kPageSize));
  EXPECT_EQ(TagOf(vmo, 1), 5U);
}

// vmo read | offset + buffer_size is greater than the size | OUT_OF_RANGE, nothing is read
// vmo write | offset + buffer_size is greater than the size | OUT_OF_RANGE, nothing is written
TEST(VmoReadWrite, BeyondTheEndIsRefused) {
  const zx::vmo vmo = MakeVmo(1);
  uint8_t bytes[2] = {7, 7};
  EXPECT_STATUS(vmo.read(bytes, kPageSize - 1, 2), ZX_ERR_OUT_OF_RANGE);
  EXPECT_EQ(bytes[0], 7);
  EXPECT_STATUS(vmo.write(bytes, kPageSize - 1, 2), ZX_ERR_OUT_OF_RANGE);
  uint8_t last = 1;
  ASSERT_OK(vmo.read(&last, kPageSize - 1, 1));
  EXPECT_EQ(last, 0);
}

// vmo read | offset + buffer_size wraps around 2^64 | OUT_OF_RANGE
// vmo write | offset + buffer_size wraps around 2^64 | OUT_OF_RANGE
TEST(VmoReadWrite, WrappingRangeIsRefused) {
  const zx::vmo vmo = MakeVmo(4);
  std::vector<uint8_t> bytes(4 * kPageSize);
  const uint64_t offset = UINT64_MAX - bytes.size() / 2;
  EXPECT_STATUS(vmo.read(bytes.data(), offset, bytes.size()), ZX_ERR_OUT_OF_RANGE);
  EXPECT_STATUS(vmo.write(bytes.data(), offset, bytes.size()), ZX_ERR_OUT_OF_RANGE);
}

// real read | buffer_size is beyond the VMO and beyond the buffer's memory | OUT_OF_RANGE: the range comes first
// real write | buffer_size is beyond the VMO and beyond the buffer's memory | OUT_OF_RANGE: the range comes first
TEST(VmoReadWrite, RangeIsCheckedBeforeTheBuffer) {
  const zx::vmo vmo = MakeVmo(4);
  uint8_t bytes[8];
  for (const size_t length : {SIZE_MAX - kPageSize, SIZE_MAX - kPageSize / 2}) {
    EXPECT_STATUS(vmo.read(bytes, 0, length), ZX_ERR_OUT_OF_RANGE);
    EXPECT_STATUS(vmo.write(bytes, 0, length), ZX_ERR_OUT_OF_RANGE);
  }
}

// real read | buffer_size is 0 | OK up to offset == size, OUT_OF_RANGE behind
// real write | buffer_size is 0 | OK up to offset == size, OUT_OF_RANGE behind
TEST(VmoReadWrite, EmptyRangeMayStandAtTheEnd) {
  const zx::vmo vmo = MakeVmo(4);
  uint8_t byte = 0;
  EXPECT_OK(vmo.read(&byte, 4 * kPageSize, 0));
  EXPECT_OK(vmo.write(&byte, 4 * kPageSize, 0));
  EXPECT_STATUS(vmo.read(&byte, 4 * kPageSize + 1, 0), ZX_ERR_OUT_OF_RANGE);
  EXPECT_STATUS(vmo.write(&byte, 4 * kPageSize + 1, 0), ZX_ERR_OUT_OF_RANGE);
}

// vmo read | handle is not a valid handle | BAD_HANDLE
// vmo write | handle is not a valid handle | BAD_HANDLE
TEST(VmoReadWrite, NoHandleIsRefused) {
  uint8_t byte = 0;
  for (const zx_handle_t handle : {ZX_HANDLE_INVALID, kNoSuchHandle}) {
    EXPECT_STATUS(zx_vmo_read(handle, &byte, 0, 1), ZX_ERR_BAD_HANDLE);
    EXPECT_STATUS(zx_vmo_write(handle, &byte, 0, 1), ZX_ERR_BAD_HANDLE);
  }
}

// vmo read | handle is not a VMO handle | WRONG_TYPE
// vmo write | handle is not a VMO handle | WRONG_TYPE
TEST(VmoReadWrite, OtherObjectsAreRefused) {
  uint8_t byte = 0;
  EXPECT_STATUS(zx_vmo_read(zx_vmar_root_self(), &byte, 0, 1), ZX_ERR_WRONG_TYPE);
  EXPECT_STATUS(zx_vmo_write(zx_vmar_root_self(), &byte, 0, 1), ZX_ERR_WRONG_TYPE);
}

// vmo read | the handle lacks ZX_RIGHT_READ | ACCESS_DENIED
TEST(VmoReadWrite, ReadNeedsTheRight) {
  const zx::vmo vmo = MakeVmo(1);
  uint8_t byte = 0;
  EXPECT_STATUS(WithRights(vmo, kVmoRights & ~ZX_RIGHT_READ).read(&byte, 0, 1), ZX_ERR_ACCESS_DENIED);
  EXPECT_OK(WithRights(vmo, ZX_RIGHT_READ).read(&byte, 0, 1));
}

// vmo write | the handle lacks ZX_RIGHT_WRITE | ACCESS_DENIED
TEST(VmoReadWrite, WriteNeedsTheRight) {
  const zx::vmo vmo = MakeVmo(1);
  uint8_t byte = 0;
  EXPECT_STATUS(WithRights(vmo, kVmoRights & ~ZX_RIGHT_WRITE).write(&byte, 0, 1), ZX_ERR_ACCESS_DENIED);
  EXPECT_OK(WithRights(vmo, ZX_RIGHT_WRITE).write(&byte, 0, 1));
}

// real read | the right is missing and buffer_size is 0 | ACCESS_DENIED: rights come before lengths
// real write | the right is missing and buffer_size is 0 | ACCESS_DENIED: rights come before lengths
TEST(VmoReadWrite, RightsAreCheckedForEmptyRangesToo) {
  const zx::vmo vmo = WithRights(MakeVmo(1), ZX_RIGHT_MAP);
  uint8_t byte = 0;
  EXPECT_STATUS(vmo.read(&byte, 0, 0), ZX_ERR_ACCESS_DENIED);
  EXPECT_STATUS(vmo.write(&byte, 0, 0), ZX_ERR_ACCESS_DENIED);
}

// vmo read | buffer is NULL or an invalid pointer | INVALID_ARGS
// vmo write | buffer is NULL or an invalid pointer | INVALID_ARGS
TEST(VmoReadWrite, InvalidBufferIsRefused) {
  const zx::vmo vmo = MakeVmo(1);
  for (const uintptr_t address : {uintptr_t{0}, uintptr_t{kKernelAddress}, uintptr_t{1} << 63, UINTPTR_MAX - 2}) {
    EXPECT_STATUS(vmo.read(AtAddress<void>(address), 0, 16), ZX_ERR_INVALID_ARGS, "%#lx", address);
    EXPECT_STATUS(vmo.write(AtAddress<void>(address), 0, 16), ZX_ERR_INVALID_ARGS, "%#lx", address);
  }
}

// vmo read | buffer is not mapped in the address space | NOT_FOUND
// vmo write | buffer is not mapped in the address space | NOT_FOUND
TEST(VmoReadWrite, UnmappedBufferIsNotFound) {
  const zx::vmo vmo = MakeVmo(1);
  zx_vaddr_t address = 0;
  {
    const Mapping mapping(vmo, kReadWrite, kPageSize);
    address = mapping.address();
  }
  EXPECT_STATUS(vmo.read(AtAddress<void>(address), 0, 16), ZX_ERR_NOT_FOUND);
  EXPECT_STATUS(vmo.write(AtAddress<void>(address), 0, 16), ZX_ERR_NOT_FOUND);
}

// vmo read | the buffer is memory that may not be written | INVALID_ARGS
TEST(VmoReadWrite, ReadIntoReadOnlyMemoryIsRefused) {
  const zx::vmo vmo = MakeVmo(1);
  const Mapping read_only(vmo, kRead, kPageSize);
  EXPECT_STATUS(vmo.read(AtAddress<void>(read_only.address()), 0, 16), ZX_ERR_INVALID_ARGS);
  EXPECT_OK(vmo.write(AtAddress<void>(read_only.address()), 0, 16));
}

}  // namespace
}  // namespace conformance
