// What the tests of dirty pages and writeback share: short words for what the pager of a test does and is asked, what
// programs do to the pages, and whether a test runs with ZX_VMO_TRAP_DIRTY, without it, or both ways.
//
//   PagedVmo vmo = Supplied(2);
//   EXPECT_OK(Write(vmo, 1));                   // with TRAP_DIRTY this asks about page 1 and is permitted
//   EXPECT_TRUE(IsDirty(vmo, {{1, 1}}));
//   EXPECT_OK(WriteBack(vmo, 1, 1));
//   EXPECT_TRUE(IsClean(vmo));
//   EXPECT_TRUE(IsQuiet(vmo));                  // and nothing else was asked
#pragma once

#include <lib/zx/bti.h>

#include <string>
#include <vector>

#include "tests/conformance/user_pager.h"

namespace conformance {

// The first word of a page that Writing or Storing wrote.
inline constexpr uint64_t kWritten = 0x77777777'77777777;

class PagerTest : public zxtest::Test {
 protected:
  explicit PagerTest(uint32_t trap = 0) : trap_(trap) {}

  // Whether the test runs with ZX_VMO_TRAP_DIRTY.
  [[nodiscard]] bool traps() const { return trap_ != 0; }

  // VMOs, with ZX_VMO_TRAP_DIRTY where the test says so.
  [[nodiscard]] PagedVmo Absent(uint64_t pages, uint32_t options = 0) { return pager_.Create(pages, options | trap_); }
  [[nodiscard]] PagedVmo Supplied(uint64_t pages, uint32_t options = 0);
  // Resizable: `supplied` pages with content, then zeros that a larger size made, `pages` in all.
  [[nodiscard]] PagedVmo Grown(uint64_t supplied, uint64_t pages);

  // What the pager does.
  zx_status_t Supply(const PagedVmo& vmo, uint64_t page, uint64_t pages = 1) { return pager_.Supply(vmo, page, pages); }
  zx_status_t SupplyZeros(const PagedVmo& vmo, uint64_t page, uint64_t pages = 1) {
    return pager_.SupplyZeros(vmo, page, pages);
  }
  zx_status_t Permit(const PagedVmo& vmo, uint64_t page, uint64_t pages = 1) { return pager_.Dirty(vmo, page, pages); }
  zx_status_t Refuse(const PagedVmo& vmo, uint64_t page, uint64_t pages = 1, zx_status_t status = ZX_ERR_IO) {
    return pager_.Fail(vmo, page, pages, status);
  }
  zx_status_t Begin(const PagedVmo& vmo, uint64_t page, uint64_t pages, uint64_t options = 0) {
    return pager_.BeginWriteback(vmo, page, pages, options);
  }
  zx_status_t End(const PagedVmo& vmo, uint64_t page, uint64_t pages) { return pager_.EndWriteback(vmo, page, pages); }
  // Begins and ends it.
  zx_status_t WriteBack(const PagedVmo& vmo, uint64_t page, uint64_t pages, uint64_t options = 0);

  // What the pager is asked: one packet for exactly these pages; none that nobody waited for.
  [[nodiscard]] bool AsksRead(const PagedVmo& vmo, uint64_t page, uint64_t pages = 1) {
    return pager_.WaitForRead(vmo, page, pages);
  }
  [[nodiscard]] bool AsksDirty(const PagedVmo& vmo, uint64_t page, uint64_t pages = 1) {
    return pager_.WaitForDirty(vmo, page, pages);
  }
  [[nodiscard]] bool IsQuiet(const PagedVmo& vmo) { return pager_.IsQuiet(vmo); }

  // What the pager sees.
  [[nodiscard]] bool IsDirty(const PagedVmo& vmo, const std::vector<DirtyRange>& ranges) {
    return pager_.DirtyRangesAre(vmo, ranges);
  }
  [[nodiscard]] bool IsClean(const PagedVmo& vmo) { return IsDirty(vmo, {}); }
  // Since the last time it was asked.
  [[nodiscard]] bool WasModified(const PagedVmo& vmo) { return pager_.TakeModified(vmo); }
  // What the two queries say of a VMO that no pager tracks: ZX_ERR_INVALID_ARGS for both.
  [[nodiscard]] bool IsUntracked(const zx::vmo& vmo);

