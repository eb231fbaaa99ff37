// The page table of the architecture that is being built, checked against the contract (arch/paging_contract.h).
#pragma once

#include "guest/kernel/arch/paging_contract.h"
#include "guest/kernel/arch/x86_64/page_table.h"

namespace gk::arch {

static_assert(PageTableContract<PageTable>);

}  // namespace gk::arch
