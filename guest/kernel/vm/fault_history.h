// What a thread's last faults say about the instruction it is at: whether that needs one page both to be fetched from
// and to be written to.
//
// No page-table entry is writable and executable (fault.cc): where a mapping permits both, the entry turns round when
// an access of the other kind faults. That brings a program on as long as no single instruction needs both at once. One
// that does (it lies, in whole or in part, in the page that it writes to) would turn the entry round for ever.
#pragma once

#include "guest/kernel/arch/types.h"
#include "shared/base/range.h"

namespace gk {

class FaultHistory {
 public:
  // The instruction at `instruction` has faulted at `address`. True: it can never be carried out.
  bool OnFault(VirtualAddress instruction, VirtualAddress address, Access access) {
    const VirtualAddress page = base::AlignDown(address, base::kPageSize);
    if (instruction != instruction_) {
      instruction_ = instruction;
      fetched_ = kNoPage;
    }
    if (access.execute) {
      fetched_ = page;
    }
    return access.write && page == fetched_;
  }

 private:
  static constexpr VirtualAddress kNoPage = ~VirtualAddress{0};

  VirtualAddress instruction_ = kNoPage;  // that of the last fault
  VirtualAddress fetched_ = kNoPage;      // the page that its faults lacked last in order to fetch it
};

}  // namespace gk
