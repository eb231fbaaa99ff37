// Pages of a VMO that stay where they are, because a device may know their addresses.
//
// Pinned pages are not decommitted, cut off, reclaimed, moved or shared anew, until the pin goes.
#pragma once

#include <stdint.h>

#include <utility>

#include "guest/kernel/lib/ref_ptr.h"
#include "guest/kernel/vm/vmo.h"

namespace gk {

class PinnedRange {
 public:
  PinnedRange() = default;  // nothing
  PinnedRange(PinnedRange&& other) noexcept
      : vmo_(std::move(other.vmo_)),
        access_(other.access_),
        first_(other.first_),
        count_(std::exchange(other.count_, 0)) {}
  PinnedRange& operator=(PinnedRange&& other) noexcept {
    std::swap(vmo_, other.vmo_);
    std::swap(access_, other.access_);
    std::swap(first_, other.first_);
    std::swap(count_, other.count_);
    return *this;
  }
  ~PinnedRange() { Release(); }

  // Makes the pages of [offset, offset + length), page-aligned and not empty, present and the object's own, and keeps
  // them; ready to be written to, if that is what they are pinned for, which counts as having been written to. May
  // block. ZX_ERR_OUT_OF_RANGE: not inside the object; ZX_ERR_UNAVAILABLE: a page is pinned too often; otherwise as
  // Vmo::Commit. Nothing stays pinned on failure.
  static Result<PinnedRange> Pin(RefPtr<Vmo> vmo, uint64_t offset, uint64_t length, PinAccess access);

  void Release();

  [[nodiscard]] PageIndex page_count() const { return count_; }
  // Of page `index` of the range.
  [[nodiscard]] PhysicalAddress AddressOf(PageIndex index) const;

 private:
  Result<> PinNext(PageIndex left);

  RefPtr<Vmo> vmo_;
  PinAccess access_ = PinAccess::kRead;
  PageIndex first_ = 0;  // of the object
  PageIndex count_ = 0;
};

}  // namespace gk
