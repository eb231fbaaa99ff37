// Supplying, failing and detaching by a pager on the host, and the end of an object.
#include "tests/host_pager/puppet_machine.h"

namespace host_pager {
namespace {

constexpr uint64_t DataOf(zx_status_t status) { return static_cast<uint64_t>(int64_t{status}); }

class HostOperations : public TrapDirtyHostPagerTest {};

// host pager supply_pages | the pages of the range
TEST_F(HostOperations, SuppliedPagesAreNotAskedFor) {
  EXPECT_EQ(source().Supply(2, 3), ZX_OK);
  EXPECT_EQ(guest().Do("read 2 3"), (Outcome{"ZX_OK", FilledWord(2)}));
  EXPECT_EQ(guest().Do("load 4"), (Outcome{"ZX_OK", FilledWord(4)}));
  EXPECT_TRUE(source().DirtyRanges(kPages).empty());
  EXPECT_TRUE(source().IsQuiet());
}

// host pager supply_pages | pages are there already
TEST_F(HostOperations, PresentPagesAreNotReplaced) {
  EXPECT_EQ(source().Supply(2, 1), ZX_OK);
  const int write = guest().Start("write 2 1 7");
  EXPECT_TRUE(source().AnswersDirty(2, 1, ZX_OK));
  EXPECT_EQ(guest().Result(write).status, "ZX_OK");
  EXPECT_EQ(source().Supply(1, 3), ZX_OK);
  EXPECT_EQ(guest().Do("load 2").value, 7u);
  EXPECT_EQ(guest().Do("load 1").value, FilledWord(1));
  EXPECT_EQ(guest().Do("load 3").value, FilledWord(3));
  EXPECT_TRUE(source().IsQuiet());
}

// host pager supply_pages | the range is beyond the end of pager_vmo or of aux_vmo
TEST_F(HostOperations, RangesBeyondTheEndAreRefused) {
  EXPECT_EQ(source().Supply(7, 2), ZX_ERR_OUT_OF_RANGE);
  EXPECT_EQ(source().Op(ZX_PAGER_OP_FAIL, 8, 1, DataOf(ZX_ERR_IO)), ZX_ERR_OUT_OF_RANGE);
  EXPECT_EQ(source().Op(ZX_PAGER_OP_DIRTY, 0, 9), ZX_ERR_OUT_OF_RANGE);
  EXPECT_EQ(source().Op(ZX_PAGER_OP_WRITEBACK_BEGIN, 8, 1), ZX_ERR_OUT_OF_RANGE);
  EXPECT_EQ(source().Op(ZX_PAGER_OP_WRITEBACK_END, 1, 8), ZX_ERR_OUT_OF_RANGE);
  EXPECT_TRUE(source().IsQuiet());
}

// host pager op_range | op is none of the operations
// host pager op_range | op is ZX_PAGER_OP_FAIL and data is not a permitted error, sign-extended
// host pager op_range | op is ZX_PAGER_OP_WRITEBACK_BEGIN and data is not 0 or ZX_VMO_DIRTY_RANGE_IS_ZERO
TEST_F(HostOperations, WrongArgumentsAreRefused) {
  EXPECT_EQ(source().Op(0, 0, 1), ZX_ERR_NOT_SUPPORTED);
  EXPECT_EQ(source().Op(ZX_PAGER_OP_FAIL, 0, 1, DataOf(ZX_ERR_INTERNAL)), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(source().Op(ZX_PAGER_OP_FAIL, 0, 1, 100), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(source().Op(ZX_PAGER_OP_WRITEBACK_BEGIN, 0, 1, 2), ZX_ERR_INVALID_ARGS);
  EXPECT_TRUE(source().IsQuiet());
}

// host pager op_range | op is ZX_PAGER_OP_DIRTY and the range contains unsupplied regions
TEST_F(HostOperations, DirtyOfAbsentPagesIsNotFound) {
  EXPECT_EQ(source().Op(ZX_PAGER_OP_DIRTY, 0, 1), ZX_ERR_NOT_FOUND);
  EXPECT_TRUE(source().DirtyRanges(kPages).empty());
}

// host pager detach_vmo | a thread waits for a page and the packet was taken
TEST_F(HostOperations, DetachFailsWaitersAndCompletes) {
  EXPECT_EQ(source().Supply(0, 1), ZX_OK);
  const int read = guest().Start("read 5 1");
  const std::optional<pager::ReadRequest> request = source().NextRead();
  ASSERT_TRUE(request);
  EXPECT_EQ(source().Detach(), ZX_OK);
  EXPECT_EQ(guest().Result(read).status, "ZX_ERR_BAD_STATE");
  EXPECT_TRUE(source().AnswersComplete());
  EXPECT_EQ(guest().Do("load 0").status, "ZX_ERR_BAD_STATE");
  EXPECT_EQ(guest().Do("write 0 1 7").status, "ZX_ERR_BAD_STATE");
}

// host pager detach_vmo | the VMO has dirty pages
TEST_F(HostOperations, DirtyPagesCanBeWrittenBackAfterADetach) {
  EXPECT_EQ(source().Supply(0, 2), ZX_OK);
  const int write = guest().Start("write 1 1 7");
  EXPECT_TRUE(source().AnswersDirty(1, 1, ZX_OK));
  EXPECT_EQ(guest().Result(write).status, "ZX_OK");
  EXPECT_EQ(source().Detach(), ZX_OK);
  std::optional<pager::CompleteRequest> complete = source().NextComplete();
  ASSERT_TRUE(complete);
  EXPECT_EQ(source().Op(ZX_PAGER_OP_DIRTY, 1, 1), ZX_ERR_BAD_STATE);
  EXPECT_EQ(source().Op(ZX_PAGER_OP_FAIL, 1, 1, DataOf(ZX_ERR_IO)), ZX_ERR_BAD_STATE);
  EXPECT_EQ(source().Supply(0, 1), ZX_ERR_BAD_STATE);
  EXPECT_EQ(source().DirtyRanges(kPages),
            (std::vector<pager::DirtyRange>{{.offset = kPageSize, .length = kPageSize, .zero = false}}));
  EXPECT_EQ(guest().Do("load 1").value, 7u);
  EXPECT_EQ(source().Op(ZX_PAGER_OP_WRITEBACK_BEGIN, 1, 1), ZX_OK);
  EXPECT_EQ(source().LentWords(1, 1), (std::vector<uint64_t>{7}));
  EXPECT_EQ(source().Op(ZX_PAGER_OP_WRITEBACK_END, 1, 1), ZX_OK);
  EXPECT_TRUE(source().DirtyRanges(kPages).empty());
  complete->Complete(ZX_OK);
}

// host pager create_vmo | no references to the VMO remain
TEST_F(HostOperations, LastReferenceCompletesAndLeavesTimeToWriteBack) {
  EXPECT_EQ(source().Supply(0, 1), ZX_OK);
  const int write = guest().Start("write 0 1 7");
  EXPECT_TRUE(source().AnswersDirty(0, 1, ZX_OK));
  EXPECT_EQ(guest().Result(write).status, "ZX_OK");
  EXPECT_EQ(guest().Do("close").status, "ZX_OK");
  std::optional<pager::CompleteRequest> complete = source().NextComplete();
  ASSERT_TRUE(complete);
  EXPECT_EQ(source().LentWords(0, 1), (std::vector<uint64_t>{7}));
  complete->Complete(ZX_OK);
  EXPECT_TRUE(source().IsQuiet());
}

// The host hears of the end, and the object can be opened anew.
TEST_F(HostOperations, CanBeOpenedAgain) {
  EXPECT_EQ(guest().Do("close").status, "ZX_OK");
  EXPECT_TRUE(source().AnswersComplete());
  EXPECT_EQ(guest().Do("open x").status, "ZX_OK");
  const int read = guest().Start("read 0 1");
  EXPECT_TRUE(source().FillsRead(0, 1));
  EXPECT_EQ(guest().Result(read), (Outcome{"ZX_OK", FilledWord(0)}));
  EXPECT_TRUE(source().IsQuiet());
}

class HostResize : public HostPagerTest {
 protected:
  [[nodiscard]] pager::ObjectInfo info() const override {
    return {.size = kPages * kPageSize, .content_size = kPages * kPageSize, .resizable = true};
  }
};

// The page that a thread waits for is cut off: its access is out of range, and the late answer harms nobody.
TEST_F(HostResize, ShrinkingEndsWaits) {
  const int read = guest().Start("read 6 1");
  std::optional<pager::ReadRequest> request = source().NextRead();
  ASSERT_TRUE(request);
  EXPECT_EQ(guest().Do("resize 4").status, "ZX_OK");
  EXPECT_EQ(guest().Result(read).status, "ZX_ERR_OUT_OF_RANGE");
  request->Complete(ZX_OK);
  EXPECT_EQ(guest().Do("resize 8").status, "ZX_OK");
  EXPECT_EQ(guest().Do("read 6 1"), (Outcome{"ZX_OK", 0}));
  EXPECT_TRUE(source().IsQuiet());
}

}  // namespace
}  // namespace host_pager
