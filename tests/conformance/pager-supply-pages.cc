// zx_pager_supply_pages: its arguments, and what it does to both VMOs.
#include "tests/conformance/pager_handles.h"

namespace conformance {
namespace {

class PagerSupply : public PagerHandles {
 protected:
  zx_status_t Supply(const zx::vmo& vmo, uint64_t offset, uint64_t length, const zx::vmo& aux,
                     uint64_t aux_offset) const {
    return pager_.supply_pages(vmo, offset, length, aux, aux_offset);
  }
};

// pager supply_pages | aux_vmo has pinned pages in the range | BAD_STATE
TEST_F(PagerSupply, PinnedPagesCannotBeTaken) {
  const zx::bti bti = MakeBti();
  const zx::vmo source = MakeTagged(2, 0);
  zx::pmt pmt = Pin(bti, source, 0);
  EXPECT_STATUS(Supply(vmo_, 0, kPageSize, source, 0), ZX_ERR_BAD_STATE);
  EXPECT_EQ(TagOf(source, 0), 1U);
  EXPECT_OK(Supply(vmo_, 0, kPageSize, source, kPageSize));
  EXPECT_EQ(TagOf(vmo_, 0), 2U);
  EXPECT_OK(pmt.unpin());
}

// pager supply_pages | aux_vmo has children, or is one | BAD_STATE: it must be a VMO of zx_vmo_create without children
TEST_F(PagerSupply, RelativesCannotBeTaken) {
  const zx::vmo parent = MakeTagged(1, 0);
  const zx::vmo child = MakeChild(parent, ZX_VMO_CHILD_SNAPSHOT, 0, 1);
  EXPECT_STATUS(Supply(vmo_, 0, kPageSize, parent, 0), ZX_ERR_BAD_STATE);
  EXPECT_STATUS(Supply(vmo_, 0, kPageSize, child, 0), ZX_ERR_BAD_STATE);
  EXPECT_EQ(TagOf(parent, 0), 1U);
  EXPECT_EQ(TagOf(child, 0), 1U);
}

// pager supply_pages | aux_vmo is a contiguous VMO | NOT_SUPPORTED
TEST_F(PagerSupply, ContiguousMemoryCannotBeTaken) {
  const zx::bti bti = MakeBti();
  zx::vmo contiguous;
  ASSERT_OK(zx_vmo_create_contiguous(bti.get(), kPageSize, 0, contiguous.reset_and_get_address()));
  EXPECT_STATUS(Supply(vmo_, 0, kPageSize, contiguous, 0), ZX_ERR_NOT_SUPPORTED);
}

// pager supply_pages | the range is beyond the end of pager_vmo or of aux_vmo | OUT_OF_RANGE
TEST_F(PagerSupply, RangesBeyondTheEndAreRefused) {
  const zx::vmo source = MakeVmo(2);
  EXPECT_STATUS(Supply(vmo_, kPageSize, kPageSize, source, 0), ZX_ERR_OUT_OF_RANGE);
  EXPECT_STATUS(Supply(vmo_, 0, 2 * kPageSize, source, 0), ZX_ERR_OUT_OF_RANGE);
  EXPECT_STATUS(Supply(vmo_, 0, kPageSize, plain_, kPageSize), ZX_ERR_OUT_OF_RANGE);
  EXPECT_STATUS(Supply(vmo_, 0, kPageSize, source, UINT64_MAX - kPageSize + 1), ZX_ERR_OUT_OF_RANGE);
  EXPECT_STATUS(Supply(vmo_, UINT64_MAX - kPageSize + 1, 2 * kPageSize, source, 0), ZX_ERR_OUT_OF_RANGE);
  EXPECT_EQ(CommittedPages(vmo_), 0U);
}

// pager supply_pages | pages are there already | they are not replaced; those of aux_vmo are freed all the same
TEST_F(PagerSupply, PresentPagesAreNotReplaced) {
  zx::vmo vmo;
  ASSERT_OK(pager_.create_vmo(0, port_, 3, 3 * kPageSize, &vmo));
  const zx::vmo first = MakeTagged(1, 0);
  ASSERT_OK(Supply(vmo, kPageSize, kPageSize, first, 0));
  const zx::vmo second = MakeVmo(3);
  for (uint64_t page = 0; page < 3; ++page) {
    ASSERT_OK(SetTag(second, page, 100));
  }
  EXPECT_OK(Supply(vmo, 0, 3 * kPageSize, second, 0));
  EXPECT_EQ(TagOf(vmo, 0), 100U);
  EXPECT_EQ(TagOf(vmo, 1), 1U);
  EXPECT_EQ(TagOf(vmo, 2), 100U);
  EXPECT_EQ(CommittedPages(second), 0U);
  EXPECT_EQ(TagOf(second, 1), 0U);
  EXPECT_TRUE(IsQuiet());
}

// pager supply_pages | the pages of the range | they move: aux_vmo is decommitted there, elsewhere it keeps its pages
TEST_F(PagerSupply, PagesMove) {
  const zx::vmo source = MakeTagged(3, 0);
  const Mapping mapping(source, kReadWrite, 3 * kPageSize);
  EXPECT_EQ(mapping.tag(1), 2U);
  EXPECT_OK(Supply(vmo_, 0, kPageSize, source, kPageSize));
  EXPECT_EQ(TagOf(vmo_, 0), 2U);
  EXPECT_EQ(mapping.tag(1), 0U);
  EXPECT_EQ(TagOf(source, 0), 1U);
  EXPECT_EQ(TagOf(source, 2), 3U);
  EXPECT_EQ(CommittedPages(vmo_), 1U);
  mapping.tag(1) = 9;
  EXPECT_EQ(TagOf(vmo_, 0), 2U);
  EXPECT_TRUE(IsQuiet());
}

// pager supply_pages | pages of aux_vmo are not committed | zeros, without memory
TEST_F(PagerSupply, UncommittedPagesAreZeros) {
  zx::vmo vmo;
  ASSERT_OK(pager_.create_vmo(0, port_, 3, 3 * kPageSize, &vmo));
  const zx::vmo source = MakeVmo(3);
  ASSERT_OK(SetTag(source, 1, 5));
  EXPECT_OK(Supply(vmo, 0, 3 * kPageSize, source, 0));
  EXPECT_EQ(CommittedPages(vmo), 1U);
  EXPECT_EQ(TagOf(vmo, 0), 0U);
  EXPECT_EQ(TagOf(vmo, 1), 5U);
  EXPECT_EQ(TagOf(vmo, 2), 0U);
  EXPECT_TRUE(IsQuiet());
}

}  // namespace
}  // namespace conformance
