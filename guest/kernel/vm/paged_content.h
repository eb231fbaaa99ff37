// Content whose pages appear on demand: filled with zeroes, or fetched from a page source.
//
// State of one page index (the page's own state is kObject throughout; see also page.h):
//
//                 write, Commit                              OnPageArrived
//   absent ------------------------> present      absent --------------------> present     (with a source)
//     ^  reads see zeroes               |             ^   requested, see page_source.h  |
//     +---------------------------------+             +--------------------------------+
//          Decommit, Resize                                        Resize
//
// Reading an absent page of an object without a source takes no memory: read faults map the one shared zero page.
#pragma once

#include "guest/kernel/vm/discardable.h"
#include "guest/kernel/vm/page_source.h"
#include "guest/kernel/vm/page_tree.h"
#include "guest/kernel/vm/vmo_content.h"

namespace gk {

class PagedContent final : public VmoContent, private PageSourceOwner, private DiscardableOwner {
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
  [[nodiscard]] PresentPage PeekPage(PageIndex index) const override;
  [[nodiscard]] PageIndex FindPresent(PageIndex from) const override;
  Result<> Decommit(PageIndex first, PageIndex count) override;
  Result<> Truncate(PageIndex end) override;
  [[nodiscard]] size_t committed_pages() const override { return pages_.page_count(); }
  [[nodiscard]] PageSource* page_source() const override { return source_.get(); }
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
  Result<> InsertRun(Page* first, PageIndex count);

  PageLookup CommitZeroPage(PageIndex index);
  Result<> DropPages(PageIndex first, PageIndex end);

  PageTree pages_;
  ContentKind kind_ = ContentKind::kOnDemand;
  Discardable* discardable_ = nullptr;  // owned
  uint64_t pins_ = 0;                   // of all pages
  const RefPtr<PageSource> source_;     // null: zero-filled
  PageIndex source_end_;                // pages from here on are zero-filled, the source knows nothing of them
};

}  // namespace gk
