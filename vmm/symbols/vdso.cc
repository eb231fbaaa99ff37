#include "vmm/symbols/vdso.h"

#include <array>
#include <iterator>

#include "shared/abi/syscalls.h"
#include "shared/base/range.h"

namespace vmm {
namespace {

constexpr uint64_t kSlotSize = 32;
constexpr uint64_t kPages = 2;

struct Slot {
  const char* name;
  uint64_t arguments;
};

#define PAGODA_VDSO_SLOT(name, arguments) Slot{"zx_" #name, arguments},
constexpr Slot kSlots[] = {PAGODA_SYSCALLS(PAGODA_VDSO_SLOT)};
#undef PAGODA_VDSO_SLOT

// The first two calls have few arguments, so their slots begin with `mov $number, %eax`.
bool IsVdsoCode(uint64_t base, const MemoryReader& memory) {
  for (uint8_t number = 0; number < 2; ++number) {
    const std::array<uint8_t, 5> expected = {0xb8, number, 0, 0, 0};
    if (memory.ReadValue<std::array<uint8_t, 5>>(base + number * kSlotSize) != expected) {
      return false;
    }
  }
  return true;
}

}  // namespace

std::optional<VdsoPlace> FindInVdso(uint64_t address, const MemoryReader& memory) {
  for (uint64_t page = 0; page < kPages; ++page) {
    const uint64_t base = base::AlignDown(address, base::kPageSize) - page * base::kPageSize;
    const uint64_t slot = (address - base) / kSlotSize;
    if (slot < std::size(kSlots) && IsVdsoCode(base, memory)) {
      const uint64_t offset = (address - base) % kSlotSize;
      const uint64_t most = kSlots[slot].arguments > 6 ? kSlots[slot].arguments - 6 : 0;
      return VdsoPlace{.function = kSlots[slot].name, .offset = offset, .pushed = offset == 0 ? 0 : most};
    }
  }
  return std::nullopt;
}

}  // namespace vmm
