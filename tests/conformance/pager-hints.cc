// Hints about pages of a pager's VMO: which pages ZX_VMO_OP_ALWAYS_NEED asks for, and that ZX_VMO_OP_DONT_NEED asks for
// none.
#include <memory>
#include <vector>

#include "tests/conformance/user_pager.h"

namespace conformance {
namespace {

// A clone's page gets a value of its own; the page comes from the pager first.
void Fork(UserPager& pager, const PagedVmo& root, const PagedVmo& clone, uint64_t page, uint64_t word) {
  TestThread thread([&clone, page, word] {
    clone.word(page) = word;
    return ZX_OK;
  });
  ASSERT_TRUE(pager.WaitForRead(root, page, 1));
  ASSERT_OK(pager.Supply(root, page, 1));
  EXPECT_OK(thread.Wait());
}

// pager vmo_op_range | ZX_VMO_OP_ALWAYS_NEED of absent pages | blocks with one READ for them; OK after the supply
TEST(PagerHints, AlwaysNeedFetchesPages) {
  UserPager pager;
  const PagedVmo vmo = pager.Create(30);
  TestThread thread = OpInThread(vmo, ZX_VMO_OP_ALWAYS_NEED, 10, 5);
  EXPECT_TRUE(pager.WaitForRead(vmo, 10, 5));
  EXPECT_TRUE(thread.WaitForBlocked());
  EXPECT_OK(pager.Supply(vmo, 10, 5));
  EXPECT_OK(thread.Wait());
  EXPECT_OK(OpRange(vmo.vmo(), ZX_VMO_OP_ALWAYS_NEED, 10 * kPageSize, 5 * kPageSize));
  EXPECT_TRUE(pager.IsQuiet(vmo));
}

// pager vmo_op_range | ZX_VMO_OP_DONT_NEED of present and of absent pages | OK without a request; the pages stay
TEST(PagerHints, DontNeedAsksForNothing) {
  UserPager pager;
  const PagedVmo vmo = pager.Create(30);
  EXPECT_OK(pager.Supply(vmo, 20, 2));
  EXPECT_OK(OpRange(vmo.vmo(), ZX_VMO_OP_DONT_NEED, 20 * kPageSize, 5 * kPageSize));
  EXPECT_OK(CheckPages(Access::kByMapping, vmo, 20, 2));
  EXPECT_EQ(CommittedPages(vmo), 2u);
  EXPECT_TRUE(pager.IsQuiet(vmo));
}

// pager vmo_op_range | ZX_VMO_OP_PREFETCH of absent pages | blocks with one READ for them
TEST(PagerHints, PrefetchFetchesPages) {
  UserPager pager;
  const PagedVmo vmo = pager.Create(5);
  EXPECT_OK(pager.Supply(vmo, 2, 1));
  TestThread thread = OpInThread(vmo, ZX_VMO_OP_PREFETCH, 0, 5);
  EXPECT_TRUE(pager.WaitForRead(vmo, 0, 2));
  EXPECT_OK(pager.Supply(vmo, 0, 2));
  EXPECT_TRUE(pager.WaitForRead(vmo, 3, 2));
  EXPECT_OK(pager.Supply(vmo, 3, 2));
  EXPECT_OK(thread.Wait());
  EXPECT_TRUE(pager.IsQuiet(vmo));
}

// pager vmo_op_range | a hint on a clone, and a clone's clone, some of whose levels have pages | READs for what no
// level has
TEST(PagerHints, AlwaysNeedThroughClonesSkipsTheirPages) {
  constexpr uint64_t kPages = 40;
  UserPager pager;
  const PagedVmo vmo = pager.Create(kPages);
  const PagedVmo clone = vmo.Clone();
  ASSERT_NO_FATAL_FAILURE(Fork(pager, vmo, clone, 25, 1));
  TestThread first = OpInThread(clone, ZX_VMO_OP_ALWAYS_NEED, 23, 4);
  ASSERT_TRUE(pager.WaitForRead(vmo, 23, 2));
  EXPECT_OK(pager.Supply(vmo, 23, 2));
  ASSERT_TRUE(pager.WaitForRead(vmo, 26, 1));
  EXPECT_OK(pager.Supply(vmo, 26, 1));
  EXPECT_OK(first.Wait());

  ASSERT_NO_FATAL_FAILURE(Fork(pager, vmo, clone, 30, 2));
  const PagedVmo second_level = clone.Clone();
  TestThread second = OpInThread(second_level, ZX_VMO_OP_ALWAYS_NEED, 29, 3);
  ASSERT_TRUE(pager.WaitForRead(vmo, 29, 1));
  EXPECT_OK(pager.Supply(vmo, 29, 1));
  ASSERT_TRUE(pager.WaitForRead(vmo, 31, 1));
  EXPECT_OK(pager.Supply(vmo, 31, 1));
  EXPECT_OK(second.Wait());

  EXPECT_OK(OpRange(clone.vmo(), ZX_VMO_OP_DONT_NEED, 10 * kPageSize, 5 * kPageSize));
  EXPECT_OK(OpRange(second_level.vmo(), ZX_VMO_OP_DONT_NEED, 10 * kPageSize, 5 * kPageSize));
  EXPECT_EQ(clone.word(25), 1u);
  EXPECT_EQ(second_level.word(30), 2u);
  EXPECT_TRUE(pager.IsQuiet(vmo));
}

// pager vmo_op_range | ZX_VMO_OP_ALWAYS_NEED waits and the VMO shrinks to what was supplied | OK
TEST(PagerHints, AlwaysNeedEndsWhereTheVmoEnds) {
  UserPager pager;
  PagedVmo vmo = pager.Create(20, ZX_VMO_RESIZABLE);
  TestThread thread = OpInThread(vmo, ZX_VMO_OP_ALWAYS_NEED, 10, 10);
  EXPECT_TRUE(pager.WaitForRead(vmo, 10, 10));
  EXPECT_OK(pager.Supply(vmo, 10, 2));
  EXPECT_TRUE(thread.WaitForBlocked());
  EXPECT_TRUE(vmo.Resize(12));
  EXPECT_OK(thread.Wait());
  EXPECT_TRUE(pager.IsQuiet(vmo));
}

// pager vmo_op_range | a hint beyond the end of the VMO | OUT_OF_RANGE
TEST(PagerHints, RangesAreChecked) {
  UserPager pager;
  const PagedVmo vmo = pager.Create(2);
  EXPECT_STATUS(OpRange(vmo.vmo(), ZX_VMO_OP_ALWAYS_NEED, kPageSize, 2 * kPageSize), ZX_ERR_OUT_OF_RANGE);
  EXPECT_STATUS(OpRange(vmo.vmo(), ZX_VMO_OP_DONT_NEED, kPageSize, 2 * kPageSize), ZX_ERR_OUT_OF_RANGE);
  EXPECT_TRUE(pager.IsQuiet(vmo));
}

// ---- Through mappings

zx_status_t Hint(const Region& region, uint32_t op, uint64_t page, uint64_t pages) {
  return zx_vmar_op_range(region.get(), op, region.base() + page * kPageSize, pages * kPageSize, nullptr, 0);
}

TestThread HintInThread(const Region& region, uint32_t op, uint64_t page, uint64_t pages) {
  return TestThread([&region, op, page, pages] { return Hint(region, op, page, pages); });
}

// The hint has reached a VMO of three pages of which the middle one is there.
void ServeBothEnds(UserPager& pager, const PagedVmo& vmo) {
  ASSERT_TRUE(pager.WaitForRead(vmo, 0, 1));
  ASSERT_OK(pager.Supply(vmo, 0, 1));
  ASSERT_TRUE(pager.WaitForRead(vmo, 2, 1));
  ASSERT_OK(pager.Supply(vmo, 2, 1));
}

constexpr zx_vm_option_t kReadOnly = ZX_VM_PERM_READ | ZX_VM_ALLOW_FAULTS;

// pager vmar_op_range | the range of a hint has a gap | BAD_STATE
// pager vmar_op_range | ZX_VMAR_OP_ALWAYS_NEED over mappings of two pager VMOs and of memory | READs for what is
// missing in each; a second time none
TEST(PagerVmarHints, ReachAllMappingsInTheRange) {
  UserPager pager;
  const PagedVmo first = pager.Create(3);
  const PagedVmo second = pager.Create(3);
  const Region region(15);
  ASSERT_OK(region.MapAt(0, first.vmo(), 3, kReadOnly));
  ASSERT_OK(region.MapAt(3, second.vmo(), 3, kReadOnly));
  ASSERT_OK(region.MapAt(6, MakeVmo(3), 3));
  EXPECT_OK(pager.Supply(first, 1, 1));
  EXPECT_OK(pager.Supply(second, 1, 1));
  EXPECT_OK(Hint(region, ZX_VMAR_OP_DONT_NEED, 0, 9));
  TestThread thread = HintInThread(region, ZX_VMAR_OP_ALWAYS_NEED, 0, 9);
  ASSERT_NO_FATAL_FAILURE(ServeBothEnds(pager, first));
  ASSERT_NO_FATAL_FAILURE(ServeBothEnds(pager, second));
  EXPECT_OK(thread.Wait());
  EXPECT_OK(Hint(region, ZX_VMAR_OP_ALWAYS_NEED, 0, 9));
  EXPECT_OK(Hint(region, ZX_VMAR_OP_DONT_NEED, 0, 9));
  EXPECT_STATUS(Hint(region, ZX_VMAR_OP_ALWAYS_NEED, 0, 12), ZX_ERR_BAD_STATE);
  EXPECT_STATUS(Hint(region, ZX_VMAR_OP_DONT_NEED, 0, 12), ZX_ERR_BAD_STATE);
  EXPECT_TRUE(pager.IsQuiet(first));
  EXPECT_TRUE(pager.IsQuiet(second));
}

// pager vmar_op_range | the mappings lie in two regions that cover the range of the parent region | the same
TEST(PagerVmarHints, ReachMappingsInRegionsBelow) {
  UserPager pager;
  const PagedVmo first = pager.Create(3);
  const PagedVmo second = pager.Create(3);
  EXPECT_OK(pager.Supply(first, 1, 1));
  EXPECT_OK(pager.Supply(second, 1, 1));
  const Region parent(9);
  const Region left(3, Region::kAll | ZX_VM_SPECIFIC, parent.get(), 0);
  const Region right(3, Region::kAll | ZX_VM_SPECIFIC, parent.get(), 3 * kPageSize);
  ASSERT_OK(left.MapAt(0, first.vmo(), 3, kReadOnly));
  ASSERT_OK(right.MapAt(0, second.vmo(), 3, kReadOnly));
  EXPECT_OK(Hint(parent, ZX_VMAR_OP_DONT_NEED, 0, 6));
  TestThread thread = HintInThread(parent, ZX_VMAR_OP_ALWAYS_NEED, 0, 6);
  ASSERT_NO_FATAL_FAILURE(ServeBothEnds(pager, first));
  ASSERT_NO_FATAL_FAILURE(ServeBothEnds(pager, second));
  EXPECT_OK(thread.Wait());
  EXPECT_STATUS(Hint(parent, ZX_VMAR_OP_ALWAYS_NEED, 0, 9), ZX_ERR_BAD_STATE);
  EXPECT_TRUE(pager.IsQuiet(first));
  EXPECT_TRUE(pager.IsQuiet(second));
}

// pager vmar_op_range | ZX_VMAR_OP_ALWAYS_NEED over a mapped clone that has a page of its own | a READ for the other
// pages only, and the clone gets no page by it
TEST(PagerVmarHints, DoNotGiveAClonePages) {
  UserPager pager;
  const PagedVmo vmo = pager.Create(4);
  const PagedVmo clone = vmo.Clone();
  ASSERT_NO_FATAL_FAILURE(Fork(pager, vmo, clone, 1, 77));
  const Region region(8);
  ASSERT_OK(region.MapAt(0, clone.vmo(), 4, kReadWrite | ZX_VM_ALLOW_FAULTS));
  EXPECT_TRUE(PopulatedBytesBecome(clone, kPageSize));
  TestThread thread = HintInThread(region, ZX_VMAR_OP_ALWAYS_NEED, 1, 2);
  EXPECT_TRUE(pager.WaitForRead(vmo, 2, 1));
  EXPECT_OK(pager.Supply(vmo, 2, 1));
  EXPECT_OK(thread.Wait());
  EXPECT_TRUE(PopulatedBytesBecome(clone, kPageSize));
  EXPECT_EQ(clone.word(1), 77u);
  EXPECT_STATUS(Hint(region, ZX_VMAR_OP_ALWAYS_NEED, 0, 5), ZX_ERR_BAD_STATE);
  EXPECT_TRUE(pager.IsQuiet(vmo));
}

}  // namespace
}  // namespace conformance
