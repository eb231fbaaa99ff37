// Content that is a run of physical addresses: all of it is there, always, and nothing of it is ever made or freed.
//
// The run must be one that programs may have (physical_ranges.h); whoever makes the content checks that. Pages are
// mapped uncached until somebody sets another policy.
#pragma once

#include "guest/kernel/vm/vmo_content.h"

namespace gk {

class PhysicalContent final : public VmoContent {
 public:
  // `base` is page-aligned. Null when there is no memory.
  static RefPtr<PhysicalContent> Create(PhysicalAddress base, PageIndex pages);

  PageLookup RequirePage(PageIndex index, PageIntent intent, size_t count, PageRequest& request) override;
  void PeekPages(PageIndex first, std::span<PresentPage> out) const override;
  [[nodiscard]] PageIndex FindPresent(PageIndex from) const override;
  Result<> Decommit(PageIndex first, PageIndex count) override;
  Result<> Truncate(PageIndex end) override;
  [[nodiscard]] size_t committed_pages() const override { return 0; }
  [[nodiscard]] ContentKind kind() const override { return ContentKind::kPhysical; }
  Result<> Pin(PageIndex index, PinAccess access) override;
  void Unpin(PageIndex index, PinAccess access) override;
  [[nodiscard]] uint64_t pin_count() const override { return pins_; }
  [[nodiscard]] bool HasPins(PageIndex first, PageIndex count) const override;

 private:
  template <typename T, typename... Args>
  friend RefPtr<T> MakeRefCounted(Args&&... args);
  PhysicalContent(PhysicalAddress base, PageIndex pages);

  [[nodiscard]] PhysicalAddress AddressOf(PageIndex index) const { return base_ + index * kPageSize; }

  const PhysicalAddress base_;
  const PageIndex pages_;
  uint64_t pins_ = 0;
};

}  // namespace gk
