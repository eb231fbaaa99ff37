// What comes of asking a VMO for a page: a page, a wait, or an error. One type, so that no caller can forget an
// outcome.
#pragma once

#include "guest/kernel/lib/panic.h"
#include "guest/kernel/lib/status.h"
#include "guest/kernel/vm/page.h"

namespace gk {

class PageRequest;

class [[nodiscard]] PageLookup {
 public:
  enum class Kind : uint8_t {
    kReady,      // page() is there; may be written through when writable()
    kNeedsPage,  // request() waits for it: call Wait, then look again from the start
    kFailed,     // status() says why there will be no page
  };

  static PageLookup Ready(Page* page, bool writable) {
    return PageLookup(Kind::kReady, page, nullptr, ZX_OK, writable);
  }
  static PageLookup NeedsPage(PageRequest& request) {
    return PageLookup(Kind::kNeedsPage, nullptr, &request, ZX_ERR_SHOULD_WAIT, false);
  }
  static PageLookup Failed(Status status) { return PageLookup(Kind::kFailed, nullptr, nullptr, status.value(), false); }

  [[nodiscard]] Kind kind() const { return kind_; }
  [[nodiscard]] Page* page() const {
    GK_ASSERT(kind_ == Kind::kReady);
    return page_;
  }
  [[nodiscard]] bool writable() const {
    GK_ASSERT(kind_ == Kind::kReady);
    return writable_;
  }
  [[nodiscard]] PageRequest& request() const {
    GK_ASSERT(kind_ == Kind::kNeedsPage);
    return *request_;
  }
  [[nodiscard]] Status status() const {
    GK_ASSERT(kind_ == Kind::kFailed);
    return status_;
  }

 private:
  PageLookup(Kind kind, Page* page, PageRequest* request, zx_status_t status, bool writable)
      : kind_(kind), writable_(writable), status_(status), page_(page), request_(request) {}

  Kind kind_;
  bool writable_;
  Status status_;
  Page* page_;
  PageRequest* request_;
};

}  // namespace gk
