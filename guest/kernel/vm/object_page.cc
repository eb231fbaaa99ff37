#include "guest/kernel/vm/object_page.h"

#include "guest/kernel/vm/pmm.h"

namespace gk {

void MakeObjectPage(Page& page, PageIndex index) {
  SetPageState(page, PageState::kObject);
  ResetObjectPage(page, index);
}

void ResetObjectPage(Page& page, PageIndex index) {
  page.object = {
      .index = index, .share_count = 0, .use_stamp = 0, .next_frame = 0, .previous_frame = 0, .owner = nullptr};
  page.dirty_state = DirtyState::kUntracked;
  page.hint = PageHint::kNone;
  page.write_pin_count = 0;
}

Page* AllocateObjectPage(PageIndex index) {
  Page* page = AllocatePage();
  if (page != nullptr) {
    MakeObjectPage(*page, index);
  }
  return page;
}

}  // namespace gk
