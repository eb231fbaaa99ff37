// What comes of asking a VMO for a page: a page, a wait, or an error. One type, so that no caller can forget an
// outcome.
#pragma once

#include "guest/kernel/arch/paging_contract.h"
#include "guest/kernel/lib/panic.h"
#include "guest/kernel/lib/status.h"
#include "guest/kernel/vm/page.h"

namespace gk {

class PageRequest;

enum class PageIntent : uint8_t {
  kRead,
  kWrite,
  kCommit,    // the content is to have a page of its own; what it says does not change
  kPinRead,   // as kCommit, for a device that reads
  kPinWrite,  // as kWrite, for a device
};
// Whether the page is going to say something else than before.
[[nodiscard]] constexpr bool Changes(PageIntent intent) {
  return intent == PageIntent::kWrite || intent == PageIntent::kPinWrite;
}

// A page that may be entered into page tables right now, or none.
struct PresentPage {
  PhysicalAddress address = arch::kNoFrame;
  bool writable = false;  // writing needs no further step

  explicit operator bool() const { return address != arch::kNoFrame; }
};

class [[nodiscard]] PageLookup {
 public:
  enum class Kind : uint8_t {
    kReady,      // the page at address() is there; may be written through when writable()
    kNeedsPage,  // request() waits for it: call Wait, then look again from the start
    kFailed,     // status() says why there will be no page
  };

  static PageLookup Ready(PhysicalAddress address, bool writable) {
    return PageLookup(Kind::kReady, address, nullptr, ZX_OK, writable);
  }
  static PageLookup Ready(const Page& page, bool writable) { return Ready(page.physical_address(), writable); }
  static PageLookup NeedsPage(PageRequest& request) {
    return PageLookup(Kind::kNeedsPage, arch::kNoFrame, &request, ZX_ERR_SHOULD_WAIT, false);
  }
  static PageLookup Failed(Status status) {
    return PageLookup(Kind::kFailed, arch::kNoFrame, nullptr, status.value(), false);
  }

  [[nodiscard]] Kind kind() const { return kind_; }
  // Where the page is. Content that is no RAM (device memory) has no Page, so this is all there is to know.
  [[nodiscard]] PhysicalAddress address() const {
    GK_ASSERT(kind_ == Kind::kReady);
    return address_;
  }
  // The page's bytes, in the physical map. Only for RAM.
  template <typename T = void>
  [[nodiscard]] T* data() const {
    return arch::PhysicalToVirtual<T>(address());
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
  PageLookup(Kind kind, PhysicalAddress address, PageRequest* request, zx_status_t status, bool writable)
      : kind_(kind), writable_(writable), status_(status), address_(address), request_(request) {}

  Kind kind_;
  bool writable_;
  Status status_;
  PhysicalAddress address_;
  PageRequest* request_;
};

}  // namespace gk
