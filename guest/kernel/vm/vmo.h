// A virtual memory object: a range of bytes that can be read, written and mapped.
//
// A Vmo is a window onto a content (vmo_content.h), with a size, an identity and a family. An object of its own covers
// all of its content; a slice covers a part of its parent's; a reference covers what its parent covers and shares its
// sizes. However deep slices are nested, there is one content and one offset.
//
// Mappings, system calls and the program loader see this face; rights and handles belong to the object layer.
// Kernel lock held for every call. What may block says so; after it, look at everything again.
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <zircon/types.h>

#include "guest/kernel/arch/types.h"
#include "guest/kernel/lib/object_name.h"
#include "guest/kernel/lib/ref_ptr.h"
#include "guest/kernel/lib/status.h"
#include "guest/kernel/vm/page.h"
#include "guest/kernel/vm/page_lookup.h"
#include "guest/kernel/vm/page_request.h"
#include "guest/kernel/vm/vmo_content.h"
#include "guest/kernel/vm/vmo_family.h"
#include "shared/base/intrusive_list.h"

namespace gk {

enum class Resizability : uint8_t { kFixed, kResizable };

// How a VMO came to be: ZX_VMO_CHILD_…, or none.
enum class ChildKind : uint8_t {
  kNone,
  kSnapshot,
  kSnapshotAtLeastOnWrite,
  kSnapshotModified,
  kSlice,
  kReference,
};

// The sizes of an object, which its references share with it.
struct VmoExtent : RefCounted<VmoExtent> {
  uint64_t size = 0;          // bytes, a page multiple
  uint64_t content_size = 0;  // bytes
};

struct PagerVmoOptions {
  Resizability resizability = Resizability::kFixed;
  bool trap_dirty = false;  // the pager is asked before clean pages are written to
  bool unbounded = false;   // excludes kResizable
};

// A part of an object whose source does not know what it says. Bytes, page multiples.
struct DirtyRange {
  uint64_t offset;
  uint64_t length;
  bool zero;  // all of it reads as zero
};

class DirtyRangeSink {
 public:
  // The next range; true: go on. Must neither block nor change the object.
  virtual bool OnDirtyRange(const DirtyRange& range) = 0;

 protected:
  ~DirtyRangeSink() = default;
};

class LentPages;
struct AllVmosTag;

class Vmo final : public RefCounted<Vmo>, public base::ListNode<AllVmosTag> {
 public:
  // The largest size: page indices stay representable and sums of an offset and a length cannot wrap.
  static constexpr uint64_t kMaxSize = UINT64_MAX - 64 * kPageSize + 1;
  static constexpr PageIndex kNoPage = VmoContent::kNoPage;

  // An object of zeroes. `size` is rounded up to pages. ZX_ERR_OUT_OF_RANGE: larger than kMaxSize; ZX_ERR_NO_MEMORY.
  static Result<RefPtr<Vmo>> Create(uint64_t size, Resizability resizability);
  // An object whose pages come from `source`, which must not have an owner yet. An unbounded one is as large as can be,
  // and its source ends where its stream does. Errors as above.
  static Result<RefPtr<Vmo>> CreatePagerBacked(RefPtr<PageSource> source, uint64_t size, PagerVmoOptions options);
  // An object that covers [0, size) of `content`, which no other object covers. Errors as above.
  static Result<RefPtr<Vmo>> CreateOver(RefPtr<VmoContent> content, uint64_t size, Resizability resizability);

  // What is more than zeroes on demand (vmo_kinds.cc). Errors as above.
  // An object that the kernel may throw away while nobody locks it.
  static Result<RefPtr<Vmo>> CreateDiscardable(uint64_t size, Resizability resizability);
  // Neighbouring pages that are there from the start; `alignment` is a power of two, at least a page. `size` must not
  // be 0. Only at a safe point (reclaim.h).
  static Result<RefPtr<Vmo>> CreateContiguous(uint64_t size, uint64_t alignment);
  // The physical addresses [base, base + size), page-aligned, which programs must be allowed to have
  // (physical_ranges.h).
  static Result<RefPtr<Vmo>> CreatePhysical(PhysicalAddress base, uint64_t size);
  ~Vmo();

  // All that are in memory, the oldest first: for those who look from outside (inspect/).
  using All = base::IntrusiveList<Vmo, AllVmosTag>;
  [[nodiscard]] static All& all();

