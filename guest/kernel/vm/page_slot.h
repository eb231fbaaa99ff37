// One word that says what a VMO has at one page index: nothing, or a page that it owns.
//
// Move-only, and it must be empty when it is destroyed or assigned to: a page cannot be lost by accident. The low bits of
// the word are free for further kinds of content (Page structures are 8-byte aligned).
#pragma once

#include <stdint.h>

#include <utility>

#include "guest/kernel/lib/panic.h"
#include "guest/kernel/vm/page.h"

namespace gk {

class PageSlot {
 public:
  PageSlot() = default;
  explicit PageSlot(Page* page) : page_(page) {}
  PageSlot(PageSlot&& other) noexcept : page_(std::exchange(other.page_, nullptr)) {}
  PageSlot& operator=(PageSlot&& other) noexcept {
    GK_ASSERT(is_empty());
    page_ = std::exchange(other.page_, nullptr);
    return *this;
  }
  ~PageSlot() { GK_ASSERT(is_empty()); }

  [[nodiscard]] bool is_empty() const { return page_ == nullptr; }
  // Null when empty.
  [[nodiscard]] Page* page() const { return page_; }
  // Takes the page out; the caller owns it now.
  [[nodiscard]] Page* Release() { return std::exchange(page_, nullptr); }

 private:
  Page* page_ = nullptr;
};
static_assert(sizeof(PageSlot) == sizeof(void*));

}  // namespace gk
