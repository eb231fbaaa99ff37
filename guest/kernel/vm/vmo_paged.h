// The VMO whose pages appear on demand: filled with zeroes, or fetched from a page source.
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
#include "guest/kernel/vm/vmo.h"

namespace gk {

class VmoPaged final : public Vmo, private PageSourceOwner {
 public:
  // An object of zeroes. `size` is rounded up to pages. ZX_ERR_OUT_OF_RANGE: larger than kMaxSize; ZX_ERR_NO_MEMORY.
  static Result<RefPtr<VmoPaged>> Create(uint64_t size, Resizability resizability);
  // An object whose pages come from `source`, which must not have an owner yet. Errors as above.
  static Result<RefPtr<VmoPaged>> CreateWithSource(RefPtr<PageSource> source, uint64_t size, Resizability resizability);
  ~VmoPaged() override;

  PageLookup RequirePage(PageIndex index, PageIntent intent, size_t count, PageRequest& request) override;
  [[nodiscard]] Page* PeekPage(PageIndex index, bool* writable) const override;
  [[nodiscard]] PageIndex FindPresent(PageIndex from) const override;
  Result<> Decommit(uint64_t offset, uint64_t length) override;
  Result<> Resize(uint64_t size) override;
  [[nodiscard]] size_t committed_pages() const override { return pages_.page_count(); }
  [[nodiscard]] PageSource* page_source() const override { return source_.get(); }

 private:
  template <typename T, typename... Args>
  friend RefPtr<T> MakeRefCounted(Args&&... args);
  VmoPaged(RefPtr<PageSource> source, uint64_t size, Resizability resizability);

  [[nodiscard]] bool WantsPage(PageIndex index) const override;
  Result<> OnPageArrived(PageIndex index, Page* page) override;

  PageLookup CommitZeroPage(PageIndex index);
  void DropPages(PageIndex first, PageIndex end);

  PageList pages_;
  const RefPtr<PageSource> source_;  // null: zero-filled
  PageIndex source_end_;             // pages from here on are zero-filled, the source knows nothing of them
};

}  // namespace gk
