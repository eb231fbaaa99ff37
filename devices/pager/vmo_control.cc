#include "devices/pager/vmo_control.h"

namespace pager {

PageLease& PageLease::operator=(PageLease&& other) noexcept {
  if (this != &other) {
    End();
    pages_ = std::exchange(other.pages_, {});
    give_back_ = std::exchange(other.give_back_, nullptr);
  }
  return *this;
}

uint64_t PageLease::length() const {
  uint64_t length = 0;
  for (const iovec& piece : pages_) {
    length += piece.iov_len;
  }
  return length;
}

void PageLease::End() {
  pages_.clear();
  if (const auto give_back = std::exchange(give_back_, nullptr)) {
    give_back();
  }
}

}  // namespace pager
