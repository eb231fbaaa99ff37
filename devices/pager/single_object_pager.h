// A pager of one object, which has the pager's own name.
#pragma once

#include <zircon/errors.h>

#include <memory>
#include <string_view>
#include <utility>

#include "devices/pager/page_source.h"
#include "shared/base/result.h"

namespace pager {

class SingleObjectPager final : public Pager {
 public:
  explicit SingleObjectPager(std::shared_ptr<PageSource> source) : source_(std::move(source)) {}

  // Only the empty path exists. All opens share the object.
  base::Result<std::shared_ptr<PageSource>, zx_status_t> Open(std::string_view path) override {
    if (!path.empty()) {
      return base::Failure{ZX_ERR_NOT_FOUND};
    }
    return source_;
  }

 private:
  const std::shared_ptr<PageSource> source_;
};

}  // namespace pager
