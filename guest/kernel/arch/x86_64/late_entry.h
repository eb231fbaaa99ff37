// Page-table entries that ring 0 writes on its way to user code.
//
// A host that shadows page tables write-protects a table at each change of address space. The first store into it from
// CPL 3 then costs an exit, and the next change of address space reads the whole table anew: 75,000 cycles, a fifth of
// what a pager fault costs altogether (Xeon at 2.5 GHz). Ring 0 is emulated there, and an emulated store goes past the
// protection for two instructions' worth. So where a fault enters one page, the nucleus is told to.
//
//   kNone ---StorePageTableEntryLate---> kWaiting ---HandOver---> kHandedOver ---the CPU is in the kernel again--->
//   kNone
//                                            |                         |
//                                            +- SettlePageTableEntries-+---> kNone
//
// The CPU lets go of the kernel lock before it stores, as it must. Whoever has the lock meanwhile settles first: waits
// until the slot has changed, which takes as long as a trap. A slot is empty before, so it says itself that it is done.
//
// Each function: kernel lock held.
#pragma once

#include <stdint.h>

namespace gk::arch {

// Before the lock is let go of for ResumeUser: the nucleus will store the entry, if one waits, whosesoever it is.
void HandOverLateEntry(uint32_t cpu);

// The CPU is in the kernel. If the nucleus had an entry it has stored it.
void OnResumed(uint32_t cpu);

}  // namespace gk::arch
