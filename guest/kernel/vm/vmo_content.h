// What a VMO shows: pages by index, and the mappings that have to hear when one goes away.
//
// A Vmo is a window onto a content; several windows (an object, its slices and references) may share one. Indices here
// are the content's own: Vmo translates. Kinds: PagedContent (RAM that appears on demand), PhysicalContent (a range of
// addresses that are there anyway). Kernel lock held for every call; nothing here blocks.
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <zircon/types.h>

#include <span>

#include "guest/kernel/lib/ref_ptr.h"
#include "guest/kernel/lib/status.h"
#include "guest/kernel/vm/attribution.h"
#include "guest/kernel/vm/page.h"
#include "guest/kernel/vm/page_lookup.h"
#include "shared/base/intrusive_list.h"

namespace gk {

class Discardable;
class Mapping;
class PagedContent;
class PageRequest;
class PageSource;
class Vmo;
struct ContentMappingTag;

// What a content can do follows from what its pages are.
enum class ContentKind : uint8_t {
  kOnDemand,    // pages come and go
  kContiguous,  // neighbouring pages, all there from the start, until the content goes
  kPhysical,    // addresses that are not the kernel's to give back
};

enum class SnapshotKind : uint8_t {
  kFull,      // shows what was there when it was made
  kOnWrite,   // may show later changes until it has a page of its own
  kModified,  // the same, but none of what the original had changed itself by then
};

enum class PinAccess : uint8_t { kRead, kWrite };

// What is to be written back of a range.
enum class WritebackScope : uint8_t { kAll, kZeroes };

// A part of a content, in pages. It may reach past what the content shows, and reads as zero there.
struct Window {
  PageIndex first;
  PageIndex pages;
  PageIndex visible;  // end of what there is to see
};

class VmoContent : public RefCounted<VmoContent> {
 public:
  static constexpr PageIndex kNoPage = UINT64_MAX;

  virtual ~VmoContent();

  // As Vmo::RequirePage, without the check against the window.
  virtual PageLookup RequirePage(PageIndex index, PageIntent intent, size_t count, PageRequest& request) = 0;
  // As Vmo::PeekPages.
  virtual void PeekPages(PageIndex first, std::span<PresentPage> out) const = 0;
  // The lowest index at or above `from` for which PeekPages has a page; kNoPage when there is none.
  [[nodiscard]] virtual PageIndex FindPresent(PageIndex from) const = 0;
  // True when the page reads as zero and there is none.
  [[nodiscard]] virtual bool IsKnownZero(PageIndex) const { return false; }
  // The first of 512 neighbours in RAM that are pages `first` and following, all of which may be written to, or none;
  // null when they are not all present and so. Their address need not be aligned.
  [[nodiscard]] virtual const Page* FindLargeRun(PageIndex) const { return nullptr; }

  // A copy of the part that `window` says, which may be changed without changing this one.
  // ZX_ERR_NOT_SUPPORTED: this kind of content has no such copies; ZX_ERR_INVALID_ARGS: it is contiguous, or the copy
  // would reach past the last offset; ZX_ERR_BAD_STATE: it has pins, or is not cached; ZX_ERR_NO_MEMORY.
  virtual Result<RefPtr<VmoContent>> Snapshot(SnapshotKind, const Window&) { return Error(ZX_ERR_NOT_SUPPORTED); }

  // Whether copies may be made through a slice of an object that shows this content.
  [[nodiscard]] virtual bool slices_can_be_copied() const { return true; }

  // Drops the pages of [first, first + count), which then read as zero. ZX_ERR_NOT_SUPPORTED: this content cannot;
  // others as for Vmo::Decommit. Nothing changed on failure.
  virtual Result<> Decommit(PageIndex first, PageIndex count) = 0;

  // Makes [first, first + count), in which no page must stay, read as zero, with no more pages than must be.
  // ZX_ERR_NOT_SUPPORTED: this content cannot; ZX_ERR_NO_MEMORY: a prefix may be zero.
  virtual Result<> Zero(PageIndex, PageIndex) { return Error(ZX_ERR_NOT_SUPPORTED); }

