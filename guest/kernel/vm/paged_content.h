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
//                       with a source: to be fetched (page_source.h); OnPageArrived makes it present.
//                       with a backing: what the backing content has there, read-only.
//
// Snapshots. A full snapshot is a copy of the page tree (page_tree.h), in which both sides may change what they have.
// Content with a source cannot be snapshot: the page that will arrive belongs to the source. Its copies see at least
// what was written to them: they have a tree of their own over the source's content, their *backing*. A copy of such a
// copy shares that tree, and has the same backing, so nothing is ever looked up in more than two places. "Zero" in the
// tree (PageTree::Content::kZero) hides what the source or the backing has.
//
// A copy that starts at an offset keeps the index space of the original's tree: `bias_` is added to its own indices.
#pragma once

#include "guest/kernel/vm/discardable.h"
#include "guest/kernel/vm/page_source.h"
#include "guest/kernel/vm/page_tree.h"
#include "guest/kernel/vm/vmo_content.h"

namespace gk {

struct BackedContentTag;

class PagedContent final : public VmoContent,
                           public base::ListNode<BackedContentTag>,
                           private PageSourceOwner,
                           private DiscardableOwner {
 public:
  // `source` is null (zeroes), or has the first `source_pages` pages and no owner yet. Null when there is no memory.
  static RefPtr<PagedContent> Create(RefPtr<PageSource> source, PageIndex source_pages);
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
  Result<> Decommit(PageIndex first, PageIndex count) override;
  Result<> Zero(PageIndex first, PageIndex count) override;
  Result<> Truncate(PageIndex end) override;
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
  Result<> Pin(PageIndex index) override;
  void Unpin(PageIndex index) override;
  [[nodiscard]] bool HasPins(PageIndex first, PageIndex count) const override;

 private:
  template <typename T, typename... Args>
  friend RefPtr<T> MakeRefCounted(Args&&... args);
  PagedContent(RefPtr<PageSource> source, PageIndex source_pages);

  [[nodiscard]] bool WantsPage(PageIndex index) const override;
  Result<> OnPageArrived(PageIndex index, Page* page) override;

  uint64_t DiscardPages() override;
  Result<> InsertRun(PageIndex tree_index, Page* first, PageIndex count);

  [[nodiscard]] PageIndex TreeIndex(PageIndex index) const { return bias_ + index; }
  [[nodiscard]] bool IsBacked(PageIndex index) const { return TreeIndex(index) < backing_end_; }
  static Page* NewPage(PageIndex tree_index);
  PageLookup CommitZeroPage(PageIndex index);
  const Page* TryCommitLargeRun(PageIndex index);
  PageLookup LookThrough(PageIndex index, PageIntent intent, size_t count, PageRequest& request);
  PageLookup MakeOwnCopy(PageIndex index, PhysicalAddress original, bool replaces);

  [[nodiscard]] Result<> CheckSnapshot(SnapshotKind kind) const;
  Result<> ShareTree(PagedContent& copy, const Window& window);
  void BackWith(RefPtr<PagedContent> backing, PageIndex end);
  void ClipBacking(PageIndex end);

  // Whatever mappings show of [first, first + count), of this content or through contents that it backs.
  void UnmapEverywhere(PageIndex first, PageIndex count);
  Result<> DropPages(PageIndex first, PageIndex end);
  Result<> ZeroUnpinned(PageIndex first, PageIndex end);
  Result<> ClearPages(PageIndex first, PageIndex end, PageTree::Content leave);
  [[nodiscard]] PageTree::Entry FindPinned(PageIndex from, PageIndex end) const;

  PageTree tree_;
  PageIndex bias_ = 0;
  ContentKind kind_ = ContentKind::kOnDemand;
  bool is_copy_ = false;
  Discardable* discardable_ = nullptr;  // owned
  uint64_t pins_ = 0;                   // of all pages
  const RefPtr<PageSource> source_;     // null: zero-filled, or backed
  PageIndex source_end_;                // pages from here on are zero-filled, the source knows nothing of them
  RefPtr<PagedContent> backing_;        // content with a source, whose indices are those of this tree; null: none
  PageIndex backing_end_ = 0;           // tree indices from here on are zero-filled
  base::IntrusiveList<PagedContent, BackedContentTag> backed_;
};

}  // namespace gk
