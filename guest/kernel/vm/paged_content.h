// Content whose pages appear on demand: filled with zeroes, fetched from a page source, or shared with other contents.
//
// State of one page index (the page's own state is kObject throughout; see also page.h):
//
//                  write, Commit                            snapshot
//    absent ------------------------> present, exclusive ------------> present, shared
//    ^  ^                                 |      ^                          |   |
//    |  |          Decommit, Zero         |      +-- write makes a copy ----+   |
//    |  +---------------------------------+      +-- the others have gone ------+
//    |
//    what absent means: without a source or backing, zeroes: reading takes no memory, faults map the one zero page.
//                       with a source: to be fetched, below the source's end; zeroes beyond it.
//                       with a backing: what the backing content has there, read-only.
//
// With a source (page_source.h) each index is also clean or dirty:
//
//    in the tree        dirty_zeroes_   is                                          a write, or for a pin that writes
//    absent             -               asked for (READ)                            waits for it
//    "zero"             no              a clean zero ("marker"), supplied as such   makes a dirty page
//    "zero"             yes             a dirty zero: grew, or was zeroed           makes a dirty page
//    page, kClean       -               what the source has                         makes it dirty
//    page, kDirty       -               newer than what the source has
//    page, kAwaitingClean  -            the same, and being written back            makes it dirty
//    absent, beyond the source's end: zeroes that nobody is told of                 makes a dirty page
//
// Where the pager traps, whatever the last column makes asks first (DIRTY). So a mapping may write to dirty pages only
// (PresentPage::writable), and whatever cleans a page takes that permission away. Pages of such content are shared with
// nobody but who was lent them for writeback (LendPage).
//
// Snapshots. A full snapshot is a copy of the page tree (page_tree.h), in which both sides may change what they have.
// Content with a source cannot be snapshot: the page that will arrive belongs to the source. Its copies see at least
// what was written to them: they have a tree of their own over the source's content, their *backing*. A copy of such a
// copy shares that tree, and has the same backing. "Zero" in the tree (PageTree::Content::kZero) hides what the backing
// has. Only a copy that may show later changes, of a copy that has pages in the window and shares none, has that one
// for its backing and follows its changes; so what is looked up in more than two places are chains of those, which are
// no longer than kMostBackings: further ones share instead.
//
// A copy that starts at an offset keeps the index space of the original's tree: `bias_` is added to its own indices.
#pragma once

#include "guest/kernel/vm/dirty_zeroes.h"
#include "guest/kernel/vm/discardable.h"
#include "guest/kernel/vm/page_source.h"
#include "guest/kernel/vm/page_tree.h"
#include "guest/kernel/vm/vmo_content.h"

namespace gk {

struct BackedContentTag;

// Whether the pager hears of a page's first change before or after it.
enum class DirtyPolicy : uint8_t { kTrack, kTrap };

// A run of dirty pages, or of dirty zeroes.
struct DirtyRun {
  PageIndex first = 0;
  PageIndex end = 0;  // exclusive; `first`: there is none
  bool zero = false;

