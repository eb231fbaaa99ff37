#include "devices/pager/overlay/overlay_store.h"

#include <zircon/errors.h>

#include <vector>

#include "devices/pager/pieces.h"
#include "shared/base/range.h"

namespace pager::overlay {

namespace {

// Splits pages into runs that are all of one of the two, and reads each from there until one fails.
template <typename FromUpper, typename FromLower>
zx_status_t ReadRuns(const PageRecord& record, uint64_t offset, std::span<const iovec> pages, FromUpper from_upper,
                     FromLower from_lower) {
  const uint64_t first = offset / base::kPageSize;
  const uint64_t count = LengthOf(pages) / base::kPageSize;
  uint64_t done = 0;
  while (done < count) {
    const uint64_t run = record.RunLength(first + done, count - done);
    const std::vector<iovec> pieces = Slice(pages, done * base::kPageSize, run * base::kPageSize);
    const uint64_t at = (first + done) * base::kPageSize;
    const zx_status_t status = record.Has(first + done) ? from_upper(at, pieces) : from_lower(at, pieces);
    if (status != ZX_OK) {
      return status;
    }
    done += run;
  }
  return ZX_OK;
}

}  // namespace

ObjectInfo OverlayStore::info() const {
  return {.size = base::AlignUp(content_size_, base::kPageSize), .content_size = content_size_};
}

std::string OverlayStore::content_version() const {
  const std::string lower = lower_->content_version();
  const std::string upper = upper_->content_version();
  return lower.empty() || upper.empty() ? std::string() : "overlay " + upper + " over " + lower;
}

std::optional<FileRange> OverlayStore::RangeOf(uint64_t offset, uint64_t length) const {
  const uint64_t page = offset / base::kPageSize;
  const uint64_t count = length / base::kPageSize;
  if (upper_->record().RunLength(page, count) != count) {
    return std::nullopt;
  }
  return upper_->record().Has(page) ? upper_->RangeOf(offset, length) : lower_->RangeOf(offset, length);
}

zx_status_t OverlayStore::Read(uint64_t offset, std::span<const iovec> pages) {
  return ReadRuns(
      upper_->record(), offset, pages,
      [this](uint64_t at, std::span<const iovec> pieces) { return upper_->Read(at, pieces); },
      [this](uint64_t at, std::span<const iovec> pieces) { return lower_->Read(at, pieces); });
}

zx_status_t OverlayStore::ReadNow(uint64_t offset, std::span<const iovec> pages) {
  return ReadRuns(
      upper_->record(), offset, pages,
      [this](uint64_t at, std::span<const iovec> pieces) { return upper_->ReadNow(at, pieces); },
      [this](uint64_t at, std::span<const iovec> pieces) { return lower_->ReadNow(at, pieces); });
}

}  // namespace pager::overlay
