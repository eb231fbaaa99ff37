// zx_pager_query_vmo_stats: what counts as a modification of a pager's VMO, and what does not. Not the same as dirty.
#include "tests/conformance/pager_test.h"

namespace conformance {
namespace {

class PagerStats : public TrapDirtyTest {};
class PagerStatsEitherWay : public EitherWayTest {};
INSTANTIATE_EITHER_WAY(PagerStatsEitherWay);
class PagerStatsAccess : public EitherAccessTest {};
INSTANTIATE_BOTH_ACCESSES(PagerStatsAccess);

// It ended, and neither well nor for want of patience.
bool Failed(TestThread& thread) {
  const zx_status_t status = thread.Wait();
  return status != ZX_OK && status != ZX_ERR_TIMED_OUT && status != ZX_ERR_INTERNAL;
}

// pager query_vmo_stats | zx_vmo_write, then two queries with ZX_PAGER_RESET_VMO_STATS | the first says
// ZX_PAGER_VMO_STATS_MODIFIED, the second 0; ZX_PAGER_OP_DIRTY alone is no modification
TEST_P(PagerStatsEitherWay, WritesModify) {
  const PagedVmo vmo = Supplied(1);
  EXPECT_FALSE(WasModified(vmo));
  if (traps()) {
    ASSERT_OK(Permit(vmo, 0));
    EXPECT_FALSE(WasModified(vmo));
  }
  EXPECT_OK(Writing(vmo, 0).Wait());
  EXPECT_TRUE(WasModified(vmo));
  EXPECT_FALSE(WasModified(vmo));
  EXPECT_TRUE(IsDirty(vmo, {{0, 1}}));
  EXPECT_TRUE(IsQuiet(vmo));
}

// pager query_vmo_stats | a store through a mapping | the VMO was modified
TEST_P(PagerStatsEitherWay, StoresModify) {
  const PagedVmo vmo = Supplied(1);
  EXPECT_OK(Store(vmo, 0));
  EXPECT_TRUE(WasModified(vmo));
  EXPECT_FALSE(WasModified(vmo));
  EXPECT_TRUE(IsDirty(vmo, {{0, 1}}));
  EXPECT_TRUE(IsQuiet(vmo));
}

// pager query_vmo_stats | options is 0 | a pure query: what it says is said again
TEST_P(PagerStatsEitherWay, AskingDoesNotReset) {
  const PagedVmo vmo = Supplied(1);
  EXPECT_OK(Write(vmo, 0));
  zx_pager_vmo_stats_t stats = {};
  for (int round = 0; round < 2; ++round) {
    stats = {};
    EXPECT_OK(pager_.pager().query_vmo_stats(vmo.vmo(), 0, &stats, sizeof(stats)));
    EXPECT_EQ(stats.modified, ZX_PAGER_VMO_STATS_MODIFIED);
  }
  EXPECT_TRUE(WasModified(vmo));
  EXPECT_OK(pager_.pager().query_vmo_stats(vmo.vmo(), 0, &stats, sizeof(stats)));
  EXPECT_EQ(stats.modified, 0U);
}

// pager query_vmo_stats | the VMO's size was changed | it was modified, whether it shrinks or grows
TEST_P(PagerStatsEitherWay, ResizesModify) {
  PagedVmo vmo = Supplied(1, ZX_VMO_RESIZABLE);
  ASSERT_TRUE(vmo.Resize(0));
  EXPECT_TRUE(WasModified(vmo));
  EXPECT_TRUE(IsClean(vmo));
  EXPECT_FALSE(WasModified(vmo));
  ASSERT_TRUE(vmo.Resize(2));
  EXPECT_TRUE(WasModified(vmo));
  EXPECT_TRUE(IsDirty(vmo, {{0, 2, kZeroRange}}));
  EXPECT_TRUE(HoldsZeros(vmo, 0, 2));
  EXPECT_FALSE(WasModified(vmo));
  EXPECT_TRUE(IsQuiet(vmo));
}

// pager query_vmo_stats | ZX_VMO_OP_ZERO of a page | the VMO was modified
TEST_P(PagerStatsEitherWay, ZeroModifies) {
  const PagedVmo vmo = Supplied(1);
  EXPECT_OK(Operating(vmo.vmo(), ZX_VMO_OP_ZERO, 0, kPageSize).Wait());
  EXPECT_TRUE(WasModified(vmo));
  EXPECT_FALSE(WasModified(vmo));
  EXPECT_TRUE(IsDirty(vmo, {{0, 1, kZeroRange}}));
  EXPECT_TRUE(IsQuiet(vmo));
}

// pager query_vmo_stats | pages are read, supplied, committed, written back | none of it is a modification
TEST_P(PagerStatsEitherWay, ReadsAndWritebackDoNotModify) {
  const PagedVmo vmo = Supplied(2);
  EXPECT_OK(Reading(vmo, 0, 2).Wait());
  EXPECT_OK(Loading(vmo, 0).Wait());
  EXPECT_OK(Operating(vmo.vmo(), ZX_VMO_OP_COMMIT, 0, 2 * kPageSize).Wait());
  EXPECT_FALSE(WasModified(vmo));
  EXPECT_OK(Write(vmo, 0));
  EXPECT_TRUE(WasModified(vmo));
  EXPECT_OK(WriteBack(vmo, 0, 1));
  EXPECT_FALSE(WasModified(vmo));
  EXPECT_TRUE(IsClean(vmo));
  EXPECT_TRUE(IsQuiet(vmo));
}

// pager query_vmo_stats | a modification comes after the writeback has begun | it is told beside the dirty page
TEST_P(PagerStatsEitherWay, WritesDuringWritebackModify) {
  const PagedVmo vmo = Supplied(1);
  EXPECT_OK(Write(vmo, 0));
  ASSERT_OK(Begin(vmo, 0, 1));
  EXPECT_TRUE(WasModified(vmo));
  EXPECT_OK(Store(vmo, 0));
  EXPECT_OK(End(vmo, 0, 1));
  EXPECT_TRUE(WasModified(vmo));
  EXPECT_TRUE(IsDirty(vmo, {{0, 1}}));
  EXPECT_TRUE(IsQuiet(vmo));
}

// pager query_vmo_stats | a write whose ZX_PAGER_VMO_DIRTY was failed | not modified, not dirty
TEST_P(PagerStatsAccess, RefusedWritesDoNotModify) {
  const PagedVmo vmo = Supplied(1);
  TestThread write = Changing(vmo, 0);
  ASSERT_TRUE(AsksDirty(vmo, 0));
  ASSERT_OK(Refuse(vmo, 0));
  EXPECT_TRUE(Fails(write, vmo, 0, ZX_ERR_IO));
  EXPECT_FALSE(WasModified(vmo));
  EXPECT_TRUE(IsClean(vmo));
  EXPECT_TRUE(IsQuiet(vmo));
}

// pager query_vmo_stats | zx_vmo_write from a buffer that cannot be read | not modified, the content stays; but the
// page is dirty, because it was looked up to be written
TEST_P(PagerStatsEitherWay, WritesWithoutASourceDoNotModify) {
  const PagedVmo vmo = Supplied(1);
  const PagedVmo source = pager_.Create(1);
  TestThread write([&] { return vmo.vmo().write(AtAddress<void>(source.address()), 0, 1); });
  if (traps()) {
    ASSERT_TRUE(AsksDirty(vmo, 0));
    ASSERT_OK(Permit(vmo, 0));
  }
  ASSERT_TRUE(AsksRead(source, 0));
  ASSERT_OK(Refuse(source, 0));
  EXPECT_TRUE(Failed(write));
  EXPECT_FALSE(WasModified(vmo));
  EXPECT_TRUE(HoldsSupplied(vmo, 0));
  EXPECT_TRUE(IsDirty(vmo, {{0, 1}}));
  EXPECT_TRUE(IsQuiet(vmo));
  EXPECT_TRUE(IsQuiet(source));
}

// pager query_vmo_stats | zx_vmo_set_size that fails, because a page is pinned | not modified; nothing else changes
TEST_P(PagerStatsEitherWay, FailedResizesDoNotModify) {
  const zx::bti bti = MakeBti();
  const PagedVmo vmo = Supplied(2, ZX_VMO_RESIZABLE);
  zx::pmt pmt = Pin(bti, vmo.vmo(), 1);
  EXPECT_STATUS(vmo.vmo().set_size(kPageSize), ZX_ERR_BAD_STATE);
  EXPECT_FALSE(WasModified(vmo));
  EXPECT_TRUE(IsClean(vmo));
  EXPECT_TRUE(HoldsSupplied(vmo, 0, 2));
  EXPECT_TRUE(IsQuiet(vmo));
  EXPECT_OK(pmt.unpin());
}

// pager query_vmo_stats | zx_vmo_write of two pages of whose source the second cannot be read | not modified, not even
// the first page: what the source needs is brought in before anything is copied
TEST_P(PagerStatsEitherWay, WritesWithHalfASourceDoNotModify) {
  const PagedVmo vmo = Supplied(2);
  const PagedVmo source = pager_.Create(2);
  ASSERT_OK(Supply(source, 0));
  if (traps()) {
    ASSERT_OK(Permit(vmo, 0, 2));
  }
  TestThread write([&] { return vmo.vmo().write(AtAddress<void>(source.address()), 0, 2 * kPageSize); });
  ASSERT_TRUE(AsksRead(source, 1));
  ASSERT_OK(Refuse(source, 1));
  EXPECT_TRUE(Failed(write));
  EXPECT_FALSE(WasModified(vmo));
  EXPECT_TRUE(HoldsSupplied(vmo, 0, 2));
  EXPECT_TRUE(IsDirty(vmo, {{0, 2}}));
  EXPECT_TRUE(IsQuiet(vmo));
  EXPECT_TRUE(IsQuiet(source));
}

// pager query_vmo_stats | zx_vmo_write of two pages of which the second may not be dirtied | the write fails, the first
// page was written: modified
TEST_F(PagerStats, HalfWrittenWritesModify) {
  const PagedVmo vmo = Supplied(2);
  ASSERT_OK(Permit(vmo, 0));
  TestThread write = Writing(vmo, 0, 2);
  ASSERT_TRUE(AsksDirty(vmo, 1));
  ASSERT_OK(Refuse(vmo, 1));
  EXPECT_STATUS(write.Wait(), ZX_ERR_IO);
  EXPECT_TRUE(WasModified(vmo));
  EXPECT_TRUE(IsDirty(vmo, {{0, 1}}));
  EXPECT_TRUE(HoldsWritten(vmo, 0));
  EXPECT_TRUE(HoldsSupplied(vmo, 1));
  EXPECT_TRUE(IsQuiet(vmo));
}

}  // namespace
}  // namespace conformance
