// What user code meets where a mapping does not permit an access, and what the kernel's own accesses meet there.
#include "tests/conformance/support.h"

namespace conformance {
namespace {

// vmar map | the mapping was made without ZX_VM_PERM_WRITE | writing faults with ACCESS_DENIED
TEST(Faults, WriteToAReadOnlyMappingIsDenied) {
  const Mapping mapping(MakeVmo(1), kRead, kPageSize);
  EXPECT_OK(ProbeRead(mapping.address()));
  EXPECT_STATUS(ProbeWrite(mapping.address()), ZX_ERR_ACCESS_DENIED);
}

// vmar map | the mapping has no permissions | reading and writing fault with ACCESS_DENIED
TEST(Faults, MappingWithoutPermissionsDeniesEverything) {
  const Mapping mapping(MakeVmo(1), 0, kPageSize);
  EXPECT_STATUS(ProbeRead(mapping.address()), ZX_ERR_ACCESS_DENIED);
  EXPECT_STATUS(ProbeWrite(mapping.address()), ZX_ERR_ACCESS_DENIED);
  ASSERT_OK(zx::vmar::root_self()->protect(kRead, mapping.address(), kPageSize));
  EXPECT_OK(ProbeRead(mapping.address()));
  EXPECT_STATUS(ProbeWrite(mapping.address()), ZX_ERR_ACCESS_DENIED);
}

// vmar protect | permissions are taken from pages that were touched, and that were not | accesses fault with
// ACCESS_DENIED
TEST(Faults, ProtectionReachesTouchedAndUntouchedPages) {
  const Mapping mapping(MakeVmo(100), kReadWrite, 100 * kPageSize);
  mapping.byte(0) = 1;
  mapping.byte(25 * kPageSize) = 1;
  mapping.byte(50 * kPageSize) = 1;
  ASSERT_OK(zx::vmar::root_self()->protect(kRead, mapping.address(), 100 * kPageSize));
  for (const uint64_t page : std::initializer_list<uint64_t>{0, 25, 50, 75, 99}) {
    EXPECT_STATUS(ProbeWrite(mapping.address() + page * kPageSize), ZX_ERR_ACCESS_DENIED);
    EXPECT_OK(ProbeRead(mapping.address() + page * kPageSize));
  }
}

// vmar protect | a large mapping of which few pages exist | only the range changes
TEST(Faults, ProtectionOfALargeSparseMapping) {
  constexpr uint64_t kSize = uint64_t{1} << 30;
  const Mapping mapping(MakeVmo(kSize / kPageSize), kReadWrite, kSize);
  mapping.byte(0) = 1;
  mapping.byte(kSize / 2) = 1;
  mapping.byte(kSize - 1) = 1;
  const zx_vaddr_t first = (mapping.address() + (2 << 20) - 1) / (2 << 20) * (2 << 20);
  ASSERT_OK(zx::vmar::root_self()->protect(kRead, first + kPageSize, mapping.address() + kSize - first - kPageSize));
  EXPECT_OK(ProbeWrite(first));
  EXPECT_STATUS(ProbeWrite(first + kPageSize), ZX_ERR_ACCESS_DENIED);
  EXPECT_STATUS(ProbeWrite(mapping.address() + kSize - 1), ZX_ERR_ACCESS_DENIED);
}

// vmar protect | permissions are taken and given back | writing works again
TEST(Faults, PermissionsComeBack) {
  const Mapping mapping(MakeVmo(2), kReadWrite, 2 * kPageSize);
  mapping.byte(0) = 1;
  ASSERT_OK(zx::vmar::root_self()->protect(kRead, mapping.address(), 2 * kPageSize));
  ASSERT_OK(zx::vmar::root_self()->protect(kReadWrite, mapping.address(), 2 * kPageSize));
  EXPECT_OK(ProbeWrite(mapping.address()));
  EXPECT_OK(ProbeWrite(mapping.address() + kPageSize));
}

// vmar map | the mapping reaches past the VMO's end | accesses there fault with OUT_OF_RANGE
TEST(Faults, BeyondTheEndIsOutOfRange) {
  const Mapping mapping(MakeVmo(1), kReadWrite | ZX_VM_ALLOW_FAULTS, 2 * kPageSize);
  EXPECT_OK(ProbeWrite(mapping.address() + kPageSize - 1));
  EXPECT_STATUS(ProbeRead(mapping.address() + kPageSize), ZX_ERR_OUT_OF_RANGE);
  EXPECT_STATUS(ProbeWrite(mapping.address() + kPageSize), ZX_ERR_OUT_OF_RANGE);
}

// vmar unmap | the range was unmapped | accesses fault with NOT_FOUND
TEST(Faults, UnmappedMemoryIsNotFound) {
  const Mapping mapping(MakeVmo(2), kReadWrite, 2 * kPageSize);
  mapping.byte(0) = 1;
  ASSERT_OK(zx::vmar::root_self()->unmap(mapping.address(), kPageSize));
  EXPECT_STATUS(ProbeRead(mapping.address()), ZX_ERR_NOT_FOUND);
  EXPECT_STATUS(ProbeWrite(mapping.address()), ZX_ERR_NOT_FOUND);
  EXPECT_OK(ProbeWrite(mapping.address() + kPageSize));
  EXPECT_STATUS(ProbeRead(kUnmapped), ZX_ERR_NOT_FOUND);
}

}  // namespace
}  // namespace conformance
