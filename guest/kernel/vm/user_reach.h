// A look at the memory of a program through its page table, as its CPU would have it: same permissions, same faults.
//
// What the last walk found is remembered as long as no entry has been removed or restricted since, so a copy costs one
// walk per page, or per 2 MiB where a large leaf is mapped.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <optional>
#include <span>

#include "guest/kernel/arch/types.h"
#include "guest/kernel/lib/status.h"
#include "guest/kernel/vm/address_space.h"

namespace gk {

class UserReach {
 public:
  UserReach(AddressSpace& space, Access access) : space_(space), access_(access) {}

  // The bytes from `address` on that one entry maps; empty if accessing the first would fault, or is no RAM. Valid
  // until something blocks or changes what is mapped.
  [[nodiscard]] std::span<uint8_t> Find(VirtualAddress address);

  // Has that fault resolved. May block. Errors:
  //   ZX_ERR_NOT_FOUND              nothing is mapped there
  //   ZX_ERR_INVALID_ARGS           no address of a program; access not permitted; its page could not be had or is no
  //   RAM ZX_ERR_NO_MEMORY, ZX_ERR_INTERNAL_INTR_KILLED
  Result<> FaultIn(VirtualAddress address);

  // True when a program can have memory at all of the range. An empty one is always fine.
  [[nodiscard]] static bool IsUserRange(VirtualAddress address, uint64_t length);

 private:
  [[nodiscard]] std::optional<arch::Translation> Look(VirtualAddress address) const;

  AddressSpace& space_;
  const Access access_;
  VirtualAddress known_ = 0;        // where known_bytes_ begins
  std::span<uint8_t> known_bytes_;  // what the last walk found
  uint64_t known_removals_ = 0;     // AddressSpace::removals() then
};

}  // namespace gk
