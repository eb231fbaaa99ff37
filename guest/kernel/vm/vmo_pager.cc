// What the pager of an object does to it: supplying, failing, dirtying, writing back. Ranges are checked here; what
// becomes of pages is the content's affair.
#include <utility>

#include "guest/kernel/lib/min_max.h"
#include "guest/kernel/lib/panic.h"
#include "guest/kernel/vm/lent_pages.h"
#include "guest/kernel/vm/paged_content.h"
#include "guest/kernel/vm/reclaim.h"
#include "guest/kernel/vm/vmo.h"
#include "shared/base/range.h"

namespace gk {
namespace {

// How much is dirtied between two safe points.
constexpr PageIndex kDirtyStretch = 32;

}  // namespace

Result<RefPtr<Vmo>> Vmo::CreatePagerBacked(RefPtr<PageSource> source, uint64_t size, PagerVmoOptions options) {
  if (size > kMaxSize) {
    return Error(ZX_ERR_OUT_OF_RANGE);
  }
  const PageIndex pages = base::AlignUp(size, kPageSize) / kPageSize;
  const DirtyPolicy policy = options.trap_dirty ? DirtyPolicy::kTrap : DirtyPolicy::kTrack;
  RefPtr<PagedContent> content = PagedContent::CreateWithSource(std::move(source), pages, policy);
  if (!content) {
    return Error(ZX_ERR_NO_MEMORY);
  }
  PAGODA_TRY_ASSIGN(RefPtr<Vmo> vmo,
                    CreateOver(std::move(content), options.unbounded ? kMaxSize : size, options.resizability));
  vmo->SetContentSize(size);
  return vmo;
}

PageSource* Vmo::pager_source() const {
  PagedContent* paged = content_->AsPaged();
  return child_kind_ == ChildKind::kNone && paged != nullptr ? paged->own_source() : nullptr;
}

Result<> Vmo::Sync() const {
  PagedContent* paged = content_->AsPaged();
  PageSource* source = paged != nullptr ? paged->own_source() : nullptr;
  if (source == nullptr) {
    return Error(ZX_ERR_NOT_SUPPORTED);
  }
  const RefPtr<PageProvider> provider(&source->provider());  // Sync blocks
  return provider->Sync();
}

PagedContent& Vmo::paged() const {
  GK_ASSERT(pager_source() != nullptr);
  return *content_->AsPaged();
}

bool Vmo::traps_dirty() const { return paged().traps_dirty(); }

// --- pages ---

Result<> Vmo::CheckSupply(uint64_t offset, uint64_t length, const Vmo& aux, uint64_t aux_offset) const {
  if (!base::RangeFits(offset, length, size()) || !base::RangeFits(aux_offset, length, aux.size())) {
    return Error(ZX_ERR_OUT_OF_RANGE);
  }
  PagedContent* from = aux.content_->AsPaged();
  if (from == nullptr || from->kind() != ContentKind::kOnDemand || from->page_source() != nullptr) {
    return Error(ZX_ERR_NOT_SUPPORTED);
  }
  const bool family = aux.child_kind_ != ChildKind::kNone || aux.child_count() != 0 || from->shares_pages();
  if (family || from->discardable() != nullptr || from->cache_policy() != ZX_CACHE_POLICY_CACHED ||
      from->HasPins(aux_offset / kPageSize, length / kPageSize)) {
    return Error(ZX_ERR_BAD_STATE);
  }
  return {};
}

Result<> Vmo::SupplyPages(uint64_t offset, uint64_t length, Vmo& aux, uint64_t aux_offset) {
  PagedContent& content = paged();
  PAGODA_TRY(CheckSupply(offset, length, aux, aux_offset));
  return content.Supply(offset / kPageSize, length / kPageSize, *aux.content_->AsPaged(), aux_offset / kPageSize);
}

Result<> Vmo::LendPages(uint64_t offset, uint64_t length, LentPages& pages) {
  PagedContent& content = paged();
  if (!base::RangeFits(offset, length, size()) || length > LentPages::kMost * kPageSize) {
    return Error(ZX_ERR_OUT_OF_RANGE);
  }
  for (PageIndex index = offset / kPageSize; index < (offset + length) / kPageSize; ++index) {
    const Result<Page*> page = content.LendPage(index);
    if (!page.ok()) {
      pages.Return();
      return Error(page.error());
    }
    pages.Add(*page);
  }
  return {};
}

void LentPages::Return() {
  while (count_ != 0) {
    PagedContent::ReturnPage(pages_[--count_]);
  }
}

// --- answers ---

Result<> Vmo::PagerFail(uint64_t offset, uint64_t length, Status status) {
  PageSource& source = *paged().own_source();
  if (!base::RangeFits(offset, length, size())) {
    return Error(ZX_ERR_OUT_OF_RANGE);
  }
  if (!source.attached()) {
    return Error(ZX_ERR_BAD_STATE);
  }
  PAGODA_TRY(source.PrepareResolve());
  const PageIndex first = offset / kPageSize;
  const PageIndex end = first + length / kPageSize;
  source.Resolve(SourceRequestKind::kRead, first, end, status);
  source.Resolve(SourceRequestKind::kDirty, first, end, status);
  return {};
}

Result<> Vmo::PagerDirty(uint64_t offset, uint64_t length) {
  PagedContent& content = paged();
  PageSource& source = *content.own_source();
  if (!base::RangeFits(offset, length, size())) {
    return Error(ZX_ERR_OUT_OF_RANGE);
  }
  if (!source.attached()) {
    return Error(ZX_ERR_BAD_STATE);
  }
  PAGODA_TRY(source.PrepareResolve());
  const PageIndex first = offset / kPageSize;
  const PageIndex end = first + length / kPageSize;
  Result<> dirtied = content.CheckPresent(first, end);
  for (PageIndex at = first; dirtied.ok() && at < end; at = Min(end, at + kDirtyStretch)) {
    reclaim::SafePoint();
    dirtied = content.MakeDirty(at, Min(end, at + kDirtyStretch));
  }
  if (dirtied.ok() || dirtied.error() == Status(ZX_ERR_NOT_FOUND)) {
    source.Resolve(SourceRequestKind::kDirty, first, end, Status(ZX_OK));
  }
  return dirtied;
}

// --- writeback ---

Result<> Vmo::WritebackBegin(uint64_t offset, uint64_t length, WritebackScope scope) {
  PagedContent& content = paged();
  if (!base::RangeFits(offset, length, size())) {
    return Error(ZX_ERR_OUT_OF_RANGE);
  }
  content.BeginWriteback(offset / kPageSize, (offset + length) / kPageSize, scope);
  return {};
}

Result<> Vmo::WritebackEnd(uint64_t offset, uint64_t length) {
  PagedContent& content = paged();
  if (!base::RangeFits(offset, length, size())) {
    return Error(ZX_ERR_OUT_OF_RANGE);
  }
  return content.EndWriteback(offset / kPageSize, (offset + length) / kPageSize);
}

Result<> Vmo::ForEachDirtyRange(uint64_t offset, uint64_t length, DirtyRangeSink& sink) const {
  const PagedContent& content = paged();
  if (!base::RangeFits(offset, length, size())) {
    return Error(ZX_ERR_OUT_OF_RANGE);
  }
  const PageIndex end = base::AlignUp(offset + length, kPageSize) / kPageSize;
  bool more = length != 0;
  for (PageIndex at = offset / kPageSize; more;) {
    const DirtyRun run = content.FindDirty(at, end);
    more = run && sink.OnDirtyRange(
                      {.offset = run.first * kPageSize, .length = (run.end - run.first) * kPageSize, .zero = run.zero});
    at = run.end;
  }
  return {};
}

bool Vmo::TakeModified(bool reset) { return paged().TakeModified(reset); }

}  // namespace gk
