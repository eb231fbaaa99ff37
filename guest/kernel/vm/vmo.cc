#include "guest/kernel/vm/vmo.h"

#include <utility>

#include "guest/kernel/lib/memory.h"
#include "guest/kernel/lib/min_max.h"
#include "guest/kernel/lib/panic.h"
#include "guest/kernel/vm/long_loop.h"
#include "guest/kernel/vm/paged_content.h"
#include "guest/kernel/vm/reclaim.h"
#include "guest/kernel/vm/write_window.h"
#include "shared/base/immortal.h"
#include "shared/base/range.h"

namespace gk {
namespace {

constinit base::Immortal<Vmo::All> all_vmos;

}  // namespace

Vmo::All& Vmo::all() { return *all_vmos; }

Result<RefPtr<Vmo>> Vmo::Create(uint64_t size, Resizability resizability) {
  if (size > kMaxSize) {
    return Error(ZX_ERR_OUT_OF_RANGE);
  }
  RefPtr<PagedContent> content = PagedContent::Create();
  if (!content) {
    return Error(ZX_ERR_NO_MEMORY);
  }
  return CreateOver(std::move(content), size, resizability);
}

Result<RefPtr<Vmo>> Vmo::CreateOver(RefPtr<VmoContent> content, uint64_t size, Resizability resizability) {
  if (size > kMaxSize) {
    return Error(ZX_ERR_OUT_OF_RANGE);
  }
  return Make({.content = std::move(content), .extent = MakeExtent(size), .resizability = resizability});
}

// Null when there is no memory; Make says so.
RefPtr<VmoExtent> Vmo::MakeExtent(uint64_t size) {
  RefPtr<VmoExtent> extent = MakeRefCounted<VmoExtent>();
  if (extent) {
    extent->size = base::AlignUp(size, kPageSize);
    extent->content_size = size;
  }
  return extent;
}

Result<RefPtr<Vmo>> Vmo::Make(Shape shape) {
  VmoFamilyNode* family = shape.extent ? new (std::nothrow) VmoFamilyNode : nullptr;
  if (family == nullptr) {
    return Error(ZX_ERR_NO_MEMORY);
  }
  RefPtr<Vmo> vmo = MakeRefCounted<Vmo>(std::move(shape), family);
  if (!vmo) {
    delete family;
    return Error(ZX_ERR_NO_MEMORY);
  }
  return vmo;
}

Vmo::Vmo(Shape shape, VmoFamilyNode* family)
    : content_(std::move(shape.content)),
      content_first_(shape.content_first),
      extent_(std::move(shape.extent)),
      resizability_(shape.resizability),
      child_kind_(shape.child_kind),
      family_(family) {
  all_vmos->PushBack(*this);
}

// Each mapping holds a reference.
Vmo::~Vmo() {
  GK_ASSERT(mapping_count_ == 0);
  Unlink();
  VmoFamilyNode::Release(family_);
}

// Mappings that end with the content show less from now on, if it shrinks; whoever else shows it finds it again.
void Vmo::SetContentSize(uint64_t content_size) {
  const uint64_t old_end = base::AlignUp(Min(extent_->content_size, size()), kPageSize);
  const uint64_t end = base::AlignUp(Min(content_size, size()), kPageSize);
  extent_->content_size = content_size;
  if (end < old_end) {
    content_->UnmapFromAll(ContentIndex(end / kPageSize), (old_end - end) / kPageSize);
  }
}

PageLookup Vmo::RequirePage(PageIndex index, PageIntent intent, size_t count, PageRequest& request) {
  if (index >= page_end()) {
    return PageLookup::Failed(Status(ZX_ERR_OUT_OF_RANGE));
  }
  return content_->RequirePage(ContentIndex(index), intent, count, request);
}

PresentPage Vmo::PeekPage(PageIndex index) const {
  PresentPage page;
  PeekPages(index, {&page, 1});
  return page;
}

void Vmo::PeekPages(PageIndex first, std::span<PresentPage> out) const {
  const size_t inside = Min(out.size(), page_end() - Min(first, page_end()));
  if (inside != 0) {
    content_->PeekPages(ContentIndex(first), out.first(inside));
  }
  for (PresentPage& page : out.subspan(inside)) {
    page = PresentPage();
  }
}

PresentPage Vmo::PeekLargeRun(PageIndex first) const {
  if (!base::RangeFits(first, base::kPagesPerLargePage, page_end())) {
    return {};
  }
  const Page* run = content_->FindLargeRun(ContentIndex(first));
  return run != nullptr ? PresentPage{run->physical_address(), run->may_be_written()} : PresentPage();
}

PageIndex Vmo::FindPresent(PageIndex from) const {
  if (from >= page_end()) {
    return kNoPage;
  }
  const PageIndex found = content_->FindPresent(ContentIndex(from));
  return found != kNoPage && found - content_first_ < page_end() ? found - content_first_ : kNoPage;
}

// Calls `action(page bytes, offset in the page, length, bytes done before)` for each page that the range touches. The
// page is looked up anew after every wait; between the lookup and the action nothing blocks. The length may be
// anything: a sparse object can be larger than all RAM.
template <typename Action>
Result<> Vmo::ForEachPage(uint64_t offset, uint64_t length, PageIntent intent, Action action) {
  if (!base::RangeFits(offset, length, size())) {
    return Error(ZX_ERR_OUT_OF_RANGE);
  }
  LongLoop loop;
  for (uint64_t done = 0; done < length;) {
    reclaim::SafePoint();
    const uint64_t position = offset + done;
    const uint64_t in_page = position % kPageSize;
    const uint64_t last = (offset + length - 1) / kPageSize;
    const PageIndex index = position / kPageSize;
    const PageIndex left = last - index + 1;
    PageRequest request;
    const PageLookup lookup =
        RequirePage(index, intent, Changes(intent) ? WriteWindow(offset / kPageSize, index, left) : left, request);
    if (lookup.kind() == PageLookup::Kind::kFailed) {
      return Error(lookup.status());
    }
    if (lookup.kind() == PageLookup::Kind::kNeedsPage) {
      PAGODA_TRY(request.Wait(SuspendPolicy::kWaitOn));
      continue;
    }
    const uint64_t chunk = Min(kPageSize - in_page, length - done);
    action(lookup.data<uint8_t>() + in_page, chunk, done);
    done += chunk;
    if (done < length) {
      PAGODA_TRY(loop.OnProgress(chunk));
    }
  }
  return {};
}

Result<> Vmo::Read(void* buffer, uint64_t offset, size_t length) {
  return ForEachPage(offset, length, PageIntent::kRead, [=](const uint8_t* bytes, uint64_t chunk, uint64_t done) {
    memcpy(static_cast<uint8_t*>(buffer) + done, bytes, chunk);
  });
}

Result<> Vmo::Write(const void* buffer, uint64_t offset, size_t length) {
  return ForEachPage(offset, length, PageIntent::kWrite, [this, buffer](uint8_t* bytes, uint64_t chunk, uint64_t done) {
    memcpy(bytes, static_cast<const uint8_t*>(buffer) + done, chunk);
    content_->OnModified();
  });
}

size_t Vmo::committed_pages() const { return owns_content() ? content_->committed_pages() : 0; }

Attribution Vmo::GetAttribution() const { return owns_content() ? content_->GetAttribution() : Attribution(); }

void Vmo::AttachMapping(Mapping& mapping) {
  content_->AttachMapping(mapping);
  ++mapping_count_;
}

void Vmo::DetachMapping(Mapping& mapping) {
  content_->DetachMapping(mapping);
  --mapping_count_;
}

}  // namespace gk