  // Runs a thread that changes these pages to its end. With TRAP_DIRTY it must ask about exactly them, in one packet,
  // and is permitted.
  zx_status_t Permitted(TestThread thread, const PagedVmo& vmo, uint64_t page, uint64_t pages = 1);
  zx_status_t Write(const PagedVmo& vmo, uint64_t page, uint64_t pages = 1);
  zx_status_t Store(const PagedVmo& vmo, uint64_t page);

  UserPager pager_;

 private:
  const uint32_t trap_;
};

// What programs do to the pages, on threads of their own because it may wait for the pager. Reads answer
// ZX_ERR_IO_DATA_INTEGRITY unless they see what the pager supplied. Writes reach from the first byte of `page` to the
// first word of the last page.
[[nodiscard]] TestThread Reading(const PagedVmo& vmo, uint64_t page, uint64_t pages = 1);
[[nodiscard]] TestThread Loading(const PagedVmo& vmo, uint64_t page);
[[nodiscard]] TestThread Writing(const PagedVmo& vmo, uint64_t page, uint64_t pages = 1);
[[nodiscard]] TestThread Storing(const PagedVmo& vmo, uint64_t page);
// zx_vmo_op_range; offset and size are bytes.
[[nodiscard]] TestThread Operating(const zx::vmo& vmo, uint32_t op, uint64_t offset, uint64_t size);

// Content, by zx_vmo_read and through the mapping: as supplied, as Writing and Storing leave it, zeros.
[[nodiscard]] bool HoldsSupplied(const PagedVmo& vmo, uint64_t page, uint64_t pages = 1);
[[nodiscard]] bool HoldsWritten(const PagedVmo& vmo, uint64_t page, uint64_t pages = 1);
[[nodiscard]] bool HoldsZeros(const PagedVmo& vmo, uint64_t page, uint64_t pages = 1);

// Tests of what only VMOs with ZX_VMO_TRAP_DIRTY do.
class TrapDirtyTest : public PagerTest {
 protected:
  TrapDirtyTest() : PagerTest(ZX_VMO_TRAP_DIRTY) {}
};

// Tests that hold with it and without it; the parameter is the option.
class EitherWayTest : public PagerTest, public zxtest::WithParamInterface<uint32_t> {
 protected:
  EitherWayTest() : PagerTest(GetParam()) {}
};
#define INSTANTIATE_EITHER_WAY(Fixture)                                                                          \
  INSTANTIATE_TEST_SUITE_P(Both, Fixture, zxtest::Values(uint32_t{0}, ZX_VMO_TRAP_DIRTY), [](const auto& info) { \
    return std::string(info.param == 0 ? "NoTrapDirty" : "TrapDirty");                                           \
  })

// Tests of what only VMOs with ZX_VMO_TRAP_DIRTY do, both through a mapping and by zx_vmo_read and zx_vmo_write.
class EitherAccessTest : public TrapDirtyTest, public zxtest::WithParamInterface<Access> {
 protected:
  [[nodiscard]] static TestThread Getting(const PagedVmo& vmo, uint64_t page) {
    return GetParam() == Access::kByCall ? Reading(vmo, page) : Loading(vmo, page);
  }
  [[nodiscard]] static TestThread Changing(const PagedVmo& vmo, uint64_t page) {
    return GetParam() == Access::kByCall ? Writing(vmo, page) : Storing(vmo, page);
  }
  // The call fails with the status, or the access to the page faults with it.
  [[nodiscard]] static bool Fails(TestThread& thread, const PagedVmo& vmo, uint64_t page, zx_status_t status) {
    return FailsWith(thread, GetParam(), vmo.address(page), status);
  }
};

}  // namespace conformance
