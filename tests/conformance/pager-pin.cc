// Pinned pages of a pager's VMO: pinning for writing is a write, and what a device may write stays dirty.
#include "tests/conformance/pager_test.h"

namespace conformance {
namespace {

constexpr uint32_t kDeviceReads = ZX_BTI_PERM_READ;
constexpr uint32_t kDeviceWrites = ZX_BTI_PERM_READ | ZX_BTI_PERM_WRITE;

// One pin of pages, on a thread, because it may wait for the pager.
struct PinnedPages {
  const zx::bti bti = MakeBti();
  zx::pmt pmt;

  [[nodiscard]] TestThread Pinning(const PagedVmo& vmo, uint32_t permissions, uint64_t page, uint64_t pages) {
    return TestThread([this, &vmo, permissions, page, pages] {
      zx_paddr_t addresses[4] = {};
      return bti.pin(permissions, vmo.vmo(), page * kPageSize, pages * kPageSize, addresses, pages, &pmt);
    });
  }
};

class PagerPin : public TrapDirtyTest {
 protected:
  PinnedPages pins_;
};
class PagerPinEitherWay : public EitherWayTest {
 protected:
  // Pins for writing a page that must be asked about.
  zx_status_t PinForWriting(const PagedVmo& vmo, uint64_t page) {
    return Permitted(pins_.Pinning(vmo, kDeviceWrites, page, 1), vmo, page);
  }
  PinnedPages pins_;
};
INSTANTIATE_EITHER_WAY(PagerPinEitherWay);

// real bti_pin | for writing | the page is dirty, asked about with TRAP_DIRTY, and the VMO modified, though nothing was
// stored
TEST_P(PagerPinEitherWay, PinForWritingIsAWrite) {
  const PagedVmo vmo = Supplied(1);
  EXPECT_OK(PinForWriting(vmo, 0));
  EXPECT_TRUE(WasModified(vmo));
  EXPECT_TRUE(IsDirty(vmo, {{0, 1}}));
  EXPECT_TRUE(HoldsSupplied(vmo, 0));
  EXPECT_TRUE(IsQuiet(vmo));
  EXPECT_OK(pins_.pmt.unpin());
  EXPECT_TRUE(IsDirty(vmo, {{0, 1}}));
}

// real bti_pin | for reading | an absent page is asked for; it is neither dirty nor is the VMO modified
TEST_P(PagerPinEitherWay, PinForReadingIsNone) {
  const PagedVmo vmo = Absent(1);
  TestThread pin = pins_.Pinning(vmo, kDeviceReads, 0, 1);
  ASSERT_TRUE(AsksRead(vmo, 0));
  ASSERT_OK(Supply(vmo, 0));
  EXPECT_OK(pin.Wait());
  EXPECT_FALSE(WasModified(vmo));
  EXPECT_TRUE(IsClean(vmo));
  EXPECT_TRUE(IsQuiet(vmo));
  EXPECT_OK(pins_.pmt.unpin());
}

// pager op_range | writeback of a page that is pinned for writing | OK, and it stays dirty until it is unpinned
TEST_P(PagerPinEitherWay, WritebackDoesNotCleanWhileADeviceMayWrite) {
  const PagedVmo vmo = Supplied(1);
  EXPECT_OK(PinForWriting(vmo, 0));
  EXPECT_OK(WriteBack(vmo, 0, 1));
  EXPECT_TRUE(IsDirty(vmo, {{0, 1}}));
  EXPECT_OK(pins_.pmt.unpin());
  EXPECT_TRUE(IsDirty(vmo, {{0, 1}}));
  EXPECT_OK(WriteBack(vmo, 0, 1));
  EXPECT_TRUE(IsClean(vmo));
  EXPECT_TRUE(IsQuiet(vmo));
}

// pager op_range | a page in writeback is pinned for reading | the end of the writeback cleans it
TEST_P(PagerPinEitherWay, WritebackCleansWhatADeviceReads) {
  const PagedVmo vmo = Supplied(1);
  EXPECT_OK(Write(vmo, 0));
  ASSERT_OK(Begin(vmo, 0, 1));
  EXPECT_TRUE(WasModified(vmo));
  EXPECT_OK(pins_.Pinning(vmo, kDeviceReads, 0, 1).Wait());
  EXPECT_FALSE(WasModified(vmo));
  EXPECT_OK(End(vmo, 0, 1));
  EXPECT_TRUE(IsClean(vmo));
  EXPECT_TRUE(IsQuiet(vmo));
  EXPECT_OK(pins_.pmt.unpin());
}

// pager op_range | a page in writeback is pinned for writing | it is asked about again with TRAP_DIRTY and stays dirty
TEST_P(PagerPinEitherWay, WritebackIsVoidWhenADeviceMayWrite) {
  const PagedVmo vmo = Supplied(1);
  EXPECT_OK(Write(vmo, 0));
  EXPECT_TRUE(WasModified(vmo));
  ASSERT_OK(Begin(vmo, 0, 1));
  EXPECT_OK(PinForWriting(vmo, 0));
  EXPECT_TRUE(WasModified(vmo));
  EXPECT_OK(End(vmo, 0, 1));
  EXPECT_TRUE(IsDirty(vmo, {{0, 1}}));
  EXPECT_OK(pins_.pmt.unpin());
  EXPECT_TRUE(IsDirty(vmo, {{0, 1}}));
  EXPECT_OK(WriteBack(vmo, 0, 1));
  EXPECT_TRUE(IsClean(vmo));
  EXPECT_TRUE(IsQuiet(vmo));
}

// pager op_range | the writeback of a page ends while a pin for writing waits for ZX_PAGER_VMO_DIRTY | clean until it
// is permitted; then dirty as long as it is pinned
TEST_F(PagerPin, LatePermissionMakesThePageDirtyAgain) {
  const PagedVmo vmo = Supplied(1);
  ASSERT_OK(Permit(vmo, 0));
  ASSERT_OK(Begin(vmo, 0, 1));
  TestThread pin = pins_.Pinning(vmo, kDeviceWrites, 0, 1);
  ASSERT_TRUE(AsksDirty(vmo, 0));
  EXPECT_OK(End(vmo, 0, 1));
  EXPECT_TRUE(IsClean(vmo));
  EXPECT_TRUE(pin.WaitForBlocked());
  ASSERT_OK(Permit(vmo, 0));
  EXPECT_OK(pin.Wait());
  EXPECT_TRUE(WasModified(vmo));
  EXPECT_TRUE(IsDirty(vmo, {{0, 1}}));
  EXPECT_OK(WriteBack(vmo, 0, 1));
  EXPECT_TRUE(IsDirty(vmo, {{0, 1}}));
  EXPECT_TRUE(IsQuiet(vmo));
  EXPECT_OK(pins_.pmt.unpin());
  EXPECT_OK(WriteBack(vmo, 0, 1));
  EXPECT_TRUE(IsClean(vmo));
}

// pager op_range | the writeback of a page ends while a pin for writing waits, and ZX_PAGER_OP_FAIL follows | the pin
// fails; the page is clean and the VMO not modified
TEST_F(PagerPin, LateRefusalLeavesThePageClean) {
  const PagedVmo vmo = Supplied(1);
  ASSERT_OK(Permit(vmo, 0));
  ASSERT_OK(Begin(vmo, 0, 1));
  TestThread pin = pins_.Pinning(vmo, kDeviceWrites, 0, 1);
  ASSERT_TRUE(AsksDirty(vmo, 0));
  EXPECT_OK(End(vmo, 0, 1));
  ASSERT_OK(Refuse(vmo, 0));
  EXPECT_STATUS(pin.Wait(), ZX_ERR_IO);
  EXPECT_FALSE(WasModified(vmo));
  EXPECT_TRUE(IsClean(vmo));
  EXPECT_TRUE(IsQuiet(vmo));
}

// real bti_pin | a page that is pinned for writing is written | no packet: it is dirty; the VMO is modified again
TEST_F(PagerPin, WritesAfterThePinAreNotTrapped) {
  const PagedVmo vmo = Supplied(1);
  EXPECT_OK(Permitted(pins_.Pinning(vmo, kDeviceWrites, 0, 1), vmo, 0));
  EXPECT_TRUE(WasModified(vmo));
  EXPECT_TRUE(IsDirty(vmo, {{0, 1}}));
  EXPECT_OK(Writing(vmo, 0).Wait());
  EXPECT_TRUE(WasModified(vmo));
  EXPECT_TRUE(IsDirty(vmo, {{0, 1}}));
  EXPECT_TRUE(IsQuiet(vmo));
  EXPECT_OK(pins_.pmt.unpin());
}

// real bti_pin | a dirty page is pinned for writing | no packet; the VMO is modified again
TEST_F(PagerPin, PinsOfDirtyPagesAreNotTrapped) {
  const PagedVmo vmo = Supplied(1);
  EXPECT_OK(Write(vmo, 0));
  EXPECT_TRUE(WasModified(vmo));
  EXPECT_OK(pins_.Pinning(vmo, kDeviceWrites, 0, 1).Wait());
  EXPECT_TRUE(WasModified(vmo));
  EXPECT_TRUE(IsDirty(vmo, {{0, 1}}));
  EXPECT_TRUE(IsQuiet(vmo));
  EXPECT_OK(pins_.pmt.unpin());
}

// real bti_pin | for writing, a clean page and an absent one | with TRAP_DIRTY the first is asked about, then the
// second is read and asked about
TEST_P(PagerPinEitherWay, PinsAskPageByPage) {
  const PagedVmo vmo = Absent(2);
  ASSERT_OK(Supply(vmo, 0));
  TestThread pin = pins_.Pinning(vmo, kDeviceWrites, 0, 2);
  if (traps()) {
    ASSERT_TRUE(AsksDirty(vmo, 0));
    ASSERT_OK(Permit(vmo, 0));
  }
  ASSERT_TRUE(AsksRead(vmo, 1));
  ASSERT_OK(Supply(vmo, 1));
  EXPECT_OK(Permitted(std::move(pin), vmo, 1));
  EXPECT_TRUE(WasModified(vmo));
  EXPECT_TRUE(IsDirty(vmo, {{0, 2}}));
  EXPECT_TRUE(HoldsSupplied(vmo, 0, 2));
  EXPECT_TRUE(IsQuiet(vmo));
  EXPECT_OK(pins_.pmt.unpin());
}

// real bti_pin | for writing, and its ZX_PAGER_VMO_DIRTY was failed | the pin fails; not modified, not dirty
TEST_F(PagerPin, RefusedPinsDoNotModify) {
  const PagedVmo vmo = Supplied(1);
  TestThread pin = pins_.Pinning(vmo, kDeviceWrites, 0, 1);
  ASSERT_TRUE(AsksDirty(vmo, 0));
  ASSERT_OK(Refuse(vmo, 0));
  EXPECT_STATUS(pin.Wait(), ZX_ERR_IO);
  EXPECT_FALSE(WasModified(vmo));
  EXPECT_TRUE(IsClean(vmo));
  EXPECT_TRUE(IsQuiet(vmo));
}

// real bti_pin | for writing, two pages of which only the first is permitted | asked about the second again; when that
// is failed the pin fails, the first stays dirty and the VMO is not modified
TEST_F(PagerPin, HalfRefusedPinsDoNotModify) {
  const PagedVmo vmo = Supplied(2);
  TestThread pin = pins_.Pinning(vmo, kDeviceWrites, 0, 2);
  ASSERT_TRUE(AsksDirty(vmo, 0, 2));
  ASSERT_OK(Permit(vmo, 0));
  ASSERT_OK(Refuse(vmo, 1));
  ASSERT_TRUE(AsksDirty(vmo, 1));
  ASSERT_OK(Refuse(vmo, 1));
  EXPECT_STATUS(pin.Wait(), ZX_ERR_IO);
  EXPECT_FALSE(WasModified(vmo));
  EXPECT_TRUE(IsDirty(vmo, {{0, 1}}));
  EXPECT_TRUE(IsQuiet(vmo));
}

// real bti_pin | for writing, through a slice | as if the VMO itself were pinned; the slice is not tracked
TEST_P(PagerPinEitherWay, PinsOfASliceAreThoseOfItsParent) {
  const PagedVmo vmo = Supplied(2);
  const PagedVmo slice = vmo.Child(ZX_VMO_CHILD_SLICE, 0, 2);
  EXPECT_OK(Permitted(pins_.Pinning(slice, kDeviceWrites, 0, 2), vmo, 0, 2));
  EXPECT_TRUE(WasModified(vmo));
  EXPECT_TRUE(IsDirty(vmo, {{0, 2}}));
  EXPECT_TRUE(IsUntracked(slice.vmo()));
  EXPECT_TRUE(IsQuiet(vmo));
  EXPECT_OK(pins_.pmt.unpin());
}

// real set_size | the VMO becomes smaller than where a pin waits for the pager | the pin fails with OUT_OF_RANGE
TEST_F(PagerPin, ShrinkingEndsWaits) {
  PagedVmo vmo = Supplied(2, ZX_VMO_RESIZABLE);
  TestThread pin = pins_.Pinning(vmo, kDeviceWrites, 1, 1);
  ASSERT_TRUE(AsksDirty(vmo, 1));
  EXPECT_TRUE(pin.WaitForBlocked());
  ASSERT_TRUE(vmo.Resize(1));
  EXPECT_STATUS(pin.Wait(), ZX_ERR_OUT_OF_RANGE);
  EXPECT_TRUE(IsClean(vmo));
  EXPECT_TRUE(IsQuiet(vmo));
}

// real bti_pin | an absent page, and ZX_PAGER_VMO_READ was failed | the pin fails with the error
TEST_P(PagerPinEitherWay, PinsFailWithTheRead) {
  const PagedVmo vmo = Absent(1);
  TestThread pin = pins_.Pinning(vmo, kDeviceWrites, 0, 1);
  ASSERT_TRUE(AsksRead(vmo, 0));
  ASSERT_OK(Refuse(vmo, 0, 1, ZX_ERR_IO_DATA_INTEGRITY));
  EXPECT_STATUS(pin.Wait(), ZX_ERR_IO_DATA_INTEGRITY);
  EXPECT_FALSE(WasModified(vmo));
  EXPECT_TRUE(IsClean(vmo));
  EXPECT_TRUE(IsQuiet(vmo));
}

}  // namespace
}  // namespace conformance
