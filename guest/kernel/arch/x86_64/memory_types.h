// The memory types that page-table entries can choose from, on one CPU (IA32_PAT, SDM volume 3A, section 11.12).
//
// An entry names one of eight by its PAT, PCD and PWT bits; here PAT is always 0. After a reset there is no
// write-combining type among them.
//
//   PCD PWT
//    0   0   write-back        as after a reset; everything that was mapped before
//    0   1   write-combining   instead of write-through, which nobody uses
//    1   0   uncached-minus    as after a reset, not used
//    1   1   uncached          as after a reset
//
// Whether a type has an effect is the host's decision: KVM with Intel's extended page tables treats the RAM of a
// machine without assigned devices as write-back whatever the guest says, with AMD's nested paging the guest's type
// counts, and a KVM that shadows page tables has types of its own. All of them accept the register.
#pragma once

#include "guest/kernel/arch/x86_64/nucleus.h"

namespace gk::arch {

// Of the calling CPU, once it can trap. Nothing may be mapped write-combining before.
inline void SetMemoryTypes() {
  constexpr uint32_t kMsrPat = 0x277;
  constexpr uint64_t kAfterReset = 0x0007'0406'0007'0406;
  constexpr uint64_t kSecond = 0xff00;
  constexpr uint64_t kWriteCombining = 0x01;
  NucleusWriteMsr(kMsrPat, (kAfterReset & ~kSecond) | kWriteCombining << 8);
}

}  // namespace gk::arch
