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

#include "guest/kernel/vm/page_list.h"
#include "guest/kernel/vm/page_source.h"
#include "guest/kernel/vm/vmo_content.h"

namespace gk {

class PagedContent final : public VmoContent, private PageSourceOwner {
 public:
  // `source` is null (zeroes), or has the first `source_pages` pages and no owner yet. Null when there is no memory.
  static RefPtr<PagedContent> Create(RefPtr<PageSource> source, PageIndex source_pages);
  ~PagedContent() override;

  PageLookup RequirePage(PageIndex index, PageIntent intent, size_t count, PageRequest& request) override;
  [[nodiscard]] PresentPage PeekPage(PageIndex index) const override;
  [[nodiscard]] PageIndex FindPresent(PageIndex from) const override;
  Result<> Decommit(PageIndex first, PageIndex count) override;
  Result<> Truncate(PageIndex end) override;
  [[nodiscard]] size_t committed_pages() const override { return pages_.page_count(); }
  [[nodiscard]] PageSource* page_source() const override { return source_.get(); }
  [[nodiscard]] PagedContent* AsPaged() override { return this; }

 private:
  template <typename T, typename... Args>
  friend RefPtr<T> MakeRefCounted(Args&&... args);
  PagedContent(RefPtr<PageSource> source, PageIndex source_pages);

  [[nodiscard]] bool WantsPage(PageIndex index) const override;
  Result<> OnPageArrived(PageIndex index, Page* page) override;

  PageLookup CommitZeroPage(PageIndex index);
  void DropPages(PageIndex first, PageIndex end);

  PageList pages_;
  const RefPtr<PageSource> source_;  // null: zero-filled
  PageIndex source_end_;             // pages from here on are zero-filled, the source knows nothing of them
};

}  // namespace gk