  // A child. `offset` must be page-aligned, `size` is rounded up to pages and becomes the content size as it is.
  //   ZX_ERR_INVALID_ARGS   unaligned; a slice that does not fit into this object; a resizable slice; a reference with
  //                         an offset or a size; a snapshot whose offset, counted from the first original, wraps
  //   ZX_ERR_OUT_OF_RANGE   larger than kMaxSize; a snapshot whose offset + size cannot be said (under
  //                         ApiPolicy::kZircon this is ZX_ERR_INVALID_ARGS)
  //   ZX_ERR_NOT_SUPPORTED  a slice of a resizable object; a resizable reference to one that is not; a discardable
  //                         object; a kind of snapshot that the content does not offer; a copy of a slice of a
  //                         copy of a copy of an object with a pager
  //   ZX_ERR_BAD_STATE      a snapshot of an object that has pins or is not cached
  //   ZX_ERR_NO_MEMORY
  Result<RefPtr<Vmo>> CreateChild(ChildKind kind, uint64_t offset, uint64_t size, Resizability resizability);

  [[nodiscard]] uint64_t size() const { return extent_->size; }  // bytes, a page multiple
  [[nodiscard]] PageIndex page_end() const { return size() / kPageSize; }
  [[nodiscard]] bool resizable() const { return resizability_ == Resizability::kResizable; }
  [[nodiscard]] ChildKind child_kind() const { return child_kind_; }

  // The number of meaningful bytes: a note that programs keep with the object. May be larger than size().
  [[nodiscard]] uint64_t content_size() const { return extent_->content_size; }
  void SetContentSize(uint64_t content_size);
  // The same on behalf of a program: bytes between the old and the new value become zero; the source of an object that
  // has one ends there from now on, and pages beyond the old end or the new one are thrown away. May block. Errors of
  // Zero; ZX_ERR_BAD_STATE: some of those pages are pinned.
  Result<> SetContentSizeAndZero(uint64_t content_size);
  // And with ZX_ERR_OUT_OF_RANGE when it is larger than size().
  Result<> SetStreamSize(uint64_t stream_size);

  // Makes the page at `index` present for `intent`, or arranges for it and says how to wait. Does not block. `count` is
  // how many pages from there the caller is going to want: a hint for sources.
  // Fails with ZX_ERR_OUT_OF_RANGE past the end, ZX_ERR_NO_MEMORY, or the source's error.
  PageLookup RequirePage(PageIndex index, PageIntent intent, size_t count, PageRequest& request);

  // The page at `index` if it is present and may be mapped now without any further step. Never allocates.
  [[nodiscard]] PresentPage PeekPage(PageIndex index) const;
  // The same for all indices from `first`, at a fraction of the cost. Past the end there is nothing.
  void PeekPages(PageIndex first, std::span<PresentPage> out) const;
  // The first of the 512 pages from `first`, if all are present, as writable as it is, and neighbours in RAM.
  [[nodiscard]] PresentPage PeekLargeRun(PageIndex first) const;

  // The lowest index at or above `from` for which PeekPage has a page; kNoPage when there is none.
  [[nodiscard]] PageIndex FindPresent(PageIndex from) const;

  // Copies between the object and kernel memory. May block (pages of a source). ZX_ERR_OUT_OF_RANGE: [offset, offset +
  // length) is not inside the object, nothing was copied; other errors: a prefix was copied.
  Result<> Read(void* buffer, uint64_t offset, size_t length);
  Result<> Write(const void* buffer, uint64_t offset, size_t length);

  // Makes all pages that touch the range present and the object's own. What a shrinking object loses meanwhile is left
  // out. May block. Errors: a prefix is committed.
  Result<> Commit(uint64_t offset, uint64_t length);

  // Makes the pages that a source has for the range present; as Commit otherwise.
  Result<> Prefetch(uint64_t offset, uint64_t length);

  // The pages that touch the range, as far as they are there and came from a source, will not be wanted soon: they are
  // the first to be taken back. Does nothing to an object without a source.
  void DontNeed(uint64_t offset, uint64_t length);
  // They are the last to be taken back, and are fetched now as by Prefetch, whose errors these are. Does nothing to an
  // object without a source.
  Result<> AlwaysNeed(uint64_t offset, uint64_t length);
  // Its source has brought these pages unasked, and expects that they are going to be used.
  void ExpectUse(uint64_t offset, uint64_t length);

  // Drops the pages of the range, which then read as zero. ZX_ERR_INVALID_ARGS: not page-aligned; ZX_ERR_OUT_OF_RANGE;
  // ZX_ERR_NOT_SUPPORTED: this kind of object cannot. Nothing changed on failure.
  Result<> Decommit(uint64_t offset, uint64_t length);

  // The locks of a discardable object, all of which must be meant. ZX_ERR_NOT_SUPPORTED: it is none;
  // ZX_ERR_OUT_OF_RANGE: the range is not exactly [0, size()).
  [[nodiscard]] Result<Discardable*> DiscardableOf(uint64_t offset, uint64_t length) const;

