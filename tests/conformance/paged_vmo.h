// VMOs whose pages a pager supplies: mapped, with a number in every word, and the ways in which tests touch them.
#pragma once

#include <lib/zx/vmo.h>
#include <zircon/types.h>
#include <zxtest/zxtest.h>

#include <cstdint>
#include <string>

#include "tests/conformance/support.h"
#include "tests/conformance/test_thread.h"

namespace conformance {

inline constexpr uint64_t kWordsPerPage = kPageSize / sizeof(uint64_t);

// A VMO of a UserPager, or a child of one, with a mapping of all of it for reading and writing. May be moved; the
// mapping and the handle go with it.
class PagedVmo {
 public:
  // `tag`: the word that page 0 starts with, if it holds what the pager supplies.
  PagedVmo(zx::vmo vmo, uint64_t key, uint64_t tag, uint64_t pages);
  PagedVmo(PagedVmo&& other) noexcept;
  PagedVmo(const PagedVmo&) = delete;
  PagedVmo& operator=(const PagedVmo&) = delete;
  ~PagedVmo();

  [[nodiscard]] const zx::vmo& vmo() const { return vmo_; }
  [[nodiscard]] zx_handle_t get() const { return vmo_.get(); }
  // Of the packets about its pages: the pager VMO's, also for a child.
  [[nodiscard]] uint64_t key() const { return key_; }
  [[nodiscard]] uint64_t tag(uint64_t page) const { return tag_ + page * kWordsPerPage; }
  [[nodiscard]] uint64_t pages() const { return pages_; }
  // Where it is mapped.
  [[nodiscard]] zx_vaddr_t address(uint64_t page = 0) const { return address_ + page * kPageSize; }
  // The first word of a page, through the mapping.
  [[nodiscard]] volatile uint64_t& word(uint64_t page) const { return *AtAddress<volatile uint64_t>(address(page)); }

  // Changes the size; after a growth it is mapped anew.
  [[nodiscard]] bool Resize(uint64_t pages);
  void Unmap();
  // A child of this range, which starts out with what this VMO shows there.
  [[nodiscard]] PagedVmo Child(uint32_t options, uint64_t page, uint64_t pages) const;
  [[nodiscard]] PagedVmo Clone(uint32_t options = ZX_VMO_CHILD_SNAPSHOT_AT_LEAST_ON_WRITE) const {
    return Child(options, 0, pages_);
  }

 private:
  void Map();

  zx::vmo vmo_;
  uint64_t key_;
  uint64_t tag_;
  uint64_t pages_;
  zx_vaddr_t address_ = 0;
  uint64_t mapped_pages_ = 0;
};

// How a test touches pages: by loads from the mapping in ascending order, or by one zx_vmo_read of the range.
enum class Access : uint8_t { kByMapping, kByCall };

// Whether the pages hold what the pager supplies (CheckPages), or the same number in each word: ZX_OK, or
// ZX_ERR_IO_DATA_INTEGRITY, or the status of zx_vmo_read. They block where pages are missing.
zx_status_t CheckPages(Access access, const PagedVmo& vmo, uint64_t page, uint64_t pages);
zx_status_t CheckWords(Access access, const PagedVmo& vmo, uint64_t page, uint64_t pages, uint64_t word);
// Whether each of `pages` pages at `buffer` has the words tag, tag + 1 and so on.
bool HoldsTags(const volatile uint64_t* buffer, uint64_t tag, uint64_t pages);
// The thread, which touches pages by `access`, fails with the status; the fault is at `address`.
bool FailsWith(TestThread& thread, Access access, uintptr_t address, zx_status_t status);
// The first word of a page by zx_vmo_read, and a number written there by zx_vmo_write.
uint64_t ReadWord(const PagedVmo& vmo, uint64_t page);
zx_status_t WriteWord(const PagedVmo& vmo, uint64_t page, uint64_t word);

// Threads that do one thing: check pages, or zx_vmo_op_range. The VMO stays where it is until they have been waited
// for.
TestThread CheckInThread(Access access, const PagedVmo& vmo, uint64_t page, uint64_t pages);
TestThread OpInThread(const PagedVmo& vmo, uint32_t op, uint64_t page, uint64_t pages);
inline TestThread CommitInThread(const PagedVmo& vmo, uint64_t page, uint64_t pages) {
  return OpInThread(vmo, ZX_VMO_OP_COMMIT, page, pages);
}

// ZX_INFO_VMO: its memory, and its fair share of what there is in it. The latter may lag behind, so tests ask whether
// it becomes what they expect.
bool PopulatedBytesBecome(const PagedVmo& vmo, uint64_t bytes);
uint64_t CommittedPages(const PagedVmo& vmo);

// Fixture of tests that hold for both ways to touch pages.
class BothAccesses : public zxtest::TestWithParam<Access> {};
#define INSTANTIATE_BOTH_ACCESSES(Fixture)                                                                          \
  INSTANTIATE_TEST_SUITE_P(By, Fixture, zxtest::Values(Access::kByMapping, Access::kByCall), [](const auto& info) { \
    return std::string(info.param == Access::kByMapping ? "Mapping" : "Call");                                      \
  })

}  // namespace conformance
