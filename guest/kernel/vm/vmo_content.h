// What a VMO shows: pages by index, and the mappings that have to hear when one goes away.
//
// A Vmo is a window onto a content; several windows (an object, its slices and references) may share one. Indices here
// are the content's own: Vmo translates. Kinds: PagedContent (RAM that appears on demand), PhysicalContent (a range of
// addresses that are there anyway). Kernel lock held for every call; nothing here blocks.
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <zircon/types.h>

#include "guest/kernel/lib/ref_ptr.h"
#include "guest/kernel/lib/status.h"
#include "guest/kernel/vm/page.h"
#include "guest/kernel/vm/page_lookup.h"
#include "shared/base/intrusive_list.h"

namespace gk {

class Discardable;
class Mapping;
class PagedContent;
class PageRequest;
class PageSource;
struct ContentMappingTag;

// What a content can do follows from what its pages are.
enum class ContentKind : uint8_t {
  kOnDemand,    // pages come and go
  kContiguous,  // neighbouring pages, all there from the start, until the content goes
  kPhysical,    // addresses that are not the kernel's to give back
};

class VmoContent : public RefCounted<VmoContent> {
 public:
  static constexpr PageIndex kNoPage = UINT64_MAX;

  virtual ~VmoContent();

  // As Vmo::RequirePage, without the check against the window.
  virtual PageLookup RequirePage(PageIndex index, PageIntent intent, size_t count, PageRequest& request) = 0;
  // As Vmo::PeekPage.
  [[nodiscard]] virtual PresentPage PeekPage(PageIndex index) const = 0;
  // The lowest index at or above `from` for which PeekPage has a page; kNoPage when there is none.
  [[nodiscard]] virtual PageIndex FindPresent(PageIndex from) const = 0;

  // Drops the pages of [first, first + count), which then read as zero. ZX_ERR_NOT_SUPPORTED: this content cannot;
  // others as for Vmo::Decommit. Nothing changed on failure.
  virtual Result<> Decommit(PageIndex first, PageIndex count) = 0;

  // The object ends at `end` from now on: pages at and above it are dropped, for ever. Nothing changed on failure.
  virtual Result<> Truncate(PageIndex end) = 0;

  // Pages that the content owns.
  [[nodiscard]] virtual size_t committed_pages() const = 0;
  // Null: pages are made, not fetched.
  [[nodiscard]] virtual PageSource* page_source() const { return nullptr; }
  // Null: another kind.
  [[nodiscard]] virtual PagedContent* AsPaged() { return nullptr; }

  [[nodiscard]] virtual ContentKind kind() const { return ContentKind::kOnDemand; }
  // Null: not discardable.
  [[nodiscard]] virtual Discardable* discardable() const { return nullptr; }

  // Keeps the page at `index`, which RequirePage has just made ready for writing, present and in its place, until as
  // many calls of Unpin. ZX_ERR_UNAVAILABLE: too many.
  virtual Result<> Pin(PageIndex index) = 0;
  virtual void Unpin(PageIndex index) = 0;
  // True when some page of [first, first + count) is pinned.
  [[nodiscard]] virtual bool HasPins(PageIndex first, PageIndex count) const = 0;

  // How the pages are mapped: a ZX_CACHE_POLICY_*. Precondition of setting it: nothing is mapped.
  [[nodiscard]] uint32_t cache_policy() const { return cache_policy_; }
  void set_cache_policy(uint32_t policy) { cache_policy_ = policy; }

  [[nodiscard]] bool is_mapped() const { return !mappings_.empty(); }
  // Called by Mapping, which holds a reference to its object (and so to this) until it has left the list.
  void AttachMapping(Mapping& mapping);
  void DetachMapping(Mapping& mapping);

 protected:
  VmoContent() = default;

  // Removes what mappings have entered into page tables for [first, first + count) and waits until no CPU uses it.
  void UnmapFromAll(PageIndex first, PageIndex count);

 private:
  uint32_t cache_policy_ = ZX_CACHE_POLICY_CACHED;
  base::IntrusiveList<Mapping, ContentMappingTag> mappings_;
};

}  // namespace gk
