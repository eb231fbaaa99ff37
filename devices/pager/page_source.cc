#include "devices/pager/page_source.h"

#include <utility>

namespace pager {

ReadRequest::ReadRequest(uint64_t offset, std::vector<iovec> pages, std::unique_ptr<ReadAnswer> answer)
    : offset_(offset), length_(0), pages_(std::move(pages)), answer_(std::move(answer)) {
  for (const iovec& piece : pages_) {
    length_ += piece.iov_len;
  }
}

ReadRequest& ReadRequest::operator=(ReadRequest&& other) noexcept {
  if (this != &other) {
    if (answer_) {
      Complete(ZX_ERR_BAD_STATE);
    }
    offset_ = other.offset_;
    length_ = other.length_;
    pages_ = std::move(other.pages_);
    answer_ = std::move(other.answer_);
  }
  return *this;
}

ReadRequest::~ReadRequest() {
  if (answer_) {
    Complete(ZX_ERR_BAD_STATE);
  }
}

void ReadRequest::Complete(zx_status_t status) {
  const std::unique_ptr<ReadAnswer> answer = std::move(answer_);
  answer->OnAnswer(status);
}

}  // namespace pager
