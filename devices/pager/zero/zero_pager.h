// A pager that serves zeros: memory that is there when it is touched, and gone when nobody uses it. The smallest pager
// there is, and the one to measure others against.
//
// What the guest writes is never written back, so it stays dirty and stays with the guest.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "devices/pager/page_source.h"

namespace pager {

class ZeroPager final : public Pager {
 public:
  // `size`: bytes, a page multiple.
  explicit ZeroPager(uint64_t size) : size_(size) {}

  // Only the empty path exists; every open that nobody else has open starts with zeros.
  base::Result<std::shared_ptr<PageSource>, zx_status_t> Open(std::string_view path) override;

 private:
  const uint64_t size_;
  std::weak_ptr<PageSource> open_;
};

}  // namespace pager
