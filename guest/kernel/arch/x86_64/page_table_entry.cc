#include "guest/kernel/arch/x86_64/page_table_entry.h"

namespace gk::arch {

// ORDER: a volatile store is one instruction and is not moved across other volatile accesses. Other CPUs' walkers may
// read the table at any time; x86 stores become visible in program order, so a table is complete before it is linked.
void StorePageTableEntry(uint64_t* slot, uint64_t value) { *const_cast<volatile uint64_t*>(slot) = value; }

}  // namespace gk::arch
