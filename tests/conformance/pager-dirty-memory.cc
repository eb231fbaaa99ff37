// Dirty pages and the memory calls that do not write: COMMIT, MAP_RANGE, protect, copies on write, slices.
#include <memory>

#include "tests/conformance/pager_test.h"

namespace conformance {
namespace {

// The first word of a page.
uint64_t WordAt(const Mapping& mapping, uint64_t page) {
  return *AtAddress<volatile uint64_t>(mapping.address() + page * kPageSize);
}

class PagerDirtyMemory : public TrapDirtyTest {};
class PagerDirtyMemoryEitherWay : public EitherWayTest {};
INSTANTIATE_EITHER_WAY(PagerDirtyMemoryEitherWay);

// vmo op_range | ZX_VMO_OP_COMMIT of pages of a pager | one ZX_PAGER_VMO_READ for those that are absent; nothing gets
// dirty, nothing asks to
TEST_F(PagerDirtyMemory, CommitReadsOnly) {
  const PagedVmo vmo = Absent(5);
  ASSERT_OK(Supply(vmo, 0, 2));
  TestThread commit = Operating(vmo.vmo(), ZX_VMO_OP_COMMIT, 0, 5 * kPageSize);
  ASSERT_TRUE(AsksRead(vmo, 2, 3));
  ASSERT_OK(Supply(vmo, 2, 3));
  EXPECT_OK(commit.Wait());
  EXPECT_TRUE(IsClean(vmo));
  EXPECT_TRUE(IsQuiet(vmo));
}

// real op_range | ZX_VMO_OP_COMMIT of zeros that the pager supplied | they get memory and stay clean; the VMO does not
// count as modified
TEST_P(PagerDirtyMemoryEitherWay, CommitMakesCleanPagesOfSuppliedZeros) {
  const PagedVmo vmo = Absent(2);
  ASSERT_OK(Supply(vmo, 0));
  ASSERT_OK(SupplyZeros(vmo, 1));
  EXPECT_EQ(CommittedPages(vmo), 1U);
  EXPECT_OK(Operating(vmo.vmo(), ZX_VMO_OP_COMMIT, 0, 2 * kPageSize).Wait());
  EXPECT_EQ(CommittedPages(vmo), 2U);
  EXPECT_TRUE(IsClean(vmo));
  EXPECT_FALSE(WasModified(vmo));
  EXPECT_TRUE(HoldsZeros(vmo, 1));
  EXPECT_TRUE(IsQuiet(vmo));
}

// real op_range | ZX_VMO_OP_COMMIT of zeros that a larger size made | they become dirty pages, asked about with
// TRAP_DIRTY
TEST_P(PagerDirtyMemoryEitherWay, CommitMakesDirtyPagesOfGrownZeros) {
  PagedVmo vmo = Absent(1, ZX_VMO_RESIZABLE);
  ASSERT_TRUE(vmo.Resize(2));
  EXPECT_TRUE(IsDirty(vmo, {{1, 1, kZeroRange}}));
  TestThread commit = Operating(vmo.vmo(), ZX_VMO_OP_COMMIT, 0, 2 * kPageSize);
  ASSERT_TRUE(AsksRead(vmo, 0));
  ASSERT_OK(Supply(vmo, 0));
  if (traps()) {
    ASSERT_TRUE(AsksDirty(vmo, 1));
    ASSERT_OK(Permit(vmo, 1));
  }
  EXPECT_OK(commit.Wait());
  EXPECT_EQ(CommittedPages(vmo), 2U);
  EXPECT_TRUE(IsDirty(vmo, {{1, 1}}));
  EXPECT_TRUE(IsQuiet(vmo));
}

// vmar map | ZX_VM_MAP_RANGE of clean pages, writable | no packet, not dirty; each first store is trapped
TEST_F(PagerDirtyMemory, MapRangeDoesNotMakeWritable) {
  const PagedVmo vmo = Supplied(3);
  const Mapping mapping(vmo.vmo(), kReadWrite | ZX_VM_ALLOW_FAULTS | ZX_VM_MAP_RANGE, 3 * kPageSize);
  ASSERT_OK(mapping.status());
  for (uint64_t page = 0; page < 3; ++page) {
    EXPECT_EQ(WordAt(mapping, page), vmo.tag(page));
  }
  EXPECT_TRUE(IsClean(vmo));
  EXPECT_TRUE(IsQuiet(vmo));
  for (uint64_t page = 0; page < 3; ++page) {
    TestThread store([&mapping, page] {
      mapping.tag(page) = 7;
      return ZX_OK;
    });
    EXPECT_OK(Permitted(std::move(store), vmo, page));
  }
  EXPECT_TRUE(IsDirty(vmo, {{0, 3}}));
  EXPECT_TRUE(IsQuiet(vmo));
}

// vmar protect | ZX_VM_PERM_WRITE is added to a mapping of a clean page that was read | the store is tracked, and
// trapped with TRAP_DIRTY
TEST_P(PagerDirtyMemoryEitherWay, ProtectDoesNotMakeWritable) {
  const PagedVmo vmo = Supplied(1);
  const Mapping mapping(vmo.vmo(), kRead | ZX_VM_ALLOW_FAULTS, kPageSize);
  ASSERT_OK(mapping.status());
  EXPECT_EQ(WordAt(mapping, 0), vmo.tag(0));
  ASSERT_OK(zx::vmar::root_self()->protect(kReadWrite, mapping.address(), kPageSize));
  EXPECT_TRUE(IsClean(vmo));
  TestThread store([&mapping] {
    mapping.tag(0) = 7;
    return ZX_OK;
  });
  EXPECT_OK(Permitted(std::move(store), vmo, 0));
  EXPECT_TRUE(IsDirty(vmo, {{0, 1}}));
  EXPECT_EQ(mapping.tag(0), 7U);
  EXPECT_TRUE(IsQuiet(vmo));
}

// real create_child | a copy on write of a pager's VMO is written | no DIRTY packet: the page is the copy's own
TEST_F(PagerDirtyMemory, WritesOfCopiesAreNotTrapped) {
  const PagedVmo vmo = Supplied(2);
  const PagedVmo copy = vmo.Clone();
  EXPECT_OK(Writing(copy, 0).Wait());
  EXPECT_OK(Storing(copy, 1).Wait());
  EXPECT_TRUE(HoldsWritten(copy, 0, 2));
  EXPECT_TRUE(HoldsSupplied(vmo, 0, 2));
  EXPECT_TRUE(IsClean(vmo));
  EXPECT_TRUE(IsQuiet(vmo));
}

// pager query_dirty_ranges | pager_vmo is a copy on write of a VMO that pager made | INVALID_ARGS; the parent's dirty
// pages are its own
TEST_P(PagerDirtyMemoryEitherWay, CopiesAreNotTracked) {
  const PagedVmo vmo = Supplied(2);
  const PagedVmo copy = vmo.Clone();
  EXPECT_OK(Write(vmo, 0));
  EXPECT_OK(Writing(copy, 1).Wait());
  EXPECT_TRUE(IsDirty(vmo, {{0, 1}}));
  EXPECT_TRUE(IsUntracked(copy.vmo()));
  EXPECT_TRUE(HoldsSupplied(vmo, 1));
  EXPECT_TRUE(HoldsWritten(copy, 1));
  EXPECT_TRUE(IsQuiet(vmo));
}

// pager query_vmo_stats | pager_vmo is a copy on write of a VMO that pager made | INVALID_ARGS; writes of the copy do
// not modify the parent
TEST_P(PagerDirtyMemoryEitherWay, WritesOfCopiesDoNotModifyTheParent) {
  const PagedVmo vmo = Supplied(1);
  const PagedVmo copy = vmo.Clone();
  EXPECT_OK(Writing(copy, 0).Wait());
  EXPECT_FALSE(WasModified(vmo));
  EXPECT_TRUE(IsClean(vmo));
  EXPECT_TRUE(IsUntracked(copy.vmo()));
  EXPECT_TRUE(IsQuiet(vmo));
}

// real create_child | a slice of a pager's VMO is written, by a call and through a mapping | as if the VMO itself were:
// asked about under its key, dirty and modified there; the slice has neither ranges nor statistics
TEST_P(PagerDirtyMemoryEitherWay, WritesOfASliceAreThoseOfItsParent) {
  const PagedVmo vmo = Supplied(2);
  const PagedVmo slice = vmo.Child(ZX_VMO_CHILD_SLICE, 1, 1);
  EXPECT_OK(Permitted(Writing(slice, 0), vmo, 1));
  EXPECT_TRUE(WasModified(vmo));
  EXPECT_TRUE(IsDirty(vmo, {{1, 1}}));
  ASSERT_OK(WriteBack(vmo, 1, 1));
  EXPECT_TRUE(IsClean(vmo));
  EXPECT_OK(Permitted(Storing(slice, 0), vmo, 1));
  EXPECT_TRUE(WasModified(vmo));
  EXPECT_TRUE(IsDirty(vmo, {{1, 1}}));
  EXPECT_TRUE(IsUntracked(slice.vmo()));
  EXPECT_TRUE(HoldsWritten(vmo, 1));
  EXPECT_TRUE(HoldsSupplied(vmo, 0));
  EXPECT_TRUE(IsQuiet(vmo));
}

// real create_child | ZX_VMO_OP_ZERO of a page through a slice | no packet; a dirty zero page of the parent
TEST_P(PagerDirtyMemoryEitherWay, ZeroOfASliceIsThatOfItsParent) {
  const PagedVmo vmo = Supplied(2);
  const PagedVmo slice = vmo.Child(ZX_VMO_CHILD_SLICE, 0, 2);
  EXPECT_OK(Operating(slice.vmo(), ZX_VMO_OP_ZERO, 0, kPageSize).Wait());
  EXPECT_TRUE(WasModified(vmo));
  EXPECT_TRUE(IsDirty(vmo, {{0, 1, kZeroRange}}));
  EXPECT_TRUE(HoldsZeros(vmo, 0));
  EXPECT_TRUE(HoldsSupplied(vmo, 1));
  EXPECT_TRUE(IsQuiet(vmo));
}

// real get_info | a dirty page of the parent of a copy on write | counts as the parent's memory; the copy reads it
// even when the parent's handle has gone
TEST_F(PagerDirtyMemory, DirtyPagesOfTheParentAreNotTheCopys) {
  auto vmo = std::make_unique<PagedVmo>(Supplied(1));
  const PagedVmo copy = vmo->Clone();
  EXPECT_OK(Write(*vmo, 0));
  EXPECT_EQ(CommittedPages(*vmo), 1U);
  EXPECT_EQ(CommittedPages(copy), 0U);
  vmo.reset();
  EXPECT_EQ(CommittedPages(copy), 0U);
  EXPECT_TRUE(HoldsWritten(copy, 0));
}

}  // namespace
}  // namespace conformance
