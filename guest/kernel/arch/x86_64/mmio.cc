#include "guest/kernel/arch/mmio.h"

namespace gk::arch {
namespace {

// SAFETY: volatile makes each call one access of the pointer's width that the compiler neither merges nor moves across
// another; the page is mapped uncached, and x86 keeps the order of uncached accesses and earlier stores (SDM volume 3A,
// section 9.2.2). The caller vouches for the address.
template <typename T>
volatile T* Register(VirtualAddress address) {
  return reinterpret_cast<volatile T*>(address);
}

}  // namespace

uint32_t ReadRegister32(VirtualAddress address) { return *Register<uint32_t>(address); }
void WriteRegister32(VirtualAddress address, uint32_t value) { *Register<uint32_t>(address) = value; }
void WriteRegister64(VirtualAddress address, uint64_t value) { *Register<uint64_t>(address) = value; }

}  // namespace gk::arch
