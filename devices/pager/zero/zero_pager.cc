#include "devices/pager/zero/zero_pager.h"

#include <zircon/errors.h>

#include <cstring>
#include <utility>

namespace pager {

namespace {

class ZeroSource final : public PageSource {
 public:
  explicit ZeroSource(uint64_t size) : size_(size) {}

  [[nodiscard]] ObjectInfo info() const override { return {.size = size_, .content_size = size_}; }
  void Read(ReadRequest request) override {
    for (const iovec& piece : request.pages()) {
      std::memset(piece.iov_base, 0, piece.iov_len);
    }
    request.Complete(ZX_OK);
  }

 private:
  const uint64_t size_;
};

}  // namespace

base::Result<std::shared_ptr<PageSource>, zx_status_t> ZeroPager::Open(std::string_view path) {
  if (!path.empty()) {
    return base::Failure{ZX_ERR_NOT_FOUND};
  }
  std::shared_ptr<PageSource> source = open_.lock();
  if (!source) {
    source = std::make_shared<ZeroSource>(size_);
    open_ = source;
  }
  return source;
}

}  // namespace pager
