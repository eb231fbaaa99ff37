#include "tests/conformance/paged_vmo.h"

#include <stdio.h>
#include <zircon/process.h>
#include <zircon/status.h>
#include <zircon/syscalls.h>

#include <utility>
#include <vector>

namespace conformance {

PagedVmo::PagedVmo(zx::vmo vmo, uint64_t key, uint64_t tag, uint64_t pages)
    : vmo_(std::move(vmo)), key_(key), tag_(tag), pages_(pages) {
  Map();
}

PagedVmo::PagedVmo(PagedVmo&& other) noexcept
    : vmo_(std::move(other.vmo_)),
      key_(other.key_),
      tag_(other.tag_),
      pages_(other.pages_),
      address_(other.address_),
      mapped_pages_(std::exchange(other.mapped_pages_, 0)) {}

PagedVmo::~PagedVmo() { Unmap(); }

void PagedVmo::Map() {
  if (!vmo_.is_valid() || pages_ == 0) {
    return;
  }
  EXPECT_OK(zx_vmar_map(zx_vmar_root_self(), kReadWrite | ZX_VM_ALLOW_FAULTS, 0, vmo_.get(), 0, pages_ * kPageSize,
                        &address_));
  mapped_pages_ = pages_;
}

void PagedVmo::Unmap() {
  if (mapped_pages_ != 0) {
    EXPECT_OK(zx_vmar_unmap(zx_vmar_root_self(), address_, mapped_pages_ * kPageSize));
    mapped_pages_ = 0;
  }
}

bool PagedVmo::Resize(uint64_t pages) {
  const zx_status_t status = vmo_.set_size(pages * kPageSize);
  if (status != ZX_OK) {
    printf("zx_vmo_set_size: %s\n", zx_status_get_string(status));
    return false;
  }
  if (std::exchange(pages_, pages) < pages) {
    Unmap();
    Map();
  }
  return true;
}

PagedVmo PagedVmo::Child(uint32_t options, uint64_t page, uint64_t pages) const {
  return {MakeChild(vmo_, options, page, pages), key_, tag(page), pages};
}

// ---- Access
// ----------------------------------------------------------------------------------------------------------

namespace {

// Word i must be first + i * step.
zx_status_t Compare(const volatile uint64_t* words, uint64_t count, uint64_t first, uint64_t step) {
  for (uint64_t i = 0; i < count; ++i) {
    const uint64_t word = words[i];
    if (word != first + i * step) {
      printf("word %lu of page %lu is %#lx instead of %#lx\n", i % kWordsPerPage, i / kWordsPerPage, word,
             first + i * step);
      return ZX_ERR_IO_DATA_INTEGRITY;
    }
  }
  return ZX_OK;
}

zx_status_t Check(Access access, const PagedVmo& vmo, uint64_t page, uint64_t pages, uint64_t first, uint64_t step) {
  if (access == Access::kByMapping) {
    return Compare(&vmo.word(page), pages * kWordsPerPage, first, step);
  }
  std::vector<uint64_t> words(pages * kWordsPerPage);
  const zx_status_t status = vmo.vmo().read(words.data(), page * kPageSize, pages * kPageSize);
  return status == ZX_OK ? Compare(words.data(), words.size(), first, step) : status;
}

}  // namespace

zx_status_t CheckPages(Access access, const PagedVmo& vmo, uint64_t page, uint64_t pages) {
  return Check(access, vmo, page, pages, vmo.tag(page), 1);
}

zx_status_t CheckWords(Access access, const PagedVmo& vmo, uint64_t page, uint64_t pages, uint64_t word) {
  return Check(access, vmo, page, pages, word, 0);
}

bool HoldsTags(const volatile uint64_t* buffer, uint64_t tag, uint64_t pages) {
  return Compare(buffer, pages * kWordsPerPage, tag, 1) == ZX_OK;
}

bool FailsWith(TestThread& thread, Access access, uintptr_t address, zx_status_t status) {
  return access == Access::kByMapping ? thread.WaitForCrash(address, status) : thread.Wait() == status;
}

TestThread CheckInThread(Access access, const PagedVmo& vmo, uint64_t page, uint64_t pages) {
  return TestThread([access, &vmo, page, pages] { return CheckPages(access, vmo, page, pages); });
}

TestThread OpInThread(const PagedVmo& vmo, uint32_t op, uint64_t page, uint64_t pages) {
  return TestThread([&vmo, op, page, pages] { return OpRange(vmo.vmo(), op, page * kPageSize, pages * kPageSize); });
}

uint64_t ReadWord(const PagedVmo& vmo, uint64_t page) {
  uint64_t word = 0;
  EXPECT_OK(vmo.vmo().read(&word, page * kPageSize, sizeof(word)));
  return word;
}

zx_status_t WriteWord(const PagedVmo& vmo, uint64_t page, uint64_t word) {
  return vmo.vmo().write(&word, page * kPageSize, sizeof(word));
}

bool PopulatedBytesBecome(const PagedVmo& vmo, uint64_t bytes) {
  uint64_t populated = 0;
  const bool became = Eventually([&] {
    const zx_info_vmo_t info = InfoOf(vmo.vmo());
    populated =
        info.populated_fractional_scaled_bytes == UINT64_MAX ? info.populated_bytes : info.populated_scaled_bytes;
    return populated == bytes;
  });
  if (!became) {
    printf("%lu bytes are populated instead of %lu\n", populated, bytes);
  }
  return became;
}

uint64_t CommittedPages(const PagedVmo& vmo) { return CommittedPages(vmo.vmo()); }

}  // namespace conformance
