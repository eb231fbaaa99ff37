// DIRTY, writeback and statistics as a pager on the host meets them.
#include "tests/host_pager/puppet_machine.h"

namespace host_pager {
namespace {

using Ranges = std::vector<pager::DirtyRange>;

// A stretch of dirty pages, in pages.
pager::DirtyRange Pages(uint64_t page, uint64_t pages, bool zero = false) {
  return {.offset = page * kPageSize, .length = pages * kPageSize, .zero = zero};
}

class HostDirty : public TrapDirtyHostPagerTest {
 protected:
  // Pages that the guest has read.
  void ReadIn(uint64_t page, uint64_t pages) {
    const int read = guest().Start("read " + std::to_string(page) + " " + std::to_string(pages));
    ASSERT_TRUE(source().FillsRead(page, pages));
    ASSERT_EQ(guest().Result(read), (Outcome{"ZX_OK", FilledWord(page)}));
  }
};

// Without ZX_VMO_TRAP_DIRTY, resizable.
class HostWriteback : public HostPagerTest {
 protected:
  [[nodiscard]] pager::ObjectInfo info() const override {
    return {.size = kPages * kPageSize, .content_size = kPages * kPageSize, .resizable = true};
  }
  void ReadIn() {
    const int read = guest().Start("read 0 8");
    ASSERT_TRUE(source().FillsRead(0, kPages));
    ASSERT_EQ(guest().Result(read), (Outcome{"ZX_OK", FilledWord(0)}));
  }
  zx_status_t WriteBack(uint64_t page, uint64_t pages, uint64_t data = 0) {
    const zx_status_t begun = source().Op(ZX_PAGER_OP_WRITEBACK_BEGIN, page, pages, data);
    return begun == ZX_OK ? source().Op(ZX_PAGER_OP_WRITEBACK_END, page, pages) : begun;
  }
};

// host pager create_vmo | ZX_VMO_TRAP_DIRTY and a resident clean page is written
TEST_F(HostDirty, WritesGoOnWhenPermitted) {
  ReadIn(0, 4);
  const int write = guest().Start("write 0 1 7");
  EXPECT_TRUE(source().AnswersDirty(0, 1, ZX_OK));
  EXPECT_EQ(guest().Result(write).status, "ZX_OK");
  const int store = guest().Start("store 1 8");
  EXPECT_TRUE(source().AnswersDirty(1, 1, ZX_OK));
  EXPECT_EQ(guest().Result(store).status, "ZX_OK");
  EXPECT_EQ(guest().Do("load 0").value, 7u);
  EXPECT_EQ(guest().Do("load 1").value, 8u);
  EXPECT_EQ(source().DirtyRanges(kPages), (Ranges{Pages(0, 2)}));
  EXPECT_TRUE(source().IsQuiet());
}

// host pager create_vmo | ZX_VMO_TRAP_DIRTY and an absent page is written
TEST_F(HostDirty, AbsentPagesAreReadFirst) {
  const int write = guest().Start("write 5 1 7");
  EXPECT_TRUE(source().FillsRead(5, 1));
  EXPECT_TRUE(source().AnswersDirty(5, 1, ZX_OK));
  EXPECT_EQ(guest().Result(write).status, "ZX_OK");
  EXPECT_EQ(source().DirtyRanges(kPages), (Ranges{Pages(5, 1)}));
  EXPECT_TRUE(source().IsQuiet());
}

struct PagerError {
  zx_status_t status;
  const char* name;
};

class HostDirtyError : public HostDirty, public testing::WithParamInterface<PagerError> {};

INSTANTIATE_TEST_SUITE_P(Each, HostDirtyError,
                         testing::Values(PagerError{ZX_ERR_IO, "ZX_ERR_IO"},
                                         PagerError{ZX_ERR_IO_DATA_INTEGRITY, "ZX_ERR_IO_DATA_INTEGRITY"},
                                         PagerError{ZX_ERR_BAD_STATE, "ZX_ERR_BAD_STATE"},
                                         PagerError{ZX_ERR_NO_SPACE, "ZX_ERR_NO_SPACE"},
                                         PagerError{ZX_ERR_BUFFER_TOO_SMALL, "ZX_ERR_BUFFER_TOO_SMALL"}),
                         [](const auto& each) { return std::string(each.param.name); });

// host pager op_range | ZX_PAGER_OP_FAIL while a write waits for ZX_PAGER_VMO_DIRTY
TEST_P(HostDirtyError, FailsWritesAndStores) {
  ReadIn(0, 4);
  const int write = guest().Start("write 2 1 7");
  EXPECT_TRUE(source().AnswersDirty(2, 1, GetParam().status));
  EXPECT_EQ(guest().Result(write).status, GetParam().name);
  const int store = guest().Start("store 2 7");
  EXPECT_TRUE(source().AnswersDirty(2, 1, GetParam().status));
  EXPECT_EQ(guest().Result(store).status, GetParam().name);
  EXPECT_EQ(guest().Do("load 2").value, FilledWord(2));
  EXPECT_TRUE(source().DirtyRanges(kPages).empty());
  EXPECT_FALSE(source().Stats(0).modified);
  EXPECT_TRUE(source().IsQuiet());
}

// host pager op_range | ZX_PAGER_OP_DIRTY of a clean page that nobody waits to write
TEST_F(HostDirty, PagesMayBeDirtiedUnasked) {
  ReadIn(0, 4);
  EXPECT_EQ(source().Op(ZX_PAGER_OP_DIRTY, 1, 2), ZX_OK);
  EXPECT_EQ(source().DirtyRanges(kPages), (Ranges{Pages(1, 2)}));
  EXPECT_EQ(guest().Do("write 1 2 7").status, "ZX_OK");
  EXPECT_EQ(source().Op(ZX_PAGER_OP_DIRTY, 7, 1), ZX_ERR_NOT_FOUND);
  EXPECT_TRUE(source().IsQuiet());
}

// host pager op_range | a page is written between ZX_PAGER_OP_WRITEBACK_BEGIN and _END with ZX_VMO_TRAP_DIRTY
TEST_F(HostDirty, WritesDuringWritebackAreTrapped) {
  ReadIn(0, 1);
  EXPECT_EQ(source().Op(ZX_PAGER_OP_DIRTY, 0, 1), ZX_OK);
  EXPECT_EQ(source().Op(ZX_PAGER_OP_WRITEBACK_BEGIN, 0, 1), ZX_OK);
  const int write = guest().Start("write 0 1 7");
  EXPECT_TRUE(source().AnswersDirty(0, 1, ZX_OK));
  EXPECT_EQ(guest().Result(write).status, "ZX_OK");
  EXPECT_EQ(source().Op(ZX_PAGER_OP_WRITEBACK_END, 0, 1), ZX_OK);
  EXPECT_EQ(source().DirtyRanges(kPages), (Ranges{Pages(0, 1)}));
  EXPECT_TRUE(source().IsQuiet());
}

// host pager op_range | ZX_PAGER_OP_WRITEBACK_BEGIN and _END of a dirty page
TEST_F(HostWriteback, EndCleansWhatBeginMarked) {
  ReadIn();
  EXPECT_EQ(guest().Do("write 2 3 7").status, "ZX_OK");
  EXPECT_EQ(guest().Do("store 6 8").status, "ZX_OK");
  EXPECT_EQ(source().DirtyRanges(kPages), (Ranges{Pages(2, 3), Pages(6, 1)}));
  EXPECT_EQ(source().Op(ZX_PAGER_OP_WRITEBACK_BEGIN, 0, kPages), ZX_OK);
  EXPECT_EQ(source().LentWords(2, 3), (std::vector<uint64_t>{7, 7, 7}));
  EXPECT_EQ(source().LentWords(6, 1), (std::vector<uint64_t>{8}));
  EXPECT_EQ(source().DirtyRanges(kPages), (Ranges{Pages(2, 3), Pages(6, 1)}));
  EXPECT_EQ(source().Op(ZX_PAGER_OP_WRITEBACK_END, 0, kPages), ZX_OK);
  EXPECT_TRUE(source().DirtyRanges(kPages).empty());
  EXPECT_EQ(guest().Do("store 6 9").status, "ZX_OK");
  EXPECT_EQ(source().DirtyRanges(kPages), (Ranges{Pages(6, 1)}));
  EXPECT_TRUE(source().IsQuiet());
}

// host pager op_range | a page is written between ZX_PAGER_OP_WRITEBACK_BEGIN and _END without ZX_VMO_TRAP_DIRTY
TEST_F(HostWriteback, WritesDuringWritebackKeepThePageDirty) {
  ReadIn();
  EXPECT_EQ(guest().Do("write 0 2 7").status, "ZX_OK");
  EXPECT_EQ(source().Op(ZX_PAGER_OP_WRITEBACK_BEGIN, 0, 2), ZX_OK);
  EXPECT_EQ(guest().Do("store 0 8").status, "ZX_OK");
  EXPECT_EQ(source().Op(ZX_PAGER_OP_WRITEBACK_END, 0, 2), ZX_OK);
  EXPECT_EQ(source().DirtyRanges(kPages), (Ranges{Pages(0, 1)}));
  EXPECT_EQ(WriteBack(0, 1), ZX_OK);
  EXPECT_TRUE(source().DirtyRanges(kPages).empty());
}

// host pager query_dirty_ranges | the VMO has grown
TEST_F(HostWriteback, GrowthIsAZeroRange) {
  EXPECT_EQ(guest().Do("resize 12").status, "ZX_OK");
  EXPECT_EQ(source().DirtyRanges(12), (Ranges{Pages(8, 4, true)}));
  EXPECT_EQ(source().Stats(0).size, 12 * kPageSize);
  EXPECT_EQ(guest().Do("write 10 1 7").status, "ZX_OK");
  EXPECT_EQ(source().DirtyRanges(12), (Ranges{Pages(8, 2, true), Pages(10, 1), Pages(11, 1, true)}));
  EXPECT_EQ(guest().Do("read 9 1"), (Outcome{"ZX_OK", 0}));
  EXPECT_TRUE(source().IsQuiet());
}

// host pager op_range | ZX_PAGER_OP_WRITEBACK_BEGIN with ZX_VMO_DIRTY_RANGE_IS_ZERO, and a page of the range was
// written after the query
TEST_F(HostWriteback, ZeroWritebackLeavesPagesDirty) {
  EXPECT_EQ(guest().Do("resize 12").status, "ZX_OK");
  EXPECT_EQ(source().DirtyRanges(12), (Ranges{Pages(8, 4, true)}));
  EXPECT_EQ(guest().Do("write 10 1 7").status, "ZX_OK");
  EXPECT_EQ(WriteBack(8, 4, ZX_VMO_DIRTY_RANGE_IS_ZERO), ZX_OK);
  EXPECT_EQ(source().DirtyRanges(12), (Ranges{Pages(10, 1)}));
  EXPECT_EQ(source().LentWords(10, 1), (std::vector<uint64_t>{7}));
  EXPECT_TRUE(source().IsQuiet());
}

// host pager op_range | a zero range was written back and is read again
TEST_F(HostWriteback, ZerosWrittenBackAreAskedForAgain) {
  EXPECT_EQ(guest().Do("zero 3 1").status, "ZX_OK");
  EXPECT_EQ(source().DirtyRanges(kPages), (Ranges{Pages(3, 1, true)}));
  EXPECT_EQ(WriteBack(3, 1, ZX_VMO_DIRTY_RANGE_IS_ZERO), ZX_OK);
  EXPECT_TRUE(source().DirtyRanges(kPages).empty());
  const int read = guest().Start("read 3 1");
  EXPECT_TRUE(source().FillsRead(3, 1));
  EXPECT_EQ(guest().Result(read), (Outcome{"ZX_OK", FilledWord(3)}));
}

// host pager query_dirty_ranges | contiguous runs of dirty pages
TEST_F(HostWriteback, ManyRangesAreListedInOrder) {
  constexpr uint64_t kGrown = 192;  // more ranges than one answer of the guest holds
  EXPECT_EQ(guest().Do("resize " + std::to_string(kGrown)).status, "ZX_OK");
  EXPECT_EQ(source().DirtyRanges(kGrown), (Ranges{Pages(8, kGrown - 8, true)}));
  std::vector<pager::DirtyRange> expected;
  for (uint64_t page = 9; page < kGrown; page += 2) {
    EXPECT_EQ(guest().Do("write " + std::to_string(page) + " 1 1").status, "ZX_OK") << page;
  }
  for (uint64_t page = 8; page < kGrown; ++page) {
    expected.push_back(Pages(page, 1, page % 2 == 0));
  }
  EXPECT_EQ(source().DirtyRanges(kGrown), expected);
}

// host pager query_vmo_stats | zx_vmo_write, then two queries with ZX_PAGER_RESET_VMO_STATS
TEST_F(HostWriteback, StatsTellOfWritesOnce) {
  ReadIn();
  EXPECT_FALSE(source().Stats(0).modified);
  EXPECT_EQ(guest().Do("write 1 1 7").status, "ZX_OK");
  EXPECT_TRUE(source().Stats(0).modified);
  EXPECT_TRUE(source().Stats(ZX_PAGER_RESET_VMO_STATS).modified);
  EXPECT_FALSE(source().Stats(ZX_PAGER_RESET_VMO_STATS).modified);
  EXPECT_EQ(guest().Do("resize 4").status, "ZX_OK");
  EXPECT_TRUE(source().Stats(ZX_PAGER_RESET_VMO_STATS).modified);
  EXPECT_EQ(source().Stats(0).size, 4 * kPageSize);
}

// Lending: what the host writes back stays as it was when it was lent.
TEST_F(HostWriteback, LentPagesDoNotChange) {
  ReadIn();
  EXPECT_EQ(guest().Do("write 0 1 7").status, "ZX_OK");
  ASSERT_EQ(source().Op(ZX_PAGER_OP_WRITEBACK_BEGIN, 0, 1), ZX_OK);
  pager::PageLease lease = source().Lend(0, 1);
  ASSERT_EQ(lease.length(), kPageSize);
  EXPECT_EQ(guest().Do("store 0 8").status, "ZX_OK");
  EXPECT_EQ(guest().Do("load 0").value, 8u);
  EXPECT_EQ(*static_cast<const uint64_t*>(lease.pages()[0].iov_base), 7u);
  lease.End();
  EXPECT_EQ(source().Op(ZX_PAGER_OP_WRITEBACK_END, 0, 1), ZX_OK);
  EXPECT_EQ(source().DirtyRanges(kPages), (Ranges{Pages(0, 1)}));
  EXPECT_EQ(source().LentWords(0, 1), (std::vector<uint64_t>{8}));
}

}  // namespace
}  // namespace host_pager
