// Cache policies of VMOs, and cache maintenance.
//
// The kernel reaches all RAM through cached mappings. So content that programs see uncached must not be read or written
// by the kernel on their behalf, and what its caches hold must go before the policy changes; going back is possible
// only while there are no pages.
#include "guest/kernel/arch/cache.h"
#include "guest/kernel/arch/physical_map.h"
#include "guest/kernel/vm/long_loop.h"
#include "guest/kernel/vm/vmo.h"
#include "shared/base/range.h"

namespace gk {

namespace {

void CleanPage(const Vmo& vmo, PageIndex index) {
  arch::CleanAndInvalidateCache(arch::PhysicalToVirtual<uint8_t>(vmo.PeekPage(index).address), kPageSize);
}

}  // namespace

Result<> Vmo::CheckCopyable() const {
  if (content_->kind() == ContentKind::kPhysical) {
    return Error(ZX_ERR_NOT_SUPPORTED);
  }
  return content_->cache_policy() == ZX_CACHE_POLICY_CACHED ? Result<>() : Error(ZX_ERR_BAD_STATE);
}

Result<> Vmo::SetCachePolicy(uint32_t policy) {
  if ((policy & ~ZX_CACHE_POLICY_MASK) != 0) {
    return Error(ZX_ERR_INVALID_ARGS);
  }
  const bool fixed = content_->committed_pages() != 0 && content_->cache_policy() != ZX_CACHE_POLICY_CACHED;
  const bool shared = child_kind_ != ChildKind::kNone || child_count() != 0;
  if (fixed || shared || content_->is_mapped() || content_->HasPins(0, kNoPage)) {
    return Error(ZX_ERR_BAD_STATE);
  }
  // In one go: what others do to the object in between would have to be cleaned again.
  for (PageIndex index = policy != ZX_CACHE_POLICY_CACHED ? FindPresent(0) : kNoPage; index != kNoPage;
       index = FindPresent(index + 1)) {
    CleanPage(*this, index);
  }
  content_->set_cache_policy(policy);
  return {};
}

Result<> Vmo::CleanCache(uint64_t offset, uint64_t length) {
  if (length == 0) {
    return Error(ZX_ERR_INVALID_ARGS);
  }
  if (!base::RangeFits(offset, length, size())) {
    return Error(ZX_ERR_OUT_OF_RANGE);
  }
  const PageIndex last = (offset + length - 1) / kPageSize;
  LongLoop loop;
  for (PageIndex index = FindPresent(offset / kPageSize); index <= last; index = FindPresent(index + 1)) {
    CleanPage(*this, index);
    PAGODA_TRY(loop.OnProgress(kPageSize));
  }
  return {};
}

}  // namespace gk
