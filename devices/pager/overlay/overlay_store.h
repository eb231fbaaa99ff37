// A store that reads from one and writes to another: the pages that were written are an upper file's, all others still
// the lower's, which never changes.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "devices/pager/overlay/lower.h"
#include "devices/pager/overlay/upper_file.h"
#include "devices/pager/store.h"

namespace pager::overlay {

class OverlayStore final : public Store {
 public:
  // `upper` belongs to this lower.
  OverlayStore(const Lower& lower, std::unique_ptr<UpperFile> upper)
      : lower_(lower.store), content_size_(lower.identity.content_size), upper_(std::move(upper)) {}

  // As large as the lower, for ever.
  [[nodiscard]] ObjectInfo info() const override;
  // Both files'.
  [[nodiscard]] std::string content_version() const override;
  // Of a range that is all upper or all lower.
  [[nodiscard]] std::optional<FileRange> RangeOf(uint64_t offset, uint64_t length) const override;
  zx_status_t Read(uint64_t offset, std::span<const iovec> pages) override;
  zx_status_t ReadNow(uint64_t offset, std::span<const iovec> pages) override;
  zx_status_t Write(uint64_t offset, std::span<const iovec> data) override { return upper_->Write(offset, data); }
  // Zeros over what the lower has.
  zx_status_t Zero(uint64_t offset, uint64_t length) override { return upper_->Zero(offset, length); }
  // From then on it is there at the next start.
  zx_status_t Sync() override { return upper_->Sync(); }
  void OnLost(zx_status_t status) override { upper_->OnLost(status); }

 private:
  const std::shared_ptr<Store> lower_;
  const uint64_t content_size_;
  const std::unique_ptr<UpperFile> upper_;
};

}  // namespace pager::overlay
