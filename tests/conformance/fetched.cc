// VMOs whose pages a pager on the host supplies: what the documents say of "a VMO backed by a pager". The object `f` is
// a file that every machine has; the tests compare what they see of it with itself.
#include <pagoda/object.h>

#include <array>
#include <cstring>

#include "tests/conformance/support.h"

namespace conformance {
namespace {

zx::vmo OpenFile() {
  zx::vmo vmo;
  EXPECT_OK(pagoda::OpenObject("f", &vmo));
  return vmo;
}

std::array<uint8_t, 256> StartOf(const zx::vmo& vmo) {
  std::array<uint8_t, 256> bytes{};
  EXPECT_OK(vmo.read(bytes.data(), 0, bytes.size()));
  return bytes;
}

// vmar map | the VMO is backed by a pager and ZX_VM_ALLOW_FAULTS is not given | NOT_SUPPORTED
TEST(Fetched, MappingNeedsToAllowFaults) {
  const zx::vmo vmo = OpenFile();
  EXPECT_STATUS(Mapping(vmo, kRead, kPageSize).status(), ZX_ERR_NOT_SUPPORTED);
  EXPECT_OK(Mapping(vmo, kRead | ZX_VM_ALLOW_FAULTS, kPageSize).status());
}

// vmo read | the VMO is backed by a pager | the bytes that the pager has, the same as through a mapping
TEST(Fetched, ReadAndMappingShowTheSameBytes) {
  const zx::vmo vmo = OpenFile();
  const Mapping mapping(vmo, kRead | ZX_VM_ALLOW_FAULTS, kPageSize);
  ASSERT_OK(mapping.status());
  const auto bytes = StartOf(vmo);
  EXPECT_EQ(memcmp(AtAddress<const void>(mapping.address()), bytes.data(), bytes.size()), 0);
  EXPECT_EQ(bytes[0], 0x7f, "a program starts with 0x7f 'ELF'");
}

// vmo create_child | ZX_VMO_CHILD_SNAPSHOT of a VMO that is backed by a pager | NOT_SUPPORTED
TEST(Fetched, SnapshotIsNotSupported) {
  const zx::vmo vmo = OpenFile();
  EXPECT_STATUS(TryChild(vmo, ZX_VMO_CHILD_SNAPSHOT, 0, kPageSize), ZX_ERR_NOT_SUPPORTED);
  const zx::vmo child = MakeChild(vmo, ZX_VMO_CHILD_SNAPSHOT_AT_LEAST_ON_WRITE, 0, 1);
  EXPECT_STATUS(TryChild(child, ZX_VMO_CHILD_SNAPSHOT, 0, kPageSize), ZX_ERR_NOT_SUPPORTED);
}

// vmo create_child | ZX_VMO_CHILD_SNAPSHOT_AT_LEAST_ON_WRITE of a VMO that is backed by a pager | the pager's bytes
// until the child writes; the write stays in the child
TEST(Fetched, CopiesOnWriteReadThroughAndKeepTheirWrites) {
  const zx::vmo vmo = OpenFile();
  const zx::vmo child = MakeChild(vmo, ZX_VMO_CHILD_SNAPSHOT_AT_LEAST_ON_WRITE, 0, 1);
  const auto original = StartOf(vmo);
  EXPECT_TRUE(StartOf(child) == original);
  const uint8_t changed = static_cast<uint8_t>(original[0] + 1);
  ASSERT_OK(child.write(&changed, 0, 1));
  EXPECT_EQ(StartOf(child)[0], changed);
  EXPECT_EQ(StartOf(child)[1], original[1]);
  EXPECT_TRUE(StartOf(vmo) == original);
}

// vmo op_range | ZX_VMO_OP_DECOMMIT of a VMO that is backed by a pager | NOT_SUPPORTED, also of its copies
TEST(Fetched, DecommitIsNotSupported) {
  const zx::vmo vmo = OpenFile();
  const zx::vmo child = MakeChild(vmo, ZX_VMO_CHILD_SNAPSHOT_AT_LEAST_ON_WRITE, 0, 1);
  EXPECT_STATUS(OpRange(child, ZX_VMO_OP_DECOMMIT, 0, kPageSize), ZX_ERR_NOT_SUPPORTED);
  EXPECT_STATUS(OpRange(vmo, ZX_VMO_OP_DECOMMIT, 0, kPageSize), ZX_ERR_ACCESS_DENIED);  // the file is read-only
}

// vmo op_range | ZX_VMO_OP_DONT_NEED on a VMO that is backed by a pager | OK, and the content stays
TEST(Fetched, PagesThatAreNotNeededKeepTheirContent) {
  const zx::vmo vmo = OpenFile();
  const auto before = StartOf(vmo);
  EXPECT_OK(OpRange(vmo, ZX_VMO_OP_DONT_NEED, 0, kPageSize));
  EXPECT_TRUE(StartOf(vmo) == before);
}

// vmo op_range | ZX_VMO_OP_LOCK of a VMO that is backed by a pager | NOT_SUPPORTED: it is not discardable
TEST(Fetched, LocksAreForDiscardableOnes) {
  const zx::vmo vmo = OpenFile();
  EXPECT_STATUS(OpRange(vmo, ZX_VMO_OP_TRY_LOCK, 0, InfoOf(vmo).size_bytes), ZX_ERR_NOT_SUPPORTED);
}

// vmo op_range | ZX_VMO_OP_ZERO of part of a copy of a VMO that is backed by a pager | reads 0; the parent keeps its
// bytes
TEST(Fetched, ZeroHidesThePagersBytesInTheCopyOnly) {
  const zx::vmo vmo = OpenFile();
  const zx::vmo child = MakeChild(vmo, ZX_VMO_CHILD_SNAPSHOT_AT_LEAST_ON_WRITE, 0, 1);
  const auto original = StartOf(vmo);
  EXPECT_OK(OpRange(child, ZX_VMO_OP_ZERO, 0, kPageSize));
  EXPECT_TRUE((StartOf(child) == std::array<uint8_t, 256>{}));
  EXPECT_TRUE(StartOf(vmo) == original);
}

}  // namespace
}  // namespace conformance
