// Arithmetic on permissions.
#pragma once

#include <zircon/types.h>

#include "guest/kernel/arch/types.h"

namespace gk {

[[nodiscard]] constexpr bool IsSubset(Access part, Access whole) {
  return (!part.read || whole.read) && (!part.write || whole.write) && (!part.execute || whole.execute);
}

[[nodiscard]] constexpr Access Intersect(Access a, Access b) {
  return {.read = a.read && b.read, .write = a.write && b.write, .execute = a.execute && b.execute};
}

[[nodiscard]] constexpr bool IsSame(Access a, Access b) { return IsSubset(a, b) && IsSubset(b, a); }

// The ZX_VM_PERM_* bits. Execute-only memory does not exist on x86-64, so a program that asks for it "or readable where
// that is unsupported" gets readable.
[[nodiscard]] constexpr Access AccessFromOptions(zx_vm_option_t options) {
  Access access{.read = (options & ZX_VM_PERM_READ) != 0,
                .write = (options & ZX_VM_PERM_WRITE) != 0,
                .execute = (options & ZX_VM_PERM_EXECUTE) != 0};
  access.read |= (options & ZX_VM_PERM_READ_IF_XOM_UNSUPPORTED) != 0;
  return access;
}

// The same from a region's ZX_VM_CAN_MAP_* bits.
[[nodiscard]] constexpr Access AccessFromAbilities(zx_vm_option_t options) {
  return {.read = (options & ZX_VM_CAN_MAP_READ) != 0,
          .write = (options & ZX_VM_CAN_MAP_WRITE) != 0,
          .execute = (options & ZX_VM_CAN_MAP_EXECUTE) != 0};
}

}  // namespace gk