  // Whether programs may have the kernel copy from and to the object. ZX_ERR_NOT_SUPPORTED: it is physical;
  // ZX_ERR_BAD_STATE: it is not cached.
  Result<> CheckCopyable() const;
  // How mappings reach the pages from now on: a ZX_CACHE_POLICY_*. ZX_ERR_INVALID_ARGS: no policy; ZX_ERR_BAD_STATE:
  // the object is mapped, is a child, has children or pins, or has pages and a policy other than cached. Nothing
  // changed on failure.
  Result<> SetCachePolicy(uint32_t policy);
  // Writes the present pages of the range back to memory and drops them from all caches. May block (long ranges).
  // ZX_ERR_INVALID_ARGS: an empty range; ZX_ERR_OUT_OF_RANGE; ZX_ERR_INTERNAL_INTR_KILLED.
  Result<> CleanCache(uint64_t offset, uint64_t length);

  // Makes the range read as zero. Whole pages are given up where that can be; parts of pages that read as zero already
  // stay as they are. May block (pages of a source). ZX_ERR_OUT_OF_RANGE; ZX_ERR_NOT_SUPPORTED: this kind of object
  // cannot; ZX_ERR_NO_MEMORY or the source's error: a part of the range may be zero.
  Result<> Zero(uint64_t offset, uint64_t length);

  // Changes the size, rounded up to pages; pages past a smaller end are dropped and mappings of them fault from now on.
  // The content size becomes `size`, and the rest of the last page zero. May block (that page's source).
  // ZX_ERR_UNAVAILABLE: not resizable; ZX_ERR_OUT_OF_RANGE: larger than kMaxSize; ZX_ERR_INVALID_ARGS: a copy would
  // reach past the last offset of what it was copied from; ZX_ERR_BAD_STATE: pinned pages would go; ZX_ERR_NO_MEMORY,
  // or the source's error. Nothing changed on failure.
  Result<> Resize(uint64_t size);

  // --- for the pager of the object: vmo_pager.cc ---
  // Offsets and lengths are page multiples where nothing else is said, and those of a DirtyRange. Precondition of all:
  // pager_source() is not null. ZX_ERR_OUT_OF_RANGE: not inside the object; nothing happened.

  // Has what is dirty written back by the source, durably (PageProvider::Sync, whose errors it has). Blocks. For
  // the object of a source, its slices and references; ZX_ERR_NOT_SUPPORTED: others.
  [[nodiscard]] Result<> Sync() const;

  // The source, when this is the object that it was made for: not a child of it.
  [[nodiscard]] PageSource* pager_source() const;
  [[nodiscard]] bool traps_dirty() const;

  // Moves the pages of the range of `aux` to where they are missing here; where it has none, clean zeroes. Afterwards
  // it has none there. Who waits for them is woken.
  //   ZX_ERR_OUT_OF_RANGE   also of `aux`
  //   ZX_ERR_NOT_SUPPORTED  `aux` is physical or contiguous, or has a pager itself
  //   ZX_ERR_BAD_STATE      detached; `aux` is a child, has children, is discardable, not cached, or pinned there
  //   ZX_ERR_NO_MEMORY      a prefix was supplied, `aux` has nothing there
  Result<> SupplyPages(uint64_t offset, uint64_t length, Vmo& aux, uint64_t aux_offset);
  // What was asked for of the range has failed: page_source.h says whom that concerns. ZX_ERR_BAD_STATE: detached;
  // ZX_ERR_NO_MEMORY.
  Result<> PagerFail(uint64_t offset, uint64_t length, Status status);
  // The range may be written to: all of it becomes dirty pages. Who waits to write is woken, also by ZX_ERR_NOT_FOUND:
  // some of it is missing, nothing else happened. ZX_ERR_BAD_STATE: detached; ZX_ERR_NO_MEMORY: a part is dirty.
  Result<> PagerDirty(uint64_t offset, uint64_t length);
  Result<> WritebackBegin(uint64_t offset, uint64_t length, WritebackScope scope);
  // ZX_ERR_NO_MEMORY: a part is clean.
  Result<> WritebackEnd(uint64_t offset, uint64_t length);
  // Tells `sink` of each dirty range, the lowest first, until it has enough. The range need not be aligned.
  Result<> ForEachDirtyRange(uint64_t offset, uint64_t length, DirtyRangeSink& sink) const;
  // Whether programs have changed the object since this was asked with `reset`.
  bool TakeModified(bool reset);
  // The pages of the range, at most LentPages::kMost, as they are now and will stay while they are lent. `pages` has
  // none before. ZX_ERR_NOT_FOUND: some of it is missing; ZX_ERR_NO_MEMORY. None is lent on failure.
  Result<> LendPages(uint64_t offset, uint64_t length, LentPages& pages);

