#include "tests/conformance/pager_test.h"

#include <utility>

namespace conformance {

PagedVmo PagerTest::Supplied(uint64_t pages, uint32_t options) {
  PagedVmo vmo = Absent(pages, options);
  EXPECT_OK(Supply(vmo, 0, pages));
  return vmo;
}

PagedVmo PagerTest::Grown(uint64_t supplied, uint64_t pages) {
  PagedVmo vmo = Supplied(supplied, ZX_VMO_RESIZABLE);
  EXPECT_TRUE(vmo.Resize(pages));
  return vmo;
}

zx_status_t PagerTest::WriteBack(const PagedVmo& vmo, uint64_t page, uint64_t pages, uint64_t options) {
  const zx_status_t status = Begin(vmo, page, pages, options);
  return status == ZX_OK ? End(vmo, page, pages) : status;
}

bool PagerTest::IsUntracked(const zx::vmo& vmo) {
  size_t available = 0;
  zx_pager_vmo_stats_t stats = {};
  return pager_.pager().query_dirty_ranges(vmo, 0, kPageSize, nullptr, 0, nullptr, &available) == ZX_ERR_INVALID_ARGS &&
         pager_.pager().query_vmo_stats(vmo, 0, &stats, sizeof(stats)) == ZX_ERR_INVALID_ARGS;
}

zx_status_t PagerTest::Permitted(TestThread thread, const PagedVmo& vmo, uint64_t page, uint64_t pages) {
  if (traps()) {
    EXPECT_TRUE(AsksDirty(vmo, page, pages));
    EXPECT_OK(Permit(vmo, page, pages));
  }
  return thread.Wait();
}

zx_status_t PagerTest::Write(const PagedVmo& vmo, uint64_t page, uint64_t pages) {
  return Permitted(Writing(vmo, page, pages), vmo, page, pages);
}

zx_status_t PagerTest::Store(const PagedVmo& vmo, uint64_t page) { return Permitted(Storing(vmo, page), vmo, page); }

TestThread Reading(const PagedVmo& vmo, uint64_t page, uint64_t pages) {
  return TestThread([&vmo, page, pages] { return CheckPages(Access::kByCall, vmo, page, pages); });
}

TestThread Loading(const PagedVmo& vmo, uint64_t page) {
  return TestThread([&vmo, page] { return CheckPages(Access::kByMapping, vmo, page, 1); });
}

TestThread Writing(const PagedVmo& vmo, uint64_t page, uint64_t pages) {
  return TestThread([&vmo, page, pages] {
    const std::vector<uint64_t> words((pages - 1) * kWordsPerPage + 1, kWritten);
    return vmo.vmo().write(words.data(), page * kPageSize, words.size() * sizeof(uint64_t));
  });
}

TestThread Storing(const PagedVmo& vmo, uint64_t page) {
  return TestThread([&vmo, page] {
    vmo.word(page) = kWritten;
    return ZX_OK;
  });
}

TestThread Operating(const zx::vmo& vmo, uint32_t op, uint64_t offset, uint64_t size) {
  return TestThread([&vmo, op, offset, size] { return OpRange(vmo, op, offset, size); });
}

bool HoldsSupplied(const PagedVmo& vmo, uint64_t page, uint64_t pages) {
  return CheckPages(Access::kByMapping, vmo, page, pages) == ZX_OK &&
         CheckPages(Access::kByCall, vmo, page, pages) == ZX_OK;
}

bool HoldsWritten(const PagedVmo& vmo, uint64_t page, uint64_t pages) {
  for (uint64_t i = page; i < page + pages; ++i) {
    if (vmo.word(i) != kWritten || ReadWord(vmo, i) != kWritten) {
      return false;
    }
  }
  return true;
}

bool HoldsZeros(const PagedVmo& vmo, uint64_t page, uint64_t pages) {
  return CheckWords(Access::kByMapping, vmo, page, pages, 0) == ZX_OK &&
         CheckWords(Access::kByCall, vmo, page, pages, 0) == ZX_OK;
}

}  // namespace conformance
