// What the memory calls say when the pager fails to bring a page in: its error, or a fatal page fault with it.
#include "tests/conformance/pager_test.h"

namespace conformance {
namespace {

// The parameter: the error that the pager gives.
class PagerErrors : public PagerTest, public zxtest::WithParamInterface<zx_status_t> {
 protected:
  // The thread ends with the error once its request for page 1 has been failed, and asks for nothing more.
  [[nodiscard]] bool EndsWithIt(TestThread thread, const PagedVmo& vmo) {
    return AsksRead(vmo, 1) && thread.WaitForBlocked() && Refuse(vmo, 1, 1, GetParam()) == ZX_OK &&
           thread.Wait() == GetParam() && IsQuiet(vmo);
  }
};
INSTANTIATE_TEST_SUITE_P(
    Each, PagerErrors,
    zxtest::Values(ZX_ERR_IO, ZX_ERR_IO_DATA_INTEGRITY, ZX_ERR_BAD_STATE, ZX_ERR_NO_SPACE, ZX_ERR_BUFFER_TOO_SMALL),
    [](const auto& info) {
      const char* const names[] = {"Io", "IoDataIntegrity", "BadState", "NoSpace", "BufferTooSmall"};
      return std::string(names[info.index]);
    });

// vmo read | the VMO is backed by a pager and the pager encountered an I/O error | IO
// vmo read | the VMO is backed by a pager and the contents that were read in are corrupted | IO_DATA_INTEGRITY
// vmo read | the VMO is backed by a pager that is in a bad state | BAD_STATE
// pager op_range | ZX_PAGER_OP_FAIL while zx_vmo_read waits | the call fails with data
TEST_P(PagerErrors, ReadFailsWithIt) {
  const PagedVmo vmo = Absent(2);
  EXPECT_TRUE(EndsWithIt(Reading(vmo, 1), vmo));
}

// real write | the VMO is backed by a pager that fails to bring the page in | the pager's error
// pager op_range | ZX_PAGER_OP_FAIL while zx_vmo_write waits | the call fails with data
TEST_P(PagerErrors, WriteFailsWithIt) {
  const PagedVmo vmo = Absent(2);
  EXPECT_TRUE(EndsWithIt(Writing(vmo, 1), vmo));
  EXPECT_TRUE(IsClean(vmo));
}

// vmo op_range | ZX_VMO_OP_COMMIT and the pager encountered an I/O error | IO
// vmo op_range | ZX_VMO_OP_COMMIT and the contents that the pager read in are corrupted | IO_DATA_INTEGRITY
// vmo op_range | ZX_VMO_OP_COMMIT and the pager is in a bad state | BAD_STATE
// pager op_range | ZX_PAGER_OP_FAIL while ZX_VMO_OP_COMMIT waits | the call fails with data
TEST_P(PagerErrors, CommitFailsWithIt) {
  const PagedVmo vmo = Absent(2);
  EXPECT_TRUE(EndsWithIt(Operating(vmo.vmo(), ZX_VMO_OP_COMMIT, kPageSize, kPageSize), vmo));
}

// vmo op_range | ZX_VMO_OP_ZERO of part of a page that the pager fails to bring in | the pager's error
TEST_P(PagerErrors, ZeroOfPartOfAPageFailsWithIt) {
  const PagedVmo vmo = Absent(2);
  EXPECT_TRUE(EndsWithIt(Operating(vmo.vmo(), ZX_VMO_OP_ZERO, kPageSize, 8), vmo));
  EXPECT_TRUE(IsClean(vmo));
}

// pager op_range | ZX_PAGER_OP_FAIL while a thread waits through a mapping | a fatal page fault with data
TEST_P(PagerErrors, LoadsFaultWithIt) {
  const PagedVmo vmo = Absent(2);
  TestThread load = Loading(vmo, 1);
  ASSERT_TRUE(AsksRead(vmo, 1));
  ASSERT_OK(Refuse(vmo, 1, 1, GetParam()));
  EXPECT_TRUE(load.WaitForCrash(vmo.address(1), GetParam()));
  EXPECT_TRUE(IsQuiet(vmo));
}

// vmar map | a store through the mapping of a VMO whose pager fails to bring the page in | a fatal page fault with the
// pager's error
TEST_P(PagerErrors, StoresFaultWithIt) {
  const PagedVmo vmo = Absent(2);
  TestThread store = Storing(vmo, 1);
  ASSERT_TRUE(AsksRead(vmo, 1));
  ASSERT_OK(Refuse(vmo, 1, 1, GetParam()));
  EXPECT_TRUE(store.WaitForCrash(vmo.address(1), GetParam()));
  EXPECT_TRUE(IsClean(vmo));
  EXPECT_TRUE(IsQuiet(vmo));
}

// vmo read | of a copy on write whose parent's pager fails to bring the page in | the pager's error
TEST_P(PagerErrors, ReadsOfACopyFailWithIt) {
  const PagedVmo vmo = Absent(2);
  const PagedVmo copy = vmo.Clone();
  EXPECT_TRUE(EndsWithIt(Reading(copy, 1), vmo));
}

// pager op_range | ZX_PAGER_OP_FAIL, and the page is accessed again | it is asked for again: nothing of the failure
// stays
TEST_P(PagerErrors, FailureDoesNotStick) {
  const PagedVmo vmo = Absent(2);
  EXPECT_TRUE(EndsWithIt(Reading(vmo, 1), vmo));
  TestThread read = Reading(vmo, 1);
  ASSERT_TRUE(AsksRead(vmo, 1));
  ASSERT_OK(Supply(vmo, 1));
  EXPECT_OK(read.Wait());
  EXPECT_TRUE(IsQuiet(vmo));
}

// vmar map | a VMO of a pager is mapped without ZX_VM_ALLOW_FAULTS | NOT_SUPPORTED
TEST_F(PagerTest, MappingNeedsToAllowFaults) {
  const PagedVmo vmo = Absent(1);
  EXPECT_STATUS(Mapping(vmo.vmo(), kReadWrite, kPageSize).status(), ZX_ERR_NOT_SUPPORTED);
  EXPECT_OK(Mapping(vmo.vmo(), kReadWrite | ZX_VM_ALLOW_FAULTS, kPageSize).status());
  EXPECT_TRUE(IsQuiet(vmo));
}

// vmo set_cache_policy | the VMO is backed by a pager | refused
TEST_F(PagerTest, CachePolicyStays) {
  const PagedVmo vmo = Absent(1);
  EXPECT_NOT_OK(vmo.vmo().set_cache_policy(ZX_CACHE_POLICY_UNCACHED));
}

}  // namespace
}  // namespace conformance
