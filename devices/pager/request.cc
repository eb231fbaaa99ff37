#include "devices/pager/request.h"

#include <zircon/errors.h>

#include <utility>

namespace pager {

zx_status_t AsRequestStatus(zx_status_t status) {
  switch (status) {
    case ZX_OK:
    case ZX_ERR_IO:
    case ZX_ERR_IO_DATA_INTEGRITY:
    case ZX_ERR_BAD_STATE:
    case ZX_ERR_NO_SPACE:
    case ZX_ERR_BUFFER_TOO_SMALL:
      return status;
    default:
      return ZX_ERR_IO;
  }
}

OwedAnswer& OwedAnswer::operator=(OwedAnswer&& other) noexcept {
  if (this != &other) {
    if (answer_) {
      Give(ZX_ERR_BAD_STATE);
    }
    answer_ = std::move(other.answer_);
  }
  return *this;
}

OwedAnswer::~OwedAnswer() {
  if (answer_) {
    Give(ZX_ERR_BAD_STATE);
  }
}

void OwedAnswer::Give(zx_status_t status) {
  const std::unique_ptr<Answer> answer = std::move(answer_);
  answer->OnAnswer(status);
}

bool OwedAnswer::GiveFileRange(const FileRange& range) {
  std::unique_ptr<Answer> answer = std::move(answer_);
  if (answer->OnFileRange(range)) {
    return true;
  }
  answer_ = std::move(answer);
  return false;
}

ReadRequest::ReadRequest(uint64_t offset, std::vector<iovec> pages, std::unique_ptr<Answer> answer)
    : offset_(offset), pages_(std::move(pages)), answer_(std::move(answer)) {
  for (const iovec& piece : pages_) {
    length_ += piece.iov_len;
  }
}

void ReadRequest::CompleteFromFile(const FileRange& range) {
  if (!TryCompleteFromFile(range)) {
    Complete(ReadFileRange(range, pages_));
  }
}

}  // namespace pager
