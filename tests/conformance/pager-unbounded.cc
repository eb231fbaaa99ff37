// ZX_VMO_UNBOUNDED and the stream size of a pager's VMO: behind it lie zeros that nobody is asked for and that are not
// dirty until something is written there.
#include "tests/conformance/pager_test.h"

namespace conformance {
namespace {

class PagerUnbounded : public TrapDirtyTest {
 protected:
  static constexpr uint64_t kMapped = 10;

  // Its first pages, mapped; `stream_pages` of them belong to the stream.
  [[nodiscard]] PagedVmo Unbounded(uint64_t stream_pages) {
    constexpr uint64_t kKey = uint64_t{0x99} << 32;
    zx::vmo vmo;
    EXPECT_OK(pager_.pager().create_vmo(ZX_VMO_UNBOUNDED | ZX_VMO_TRAP_DIRTY, pager_.port(), kKey,
                                        stream_pages * kPageSize, &vmo));
    return {std::move(vmo), kKey, kKey, kMapped};
  }
  static zx_status_t SetStream(const PagedVmo& vmo, uint64_t pages) {
    return vmo.vmo().set_stream_size(pages * kPageSize);
  }
};

// real create_vmo | ZX_VMO_UNBOUNDED and the stream size changes | behind it are untracked zeros without READ; growth
// makes a dirty zero range, shrinking takes it away; both modify
TEST_F(PagerUnbounded, BehindTheStreamAreUntrackedZeros) {
  const PagedVmo vmo = Unbounded(2);
  EXPECT_FALSE(WasModified(vmo));
  EXPECT_TRUE(IsClean(vmo));
  EXPECT_TRUE(HoldsZeros(vmo, 2, 8));
  EXPECT_OK(SetStream(vmo, 5));
  EXPECT_TRUE(WasModified(vmo));
  EXPECT_TRUE(IsDirty(vmo, {{2, 3, kZeroRange}}));
  EXPECT_TRUE(HoldsZeros(vmo, 2, 8));
  EXPECT_OK(SetStream(vmo, 1));
  EXPECT_TRUE(WasModified(vmo));
  EXPECT_TRUE(IsClean(vmo));
  EXPECT_TRUE(HoldsZeros(vmo, 1, 9));
  EXPECT_TRUE(IsQuiet(vmo));
}

// real create_vmo | ZX_VMO_UNBOUNDED and pages of the stream are read | they are asked for as in any pager's VMO
TEST_F(PagerUnbounded, TheStreamIsAskedFor) {
  const PagedVmo vmo = Unbounded(2);
  TestThread read = Reading(vmo, 0, 2);
  ASSERT_TRUE(AsksRead(vmo, 0, 2));
  ASSERT_OK(Supply(vmo, 0, 2));
  EXPECT_OK(read.Wait());
  EXPECT_TRUE(HoldsZeros(vmo, 2));
  EXPECT_TRUE(IsClean(vmo));
  EXPECT_TRUE(IsQuiet(vmo));
}

// real set_stream_size | pages behind the stream were written | they are asked about and dirty; every new stream size,
// even a larger one, throws them away
TEST_F(PagerUnbounded, NewStreamSizesDiscardWhatWasBehind) {
  const PagedVmo vmo = Unbounded(2);
  EXPECT_OK(Write(vmo, 4));
  EXPECT_OK(Write(vmo, 5));
  EXPECT_OK(Write(vmo, 8));
  EXPECT_TRUE(IsDirty(vmo, {{4, 2}, {8, 1}}));
  EXPECT_TRUE(WasModified(vmo));
  EXPECT_OK(SetStream(vmo, 7));
  EXPECT_TRUE(WasModified(vmo));
  EXPECT_TRUE(IsDirty(vmo, {{2, 5, kZeroRange}}));
  EXPECT_TRUE(HoldsZeros(vmo, 2, 8));
  EXPECT_OK(SetStream(vmo, 1));
  EXPECT_TRUE(WasModified(vmo));
  EXPECT_TRUE(IsClean(vmo));
  EXPECT_TRUE(HoldsZeros(vmo, 1, 9));
  EXPECT_TRUE(IsQuiet(vmo));
}

// real set_stream_size | a pager's VMO of fixed size | what falls out of the stream is untracked zeros; it comes back
// as a dirty zero range
TEST_F(PagerUnbounded, BoundedVmosHaveAStreamToo) {
  const PagedVmo vmo = Supplied(4);
  EXPECT_OK(Write(vmo, 3));
  EXPECT_TRUE(WasModified(vmo));
  EXPECT_OK(SetStream(vmo, 2));
  EXPECT_TRUE(WasModified(vmo));
  EXPECT_TRUE(IsClean(vmo));
  EXPECT_TRUE(HoldsSupplied(vmo, 0, 2));
  EXPECT_TRUE(HoldsZeros(vmo, 2, 2));
  EXPECT_OK(SetStream(vmo, 4));
  EXPECT_TRUE(WasModified(vmo));
  EXPECT_TRUE(IsDirty(vmo, {{2, 2, kZeroRange}}));
  EXPECT_TRUE(HoldsZeros(vmo, 2, 2));
  EXPECT_TRUE(IsQuiet(vmo));
}

// real create_vmo | ZX_VMO_UNBOUNDED with ZX_VMO_RESIZABLE, or with the largest number as size | INVALID_ARGS
TEST_F(PagerUnbounded, CannotBeResizable) {
  zx::vmo vmo;
  EXPECT_STATUS(pager_.pager().create_vmo(ZX_VMO_UNBOUNDED | ZX_VMO_RESIZABLE, pager_.port(), 0, 2 * kPageSize, &vmo),
                ZX_ERR_INVALID_ARGS);
  EXPECT_STATUS(pager_.pager().create_vmo(ZX_VMO_UNBOUNDED, pager_.port(), 0, UINT64_MAX, &vmo), ZX_ERR_INVALID_ARGS);
  EXPECT_FALSE(vmo.is_valid());
}

}  // namespace
}  // namespace conformance
