#include "guest/kernel/vm/vmo.h"

#include "guest/kernel/lib/memory.h"
#include "guest/kernel/lib/min_max.h"
#include "guest/kernel/lib/panic.h"
#include "guest/kernel/vm/mapping.h"
#include "shared/base/range.h"

namespace gk {

Vmo::Vmo(uint64_t size, Resizability resizability)
    : size_(base::AlignUp(size, kPageSize)), content_size_(size), resizability_(resizability) {}

// Each mapping holds a reference.
Vmo::~Vmo() { GK_ASSERT(mappings_.empty()); }

Result<> Vmo::SetContentSize(uint64_t content_size) {
  if (content_size > size_) {
    return Error(ZX_ERR_OUT_OF_RANGE);
  }
  content_size_ = content_size;
  return {};
}

// Calls `action(page bytes, offset in the page, length, bytes done before)` for each page that the range touches. The
// page is looked up anew after every wait; between the lookup and the action nothing blocks.
template <typename Action>
Result<> Vmo::ForEachPage(uint64_t offset, uint64_t length, PageIntent intent, Action action) {
  if (!base::RangeFits(offset, length, size_)) {
    return Error(ZX_ERR_OUT_OF_RANGE);
  }
  for (uint64_t done = 0; done < length;) {
    const uint64_t position = offset + done;
    const uint64_t in_page = position % kPageSize;
    const uint64_t last = (offset + length - 1) / kPageSize;
    PageRequest request;
    const PageLookup lookup =
        RequirePage(position / kPageSize, intent, static_cast<size_t>(last - position / kPageSize + 1), request);
    if (lookup.kind() == PageLookup::Kind::kFailed) {
      return Error(lookup.status());
    }
    if (lookup.kind() == PageLookup::Kind::kNeedsPage) {
      PAGODA_TRY(request.Wait());
      continue;
    }
    const uint64_t chunk = Min(kPageSize - in_page, length - done);
    action(lookup.page()->data<uint8_t>() + in_page, chunk, done);
    done += chunk;
  }
  return {};
}

Result<> Vmo::Read(void* buffer, uint64_t offset, size_t length) {
  return ForEachPage(offset, length, PageIntent::kRead, [=](const uint8_t* bytes, uint64_t chunk, uint64_t done) {
    memcpy(static_cast<uint8_t*>(buffer) + done, bytes, chunk);
  });
}

Result<> Vmo::Write(const void* buffer, uint64_t offset, size_t length) {
  return ForEachPage(offset, length, PageIntent::kWrite, [=](uint8_t* bytes, uint64_t chunk, uint64_t done) {
    memcpy(bytes, static_cast<const uint8_t*>(buffer) + done, chunk);
  });
}

Result<> Vmo::Commit(uint64_t offset, uint64_t length) {
  return ForEachPage(offset, length, PageIntent::kWrite, [](uint8_t*, uint64_t, uint64_t) {});
}

void Vmo::AttachMapping(Mapping& mapping) {
  mappings_.PushBack(mapping);
  ++mapping_count_;
}

void Vmo::DetachMapping(Mapping& mapping) {
  static_cast<base::ListNode<VmoMappingTag>&>(mapping).Unlink();
  --mapping_count_;
}

void Vmo::UnmapFromAll(PageIndex first, PageIndex count) {
  for (Mapping& mapping : mappings_) {
    mapping.UnmapVmoPages(first, count);
  }
}

}  // namespace gk
