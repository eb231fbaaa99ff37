// READ as a pager on the host meets it: answered later, in another order, or failed with each error that there is.
#include "shared/base/range.h"
#include "tests/host_pager/puppet_machine.h"

namespace host_pager {
namespace {

using HostRead = HostPagerTest;

struct PagerError {
  zx_status_t status;
  const char* name;
};

class HostReadError : public HostPagerTest, public testing::WithParamInterface<PagerError> {
 protected:
  // Carries out a command that touches page 3 and fails its READ.
  [[nodiscard]] std::string StatusOf(const std::string& command) {
    const int number = guest().Start(command);
    EXPECT_TRUE(source().FailsRead(3, 1, GetParam().status));
    return guest().Result(number).status;
  }
};

INSTANTIATE_TEST_SUITE_P(Each, HostReadError,
                         testing::Values(PagerError{ZX_ERR_IO, "ZX_ERR_IO"},
                                         PagerError{ZX_ERR_IO_DATA_INTEGRITY, "ZX_ERR_IO_DATA_INTEGRITY"},
                                         PagerError{ZX_ERR_BAD_STATE, "ZX_ERR_BAD_STATE"},
                                         PagerError{ZX_ERR_NO_SPACE, "ZX_ERR_NO_SPACE"},
                                         PagerError{ZX_ERR_BUFFER_TOO_SMALL, "ZX_ERR_BUFFER_TOO_SMALL"}),
                         [](const auto& each) { return std::string(each.param.name); });

// host vmo read | the VMO is backed by a pager and the pager encountered an I/O error
// host vmo read | the VMO is backed by a pager and the contents that were read in are corrupted
// host vmo read | the VMO is backed by a pager that is in a bad state
// host pager op_range | ZX_PAGER_OP_FAIL while zx_vmo_read waits
TEST_P(HostReadError, ReachesVmoRead) { EXPECT_EQ(StatusOf("read 3 1"), GetParam().name); }
// host pager op_range | ZX_PAGER_OP_FAIL while zx_vmo_write waits
TEST_P(HostReadError, ReachesVmoWrite) { EXPECT_EQ(StatusOf("write 3 1 7"), GetParam().name); }
// host vmo op_range | ZX_VMO_OP_COMMIT and the pager encountered an I/O error
// host vmo op_range | ZX_VMO_OP_COMMIT and the contents that the pager read in are corrupted
// host vmo op_range | ZX_VMO_OP_COMMIT and the pager is in a bad state
// host pager op_range | ZX_PAGER_OP_FAIL while ZX_VMO_OP_COMMIT waits
TEST_P(HostReadError, ReachesCommit) { EXPECT_EQ(StatusOf("commit 3 1"), GetParam().name); }
// host pager op_range | ZX_PAGER_OP_FAIL while a thread waits through a mapping
TEST_P(HostReadError, IsTheFaultOfALoad) { EXPECT_EQ(StatusOf("load 3"), GetParam().name); }
// host vmar map | a store through the mapping of a VMO whose pager fails to bring the page in
TEST_P(HostReadError, IsTheFaultOfAStore) { EXPECT_EQ(StatusOf("store 3 7"), GetParam().name); }

// host pager op_range | ZX_PAGER_OP_FAIL, and the page is accessed again
TEST_P(HostReadError, DoesNotStick) {
  EXPECT_EQ(StatusOf("read 3 1"), GetParam().name);
  const int again = guest().Start("read 3 1");
  EXPECT_TRUE(source().FillsRead(3, 1));
  EXPECT_EQ(guest().Result(again), (Outcome{"ZX_OK", FilledWord(3)}));
  EXPECT_TRUE(source().IsQuiet());
}

// host pager create_vmo | an absent page is accessed
TEST_F(HostRead, FilledPagesAreSeenByCallsAndMappings) {
  const int read = guest().Start("read 2 1");
  EXPECT_TRUE(source().FillsRead(2, 1));
  EXPECT_EQ(guest().Result(read), (Outcome{"ZX_OK", FilledWord(2)}));
  EXPECT_EQ(guest().Do("load 2"), (Outcome{"ZX_OK", FilledWord(2)}));
  EXPECT_TRUE(source().IsQuiet());
}

TEST_F(HostRead, MayBeAnsweredInAnotherOrder) {
  const int first = guest().Start("load 0");
  std::optional<pager::ReadRequest> request = source().NextRead();
  ASSERT_TRUE(request);
  EXPECT_EQ(request->offset(), 0u);
  const int second = guest().Start("load 5");
  EXPECT_TRUE(source().FillsRead(5, 1));
  EXPECT_EQ(guest().Result(second), (Outcome{"ZX_OK", FilledWord(5)}));
  request->Complete(ZX_ERR_IO);
  // It was of several pages, so the reader asks for his alone.
  request = source().NextRead();
  ASSERT_TRUE(request);
  EXPECT_EQ(request->offset(), 0u);
  EXPECT_EQ(request->length(), base::kPageSize);
  request->Complete(ZX_ERR_IO);
  EXPECT_EQ(guest().Result(first).status, "ZX_ERR_IO");
  EXPECT_TRUE(source().IsQuiet());
}

TEST_F(HostRead, ManyWaitersOfOnePageSendOneRequest) {
  int readers[6];
  for (int i = 0; i < 6; ++i) {
    readers[i] = guest().Start(i % 2 == 0 ? "load 4" : "read 4 1");
  }
  EXPECT_TRUE(source().FillsRead(4, 1));
  for (const int reader : readers) {
    EXPECT_EQ(guest().Result(reader), (Outcome{"ZX_OK", FilledWord(4)}));
  }
  EXPECT_TRUE(source().IsQuiet());
}

TEST_F(HostRead, RequestThatIsDroppedUnansweredFails) {
  const int read = guest().Start("read 1 1");
  source().NextRead().reset();
  EXPECT_EQ(guest().Result(read).status, "ZX_ERR_BAD_STATE");
  EXPECT_TRUE(source().IsQuiet());
}

}  // namespace
}  // namespace host_pager