  // Pages that the object has, those that it shares with copies included: none for slices and references.
  [[nodiscard]] size_t committed_pages() const;
  // What they cost: a page that n objects see costs each 1/n. Nothing for slices and references.
  [[nodiscard]] Attribution GetAttribution() const;
  // Heap bytes of what holds the pages, nodes shared with copies included.
  [[nodiscard]] size_t metadata_bytes() const { return owns_content() ? content_->metadata_bytes() : 0; }
  // How many of them the kernel has taken back because memory was short.
  [[nodiscard]] uint64_t reclaimed_pages() const { return owns_content() ? content_->reclaimed_pages() : 0; }
  // Null: content is made, not fetched.
  [[nodiscard]] PageSource* page_source() const { return content_->page_source(); }
  [[nodiscard]] VmoContent& content() const { return *content_; }
  // Where page `index` of this object is in its content.
  [[nodiscard]] PageIndex ContentIndex(PageIndex index) const { return content_first_ + index; }

  // Called by Mapping. A mapping holds a reference to its object and detaches itself before it drops it.
  void AttachMapping(Mapping& mapping);
  void DetachMapping(Mapping& mapping);
  [[nodiscard]] size_t mapping_count() const { return mapping_count_; }
  // The address spaces in which it is mapped. Costs a look at every mapping of the content.
  [[nodiscard]] size_t address_space_count() const {
    return mapping_count_ > 1 ? content_->CountSpaces(*this) : mapping_count_;
  }

  // --- identity, kept here because mappings outlive handles ---

  [[nodiscard]] zx_koid_t koid() const { return koid_; }
  void set_koid(zx_koid_t koid) { koid_ = koid; }
  // Of the object that this one was made from; 0: none. Known after that one has gone.
  [[nodiscard]] zx_koid_t parent_koid() const { return parent_koid_; }
  [[nodiscard]] const ObjectName& name() const { return name_; }
  void set_name(const ObjectName& name) { name_ = name; }

  // Children that exist, or have descendants that do.
  [[nodiscard]] size_t child_count() const { return family_->child_count(); }
  // Nobody can ever write to it: made by a program that gave up the right from the start.
  [[nodiscard]] bool immutable() const { return immutable_; }
  void set_immutable() { immutable_ = true; }

  // Who hears of the first child and of the last one's end, until it is removed or another takes its place.
  void SetChildObserver(VmoChildObserver& observer) { family_->SetObserver(observer); }
  void RemoveChildObserver(VmoChildObserver& observer) { family_->RemoveObserver(observer); }

 private:
  struct Shape {
    RefPtr<VmoContent> content;
    PageIndex content_first = 0;
    RefPtr<VmoExtent> extent;
    Resizability resizability = Resizability::kFixed;
    ChildKind child_kind = ChildKind::kNone;
  };
  template <typename T, typename... Args>
  friend RefPtr<T> MakeRefCounted(Args&&... args);
  Vmo(Shape shape, VmoFamilyNode* family);

  static Result<RefPtr<Vmo>> Make(Shape shape);
  static RefPtr<VmoExtent> MakeExtent(uint64_t size);
  Result<Shape> ShapeOfSlice(uint64_t offset, uint64_t size, Resizability resizability) const;
  Result<Shape> ShapeOfReference(uint64_t offset, uint64_t size, Resizability resizability) const;
  Result<Shape> ShapeOfSnapshot(ChildKind kind, uint64_t offset, uint64_t size, Resizability resizability);
  Result<Shape> ShapeOfChild(ChildKind kind, uint64_t offset, uint64_t size, Resizability resizability);

  [[nodiscard]] bool owns_content() const {
    return child_kind_ != ChildKind::kSlice && child_kind_ != ChildKind::kReference;
  }
  void SetHint(uint64_t offset, uint64_t length, PageHint hint);
  Result<> ZeroPartOfPage(uint64_t offset, uint64_t length);
  Result<> ZeroPages(PageIndex first, PageIndex end);
  Result<> MakePresent(uint64_t offset, uint64_t length, PageIntent intent);
  [[nodiscard]] PagedContent& paged() const;
  [[nodiscard]] Result<> CheckSupply(uint64_t offset, uint64_t length, const Vmo& aux, uint64_t aux_offset) const;
  Result<> TryResize(uint64_t size, PageRequest& request);
  [[nodiscard]] bool MovesSourceEnd() const;
  Result<> MoveStreamEnd(uint64_t content_size);

  template <typename Action>
  Result<> ForEachPage(uint64_t offset, uint64_t length, PageIntent intent, Action action);

  const RefPtr<VmoContent> content_;
  const PageIndex content_first_;
  const RefPtr<VmoExtent> extent_;
  const Resizability resizability_;
  const ChildKind child_kind_;
  VmoFamilyNode* const family_;  // Release gives it back
  size_t mapping_count_ = 0;
  bool immutable_ = false;
  zx_koid_t koid_ = 0;
  zx_koid_t parent_koid_ = 0;
  ObjectName name_;
};

}  // namespace gk
