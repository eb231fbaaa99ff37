// What a host pager is written against.
//
//   Pager        opens objects by name: one per --pager option
//   PageSource   one open object: its size, and where its pages come from
//   ReadRequest  one question, answered once: now or later, by any thread
//
// A page source is asked with Read and answers with ReadRequest::Complete. The pages are guest memory, so data is read
// straight into its final place. What it puts there counts only when the status is ZX_OK.
//
// Nothing in here knows how requests travel: devices/port brings them from a guest, a test makes them itself.
#pragma once

#include <sys/uio.h>
#include <zircon/types.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "shared/base/result.h"

namespace pager {

// Where the answer to a ReadRequest goes. Implemented by whoever makes requests.
class ReadAnswer {
 public:
  ReadAnswer() = default;
  ReadAnswer(const ReadAnswer&) = delete;
  ReadAnswer& operator=(const ReadAnswer&) = delete;
  virtual ~ReadAnswer() = default;

  // Called exactly once, from any thread.
  virtual void OnAnswer(zx_status_t status) = 0;
};

// The pages [offset, offset + length) of an object, to be filled. Move-only: whoever holds it owes the answer. One that
// is destroyed unanswered answers itself with ZX_ERR_BAD_STATE, so that no path can lose a request or turn it into
// zeros.
class ReadRequest {
 public:
  // `pages` stay valid until the answer; their lengths add up to the length of the request.
  ReadRequest(uint64_t offset, std::vector<iovec> pages, std::unique_ptr<ReadAnswer> answer);
  ReadRequest(ReadRequest&&) noexcept = default;
  ReadRequest& operator=(ReadRequest&& other) noexcept;
  ReadRequest(const ReadRequest&) = delete;
  ReadRequest& operator=(const ReadRequest&) = delete;
  ~ReadRequest();

  [[nodiscard]] uint64_t offset() const { return offset_; }  // bytes, page-aligned
  [[nodiscard]] uint64_t length() const { return length_; }  // bytes, a page multiple, not 0
  // The memory to fill, in order; every piece is page-aligned and a page multiple. Not to be touched after the answer.
  [[nodiscard]] std::span<const iovec> pages() const { return pages_; }

  // Answers. ZX_OK: every byte of pages() has been written; otherwise their content means nothing, and the fault fails
  // with this status as zx_pager_op_range's ZX_PAGER_OP_FAIL says. Precondition: not answered yet.
  void Complete(zx_status_t status);

 private:
  uint64_t offset_;
  uint64_t length_;
  std::vector<iovec> pages_;
  std::unique_ptr<ReadAnswer> answer_;  // null once answered or moved from
};

class PageSource {
 public:
  PageSource() = default;
  PageSource(const PageSource&) = delete;
  PageSource& operator=(const PageSource&) = delete;
  virtual ~PageSource() = default;

  // Constant while the object is open. Any thread.
  [[nodiscard]] virtual uint64_t size() const = 0;          // bytes, a page multiple
  [[nodiscard]] virtual uint64_t content_size() const = 0;  // bytes, at most size(), in the last page
  [[nodiscard]] virtual bool read_only() const = 0;

  // Precondition: the range lies inside [0, size()). May block for as long as the medium needs, but whoever keeps the
  // request must answer it in bounded time: a device that is reset waits for it. One thread at a time.
  virtual void Read(ReadRequest request) = 0;
};

class Pager {
 public:
  Pager() = default;
  Pager(const Pager&) = delete;
  Pager& operator=(const Pager&) = delete;
  virtual ~Pager() = default;

  // `path` is what follows "NAME/" in the name that the guest opened; empty for NAME itself. It comes from the guest:
  // up to 255 bytes of anything. ZX_ERR_NOT_FOUND when the pager serves no such object. One thread at a time.
  virtual base::Result<std::shared_ptr<PageSource>, zx_status_t> Open(std::string_view path) = 0;
};

}  // namespace pager
