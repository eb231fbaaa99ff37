// What a page source is asked. Each request is owed one answer, now or later, by any thread.
//
//   ReadRequest      fill these pages           (ZX_PAGER_VMO_READ)
//   DirtyRequest     may these become dirty?    (ZX_PAGER_VMO_DIRTY)
//   CompleteRequest  nothing more will follow   (ZX_PAGER_VMO_COMPLETE)
//   SyncRequest      make what is dirty durable (zx_pagoda_object_sync)
//
// Requests are move-only: whoever holds one owes its answer. One that is destroyed unanswered answers itself with
// ZX_ERR_BAD_STATE, so that no path can lose a request or turn it into zeros.
#pragma once

#include <sys/uio.h>
#include <zircon/types.h>

#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "devices/pager/pieces.h"

namespace pager {

// `status` as an answer that a request may get: ZX_OK and the errors of ZX_PAGER_OP_FAIL stay, all others become
// ZX_ERR_IO.
[[nodiscard]] zx_status_t AsRequestStatus(zx_status_t status);

// Where the answer to a request goes. Implemented by whoever makes requests.
class Answer {
 public:
  Answer() = default;
  Answer(const Answer&) = delete;
  Answer& operator=(const Answer&) = delete;
  virtual ~Answer() = default;

  // Called exactly once, from any thread.
  virtual void OnAnswer(zx_status_t status) = 0;

  // A READ is to be answered with the bytes of a file and zeros behind them. True: done, in place of OnAnswer. False:
  // the pages are to be filled instead. `range.descriptor` is borrowed for the call.
  virtual bool OnFileRange(const FileRange& range) {
    static_cast<void>(range);
    return false;
  }
};

// The debt that all requests have in common.
class OwedAnswer {
 public:
  explicit OwedAnswer(std::unique_ptr<Answer> answer) : answer_(std::move(answer)) {}
  OwedAnswer(OwedAnswer&&) noexcept = default;
  OwedAnswer& operator=(OwedAnswer&& other) noexcept;
  OwedAnswer(const OwedAnswer&) = delete;
  OwedAnswer& operator=(const OwedAnswer&) = delete;
  ~OwedAnswer();

  // Precondition of both: not given yet.
  void Give(zx_status_t status);
  // False: whoever asked cannot read files, so the answer is still owed.
  [[nodiscard]] bool GiveFileRange(const FileRange& range);

 private:
  std::unique_ptr<Answer> answer_;  // null once given or moved from
};

// The pages [offset, offset + length) of an object, to be filled.
class ReadRequest {
 public:
  // `pages` stay valid until the answer; their lengths add up to the length of the request.
  ReadRequest(uint64_t offset, std::vector<iovec> pages, std::unique_ptr<Answer> answer);

  [[nodiscard]] uint64_t offset() const { return offset_; }  // bytes, page-aligned
  [[nodiscard]] uint64_t length() const { return length_; }  // bytes, a page multiple, not 0
  // The memory to fill, in order; every piece is page-aligned and a page multiple. Not to be touched after the answer.
  [[nodiscard]] std::span<const iovec> pages() const { return pages_; }

  // Answers. ZX_OK: every byte of pages() has been written; otherwise their content means nothing, and the access fails
  // with this status as ZX_PAGER_OP_FAIL says: ZX_ERR_IO, ZX_ERR_IO_DATA_INTEGRITY, ZX_ERR_BAD_STATE, ZX_ERR_NO_SPACE
  // or ZX_ERR_BUFFER_TOO_SMALL. Precondition: not answered yet.
  void Complete(zx_status_t status) { answer_.Give(status); }

  // Answers with the bytes of a file and, for what it has not of the request, zeros. Whoever asked reads it, where that
  // spares a copy; else it is read here, into pages(). ZX_ERR_IO when the file cannot be read or has less than that.
  // Preconditions: not answered yet; range.length is at most length().
  void CompleteFromFile(const FileRange& range);
  // The same, if whoever asked reads it; false: not answered, the pages are to be filled. For those who would rather do
  // that in another way than CompleteFromFile, which blocks.
  [[nodiscard]] bool TryCompleteFromFile(const FileRange& range) { return answer_.GiveFileRange(range); }

 private:
  uint64_t offset_;
  uint64_t length_ = 0;
  std::vector<iovec> pages_;
  OwedAnswer answer_;
};

// The guest wants to write to the clean pages [offset, offset + length) of an object that traps that.
class DirtyRequest {
 public:
  DirtyRequest(uint64_t offset, uint64_t length, std::unique_ptr<Answer> answer)
      : offset_(offset), length_(length), answer_(std::move(answer)) {}

  [[nodiscard]] uint64_t offset() const { return offset_; }  // bytes, page-aligned
  [[nodiscard]] uint64_t length() const { return length_; }  // bytes, a page multiple, not 0

  // Answers. ZX_OK: the pages become dirty and the writes go on, as with ZX_PAGER_OP_DIRTY; otherwise they stay clean
  // and the writes fail with this status, one of those of ReadRequest. Precondition: not answered yet.
  void Complete(zx_status_t status) { answer_.Give(status); }

 private:
  uint64_t offset_;
  uint64_t length_;
  OwedAnswer answer_;
};

// The guest has given up its last reference to the VMO, or it was detached: no request will follow. What is dirty can
// still be written back, until the answer; then the guest drops all pages, written back or not.
class CompleteRequest {
 public:
  explicit CompleteRequest(std::unique_ptr<Answer> answer) : answer_(std::move(answer)) {}

  // Answers. The status is for the record: the VMO goes in any case. Precondition: not answered yet.
  void Complete(zx_status_t status) { answer_.Give(status); }

 private:
  OwedAnswer answer_;
};

// A program wants to know that what it has written is durable.
class SyncRequest {
 public:
  explicit SyncRequest(std::unique_ptr<Answer> answer) : answer_(std::move(answer)) {}

  // Answers. ZX_OK: all that was dirty when the request came has been written back and survives a loss of power.
  // Otherwise what could not be written is still dirty; the program gets the status, which may be any public error.
  // Precondition: not answered yet.
  void Complete(zx_status_t status) { answer_.Give(status); }

 private:
  OwedAnswer answer_;
};

}  // namespace pager
