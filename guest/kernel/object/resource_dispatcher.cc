#include "guest/kernel/object/resource_dispatcher.h"

#include "guest/kernel/vm/physical_ranges.h"
#include "shared/base/range.h"

namespace gk {
namespace {

constexpr char kRootName[] = {'r', 'o', 'o', 't'};

// All that exist, to know what is held exclusively.
constinit base::IntrusiveList<ResourceDispatcher, LiveResourcesTag> live;

bool Overlap(const ResourceRange& a, const ResourceRange& b) {
  return a.kind == b.kind && base::RangesOverlap(a.base, a.size, b.base, b.size);
}

bool IsTaken(const ResourceRange& range, bool exclusive) {
  for (const ResourceDispatcher& other : live) {
    if ((exclusive || other.exclusive()) && Overlap(range, other.range())) {
      return true;
    }
  }
  return false;
}

bool IsMemoryOfOthers(const ResourceRange& range) {
  return range.kind == ZX_RSRC_KIND_MMIO && !physical_ranges::IsGranted(range.base, range.size);
}

}  // namespace

RefPtr<ResourceDispatcher> ResourceDispatcher::CreateRoot() {
  return MakeRefCounted<ResourceDispatcher>(ResourceRange{ZX_RSRC_KIND_ROOT, 0, 0}, false, ObjectName(kRootName));
}

Result<RefPtr<ResourceDispatcher>> ResourceDispatcher::Create(const ResourceRange& range, bool exclusive,
                                                              ObjectName name) {
  if (range.kind == ZX_RSRC_KIND_ROOT ? range.base != 0 || range.size != 0
                                      : range.size == 0 || !base::RangeFits(range.base, range.size, UINT64_MAX)) {
    return Error(ZX_ERR_INVALID_ARGS);
  }
  if (IsMemoryOfOthers(range) || IsTaken(range, exclusive)) {
    return Error(ZX_ERR_NOT_FOUND);
  }
  RefPtr<ResourceDispatcher> resource = MakeRefCounted<ResourceDispatcher>(range, exclusive, name);
  if (!resource) {
    return Error(ZX_ERR_NO_MEMORY);
  }
  return resource;
}

ResourceDispatcher::ResourceDispatcher(const ResourceRange& range, bool exclusive, const ObjectName& name)
    : Dispatcher(kType, ZX_SIGNAL_NONE), range_(range), exclusive_(exclusive), name_(name) {
  live.PushBack(*this);
}

ResourceDispatcher::~ResourceDispatcher() { base::ListNode<LiveResourcesTag>::Unlink(); }

Grant ResourceDispatcher::Grants(const ResourceRange& wanted) const {
  if (range_.kind == ZX_RSRC_KIND_ROOT) {
    return IsMemoryOfOthers(wanted) ? Grant::kOutOfRange : Grant::kYes;
  }
  if (range_.kind != wanted.kind) {
    return Grant::kOtherKind;
  }
  const bool inside =
      wanted.base >= range_.base && base::RangeFits(wanted.base - range_.base, wanted.size, range_.size);
  return inside ? Grant::kYes : Grant::kOutOfRange;
}

Result<> RequireResource(const HandleTable& handles, zx_handle_t value, const ResourceRange& wanted) {
  PAGODA_TRY_ASSIGN(const RefPtr<ResourceDispatcher> resource, handles.Get<ResourceDispatcher>(value, ZX_RIGHT_NONE));
  switch (resource->Grants(wanted)) {
    case Grant::kYes:
      return {};
    case Grant::kOtherKind:
      return Error(ZX_ERR_WRONG_TYPE);
    case Grant::kOutOfRange:
      break;
  }
  return Error(ZX_ERR_OUT_OF_RANGE);
}

}  // namespace gk
