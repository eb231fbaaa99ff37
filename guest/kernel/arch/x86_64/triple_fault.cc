#include "guest/kernel/arch/triple_fault.h"

#include "guest/kernel/arch/x86_64/nucleus.h"
#include "guest/kernel/lib/panic.h"
#include "guest/kernel/vm/pmm.h"

namespace gk::arch {

void TripleFault() {
  Page* empty_root = AllocateZeroedPage();
  GK_ASSERT(empty_root != nullptr);
  NucleusLoadRoot(empty_root->physical_address());
  Panic("the CPU runs without an address space");
}

}  // namespace gk::arch
