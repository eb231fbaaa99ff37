// Pages that hold content of VMOs, from their allocation until a page tree names them.
#pragma once

#include "guest/kernel/vm/page.h"

namespace gk {

// Makes `page`, which is allocated, a page of content for `index`: named by no tree, untracked.
void MakeObjectPage(Page& page, PageIndex index);

// The same for a page of content that its tree has given up: it moves to another place.
void ResetObjectPage(Page& page, PageIndex index);

// A new page of that kind, content unspecified. Null when there is no memory.
[[nodiscard]] Page* AllocateObjectPage(PageIndex index);

}  // namespace gk