  explicit operator bool() const { return first != end; }
};

enum class Ancestry : uint8_t { kOriginal, kCopy, kCopyOfCopy };

class PagedContent final : public VmoContent,
                           public base::ListNode<BackedContentTag>,
                           private PageSourceOwner,
                           private DiscardableOwner {
 public:
  // Zeroes. Null when there is no memory.
  static RefPtr<PagedContent> Create();
  // `source` has the first `source_pages` pages and no owner yet. Null when there is no memory.
  static RefPtr<PagedContent> CreateWithSource(RefPtr<PageSource> source, PageIndex source_pages, DirtyPolicy policy);
  // Zeroes that the kernel may throw away while nobody locks them. Null when there is no memory.
  static RefPtr<PagedContent> CreateDiscardable();
  // Neighbouring pages of zeroes, which stay. `alignment` is a power of two, at least a page. Only at a safe point
  // (reclaim.h). ZX_ERR_NO_MEMORY.
  static Result<RefPtr<PagedContent>> CreateContiguous(PageIndex pages, uint64_t alignment);
  ~PagedContent() override;

  PageLookup RequirePage(PageIndex index, PageIntent intent, size_t count, PageRequest& request) override;
  void PeekPages(PageIndex first, std::span<PresentPage> out) const override;
  [[nodiscard]] PageIndex FindPresent(PageIndex from) const override;
  [[nodiscard]] bool IsKnownZero(PageIndex index) const override;
  [[nodiscard]] const Page* FindLargeRun(PageIndex first) const override;
  Result<RefPtr<VmoContent>> Snapshot(SnapshotKind kind, const Window& window) override;
  // As in the real system: a slice follows its object, which itself is a snapshot of something that goes on changing.
  [[nodiscard]] bool slices_can_be_copied() const override { return !backing_ || ancestry_ != Ancestry::kCopyOfCopy; }
  Result<> Decommit(PageIndex first, PageIndex count) override;
  Result<> Zero(PageIndex first, PageIndex count) override;
  [[nodiscard]] PageIndex FindStaying(PageIndex first, PageIndex end) const override;
  Result<> Truncate(PageIndex end) override;
  void SetHint(PageIndex first, PageIndex count, PageHint hint) override;
  Result<> Extend(PageIndex end) override;
  void OnModified() override { modified_ = true; }
  [[nodiscard]] Result<> CheckEnd(PageIndex end) const override;
  [[nodiscard]] size_t committed_pages() const override { return tree_.page_count(); }
  [[nodiscard]] Attribution GetAttribution() const override { return tree_.GetAttribution(); }
  [[nodiscard]] size_t metadata_bytes() const override { return tree_.metadata_bytes(); }
  [[nodiscard]] size_t CountPages(PageIndex first, PageIndex end) const override {
    return tree_.CountPagesBelow(TreeIndex(end)) - tree_.CountPagesBelow(TreeIndex(first));
  }
  [[nodiscard]] PageSource* page_source() const override { return backing_ ? backing_->page_source() : source_.get(); }
  [[nodiscard]] PagedContent* AsPaged() override { return this; }
  [[nodiscard]] ContentKind kind() const override { return kind_; }
  [[nodiscard]] Discardable* discardable() const override { return discardable_; }
  Result<> Pin(PageIndex index, PinAccess access) override;
  void Unpin(PageIndex index, PinAccess access) override;
  [[nodiscard]] uint64_t pin_count() const override { return pins_; }
  [[nodiscard]] bool HasPins(PageIndex first, PageIndex count) const override;

  // Null for content that does not have the source itself.
  [[nodiscard]] PageSource* own_source() const { return source_.get(); }
  // Whether other contents show pages of this tree.
  [[nodiscard]] bool shares_pages() const { return tree_.has_relatives(); }

  // --- for content that has a source itself: what its pager does to it (paged_content_source.cc, _dirty.cc) ---

  // Moves the pages of [aux_first, aux_first + count) of `aux`, which has neither source nor backing nor relatives nor
  // pins there, to where they are missing from `first` on; what `aux` has no page for becomes a clean zero. `aux` is
  // left without pages there. Those who wait are woken. ZX_ERR_NO_MEMORY: a prefix was supplied. ZX_ERR_BAD_STATE: the
  // source is not attached, nothing happened.
  Result<> Supply(PageIndex first, PageIndex count, PagedContent& aux, PageIndex aux_first);

  // ZX_ERR_NOT_FOUND: some of [first, end) is missing.
  [[nodiscard]] Result<> CheckPresent(PageIndex first, PageIndex end) const;
  // Makes [first, end) dirty pages. Errors: those of CheckPresent, nothing happened; ZX_ERR_NO_MEMORY: a part is.
  Result<> MakeDirty(PageIndex first, PageIndex end);
  [[nodiscard]] bool traps_dirty() const { return dirty_policy_ == DirtyPolicy::kTrap; }

  // The first run of what is dirty in [from, end).
  [[nodiscard]] DirtyRun FindDirty(PageIndex from, PageIndex end) const;
  // What is dirty in [first, end) is being written back: dirty pages without pins that write, and prefixes of dirty
  // zeroes that start in there.
  void BeginWriteback(PageIndex first, PageIndex end, WritebackScope scope);
  // What is still as it was then is clean from now on; zeroes are to be asked for again. ZX_ERR_NO_MEMORY: a part is.
  Result<> EndWriteback(PageIndex first, PageIndex end);

  // Somebody has written since the last time that this was asked with `reset`.
  bool TakeModified(bool reset);

  // The source ends at `end` from now on. What lies beyond the old end or the new one is thrown away; in between are
  // dirty zeroes. ZX_ERR_BAD_STATE: a page that would go is pinned, nothing changed; ZX_ERR_NO_MEMORY: the end has not
  // moved, but what lies beyond it may be gone.
  Result<> MoveSourceEnd(PageIndex end);

  // --- for reclaim, of content that has a source itself (paged_content_evict.cc) ---

  // Whether the source would have to say nothing new if it were asked for `page`, which is in the tree, again: it is
  // clean, unpinned, lent to nobody, and nobody waits to write to it.
  [[nodiscard]] bool CanEvict(const Page& page) const;
  // The first of the 512 pages that one page-table entry may show with `page`, if all of them can go; otherwise null.
  [[nodiscard]] Page* FindEvictableRun(const Page& page) const;
  // Whether some mapping, of this content or of one that it backs, has used one of these since this was asked last.
  bool TakeAccessedMarks(PageIndex first, PageIndex count);
  // Gives the pages at [first, first + count) back, all of which can go.
  void EvictPages(PageIndex first, PageIndex count);

  // The page at `index` as it is now, which nobody will write to until ReturnPage: the page itself, a copy of a pinned
  // one, or the page of zeroes. ZX_ERR_NOT_FOUND: it is missing; ZX_ERR_NO_MEMORY.
  Result<Page*> LendPage(PageIndex index);
  static void ReturnPage(Page* page);

 private:
  template <typename T, typename... Args>
  friend RefPtr<T> MakeRefCounted(Args&&... args);
  PagedContent(RefPtr<PageSource> source, PageIndex source_pages, DirtyPolicy policy);

  [[nodiscard]] PageIndex CountWanted(PageIndex first, PageIndex most) const override;
  [[nodiscard]] PageIndex FindMissing(PageIndex from) const override { return tree_.FindAbsent(from); }
  Result<> OnPagesArrived(PageIndex first, std::span<Page* const> pages) override;
  Result<> OnPageArrived(PageIndex index, Page* page);
  Result<> OnDirtyGranted(PageIndex first, PageIndex count) override { return MakeDirty(first, first + count); }
  void OnDetached() override;
  bool TakeAccessedMark(PageIndex index);
  [[nodiscard]] bool CanBeHadAgain(const Page& page) const;
  static void OnUsed(Page& page);
  void OnAheadUsed(PageIndex index);
  void MakePart(Page& page, DirtyState state);

  uint64_t DiscardPages() override;
  [[nodiscard]] uint64_t discardable_pages() const override { return tree_.page_count(); }
  Result<> InsertRun(PageIndex tree_index, Page* first, PageIndex count);

  [[nodiscard]] PageIndex TreeIndex(PageIndex index) const { return bias_ + index; }
  [[nodiscard]] bool IsBacked(PageIndex index) const { return TreeIndex(index) < backing_end_; }
  Result<> Enter(PageIndex index, Page* page, DirtyState state);
  static PageLookup ReadyZero();
  PageLookup MakeZeroPage(PageIndex index, DirtyState state);
  const Page* TryCommitLargeRun(PageIndex index);
  PageLookup LookThrough(PageIndex index, PageIntent intent, size_t count, PageRequest& request);
  PageLookup MakeOwnCopy(PageIndex index, PhysicalAddress original, DirtyState state, bool replaces);

  PageLookup RequireTracked(PageIndex index, PageIntent intent, size_t count, PageRequest& request);
  PageLookup Ask(SourceRequestKind kind, PageIndex index, PageIndex count, PageRequest& request);
  [[nodiscard]] bool Dirties(PageIndex index, const PageTree::Slot& slot, PageIntent intent) const;
  [[nodiscard]] PageIndex CountDirtied(PageIndex first, PageIndex most, PageIntent intent) const;
  PageLookup UsePage(PageIndex index, const PageTree::Slot& slot, PageIntent intent, size_t count);
  Result<PageIndex> SupplySome(PageIndex first, PageIndex count, PagedContent& aux, PageIndex aux_first);
  Result<> SupplyZeroes(PageIndex first, PageIndex end);
  void DropStaleZeroes(PageIndex first, PageIndex end);
  Result<> MakeDirtyZeroes(PageIndex first, PageIndex end);
  [[nodiscard]] PageIndex FindNonZero(PageIndex from) const;
  [[nodiscard]] PageIndex EndOfNonZero(PageIndex from, PageIndex limit) const;
  Result<> ZeroTracked(PageIndex first, PageIndex end);
  void ForgetBeyond(PageIndex end);

  static constexpr unsigned kMostBackings = 8;
  [[nodiscard]] bool HasOwn(PageIndex first, PageIndex end) const;
  [[nodiscard]] bool BacksCopy(SnapshotKind kind, PageIndex first, PageIndex end) const;
  [[nodiscard]] Result<> CheckSnapshot(SnapshotKind kind) const;
  Result<> ShareTree(PagedContent& copy, const Window& window);
  void BackWith(RefPtr<PagedContent> backing, PageIndex end);
  void ClipBacking(PageIndex end);

  // Whatever mappings show of [first, first + count), of this content or through contents that it backs.
  void UnmapEverywhere(PageIndex first, PageIndex count);
  Result<> DropPages(PageIndex first, PageIndex end);
  Result<> ClearPages(PageIndex first, PageIndex end, PageTree::Content leave);

  PageTree tree_;
  PageIndex bias_ = 0;
  ContentKind kind_ = ContentKind::kOnDemand;
  Ancestry ancestry_ = Ancestry::kOriginal;
  Discardable* discardable_ = nullptr;  // owned
  uint64_t pins_ = 0;                   // of all pages

  // With a source:
  const RefPtr<PageSource> source_;  // null: zero-filled, or backed
  const DirtyPolicy dirty_policy_ = DirtyPolicy::kTrack;
  PageIndex source_end_;  // pages from here on are zero-filled, the source knows nothing of them
  bool modified_ = false;
  DirtyZeroes dirty_zeroes_;
  // Between these, mappings may still show the zero page where something has been absent since a writeback.
  PageIndex stale_first_ = kNoPage;
  PageIndex stale_end_ = 0;

  RefPtr<PagedContent>
      backing_;                // content with a source or a backing, whose indices are those of this tree; null: none
  PageIndex backing_end_ = 0;  // tree indices from here on are zero-filled
  base::IntrusiveList<PagedContent, BackedContentTag> backed_;
};

}  // namespace gk
