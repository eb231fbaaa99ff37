// VMOs whose content is more than zeroes on demand, and the locks of discardable ones.
#include "guest/kernel/lib/panic.h"
#include "guest/kernel/vm/discardable.h"
#include "guest/kernel/vm/paged_content.h"
#include "guest/kernel/vm/physical_content.h"
#include "guest/kernel/vm/physical_ranges.h"
#include "guest/kernel/vm/vmo.h"
#include "shared/base/range.h"

namespace gk {

Result<RefPtr<Vmo>> Vmo::CreateDiscardable(uint64_t size, Resizability resizability) {
  if (size > kMaxSize) {
    return Error(ZX_ERR_OUT_OF_RANGE);
  }
  RefPtr<PagedContent> content = PagedContent::CreateDiscardable();
  if (!content) {
    return Error(ZX_ERR_NO_MEMORY);
  }
  return CreateOver(std::move(content), size, resizability);
}

Result<RefPtr<Vmo>> Vmo::CreateContiguous(uint64_t size, uint64_t alignment) {
  if (size > kMaxSize) {
    return Error(ZX_ERR_OUT_OF_RANGE);
  }
  const PageIndex pages = base::AlignUp(size, kPageSize) / kPageSize;
  if (pages > TotalPageCount() || alignment / kPageSize > TotalPageCount()) {
    return Error(ZX_ERR_NO_MEMORY);
  }
  PAGODA_TRY_ASSIGN(RefPtr<PagedContent> content, PagedContent::CreateContiguous(pages, alignment));
  return CreateOver(std::move(content), size, Resizability::kFixed);
}

Result<RefPtr<Vmo>> Vmo::CreatePhysical(PhysicalAddress base, uint64_t size) {
  GK_ASSERT(base::IsPageAligned(size) && physical_ranges::IsGranted(base, size));
  RefPtr<PhysicalContent> content = PhysicalContent::Create(base, size / kPageSize);
  if (!content) {
    return Error(ZX_ERR_NO_MEMORY);
  }
  return CreateOver(std::move(content), size, Resizability::kFixed);
}

Result<Discardable*> Vmo::DiscardableOf(uint64_t offset, uint64_t length) const {
  Discardable* discardable = content_->discardable();
  if (discardable == nullptr) {
    return Error(ZX_ERR_NOT_SUPPORTED);
  }
  if (offset != 0 || length != size()) {
    return Error(ZX_ERR_OUT_OF_RANGE);
  }
  return discardable;
}

}  // namespace gk