  // The object ends at `end` from now on: pages at and above it are dropped, for ever. ZX_ERR_BAD_STATE: some of them
  // are pinned; ZX_ERR_NO_MEMORY. Nothing changed on failure.
  virtual Result<> Truncate(PageIndex end) = 0;
  // The first page in [first, end) that must not go, so that making it zero means to write to it; kNoPage: none.
  [[nodiscard]] virtual PageIndex FindStaying(PageIndex, PageIndex) const { return kNoPage; }
  // The object and what its source is told of end at `end` from now on, if that was before it. ZX_ERR_NO_MEMORY:
  // nothing changed.
  virtual Result<> Extend(PageIndex) { return {}; }
  // Somebody has written to the object, or changed its size.
  virtual void OnModified() {}
  // Whether the object may end at `end`. ZX_ERR_INVALID_ARGS.
  [[nodiscard]] virtual Result<> CheckEnd(PageIndex) const { return {}; }

  // Pages that the content has, those shared with copies included.
  [[nodiscard]] virtual size_t committed_pages() const = 0;
  // Those of them in [first, end), without looking at each.
  [[nodiscard]] virtual size_t CountPages(PageIndex, PageIndex) const { return 0; }
  // What they cost, when each is divided among those who have it.
  [[nodiscard]] virtual Attribution GetAttribution() const { return {}; }
  // Heap bytes of what holds the pages.
  [[nodiscard]] virtual size_t metadata_bytes() const { return 0; }
  // Null: pages are made, not fetched.
  [[nodiscard]] virtual PageSource* page_source() const { return nullptr; }
  // Null: another kind.
  [[nodiscard]] virtual PagedContent* AsPaged() { return nullptr; }

  [[nodiscard]] virtual ContentKind kind() const { return ContentKind::kOnDemand; }
  // Null: not discardable.
  [[nodiscard]] virtual Discardable* discardable() const { return nullptr; }

  // Keeps the page at `index`, which RequirePage has just made ready for being pinned, present and in its place, until
  // as many calls of Unpin. ZX_ERR_UNAVAILABLE: too many.
  virtual Result<> Pin(PageIndex index, PinAccess access) = 0;
  virtual void Unpin(PageIndex index, PinAccess access) = 0;
  // Pins of all pages.
  [[nodiscard]] virtual uint64_t pin_count() const = 0;
  // True when some page of [first, first + count) is pinned.
  [[nodiscard]] virtual bool HasPins(PageIndex first, PageIndex count) const = 0;

  // How the pages are mapped: a ZX_CACHE_POLICY_*. Precondition of setting it: nothing is mapped.
  [[nodiscard]] uint32_t cache_policy() const { return cache_policy_; }
  void set_cache_policy(uint32_t policy) { cache_policy_ = policy; }

  // How soon the pages of [first, first + count) that are there and could be fetched again will be wanted.
  virtual void SetHint(PageIndex, PageIndex, PageHint) {}
  // How many pages the kernel has taken back because memory was short.
  [[nodiscard]] uint64_t reclaimed_pages() const { return reclaimed_pages_; }

  [[nodiscard]] bool is_mapped() const { return !mappings_.empty(); }
  // The address spaces that map `vmo`, a window onto this. Looks at every mapping of the content.
  [[nodiscard]] size_t CountSpaces(const Vmo& vmo);
  // Called by Mapping, which holds a reference to its object (and so to this) until it has left the list.
  void AttachMapping(Mapping& mapping);
  void DetachMapping(Mapping& mapping);

  // Removes what mappings have entered into page tables for [first, first + count) and waits until no CPU uses it.
  void UnmapFromAll(PageIndex first, PageIndex count);

 protected:
  VmoContent() = default;

  void OnReclaimed(uint64_t pages) { reclaimed_pages_ += pages; }

  // Whether the page was used through some mapping of this content since this was asked last.
  bool TakeAccessedMarkInAll(PageIndex index);

  // As UnmapFromAll, for the permission to write.
  void WriteProtectInAll(PageIndex first, PageIndex count);

 private:
  uint32_t cache_policy_ = ZX_CACHE_POLICY_CACHED;
  uint64_t reclaimed_pages_ = 0;
  base::IntrusiveList<Mapping, ContentMappingTag> mappings_;
};

}  // namespace gk
