// Copies between a VMO and the memory of a program, which may be a mapping of the same VMO. Page by page, without a
// buffer in between. Kernel lock held; may block.
#pragma once

#include <stdint.h>

#include "guest/kernel/lib/status.h"
#include "guest/kernel/vm/address_space.h"
#include "guest/kernel/vm/user_reach.h"
#include "guest/kernel/vm/vmo.h"

namespace gk {

class VmoTransfer {
 public:
  enum class Direction : uint8_t { kToUser, kToVmo };

  // Between [offset, …) of `vmo` and [user, …) of `space`; both stay alive meanwhile.
  VmoTransfer(AddressSpace& space, VirtualAddress user, Vmo& vmo, uint64_t offset, Direction direction);

  // Moves `length` bytes, all of which lie inside the VMO and are addresses of a program. Errors are those of
  // ReadVmoToUser; done() says how far it came.
  Result<> Move(uint64_t length);
  [[nodiscard]] uint64_t done() const { return done_; }

 private:
  Result<uint64_t> MoveChunk(uint64_t length);
  [[nodiscard]] PageLookup LookUp(uint64_t length);
  Result<> FaultInUser(uint64_t length);

  UserReach reach_;
  Vmo& vmo_;
  const VirtualAddress user_;
  const uint64_t offset_;
  const Direction direction_;
  uint64_t done_ = 0;
  bool source_was_there_ = false;  // all of it, at some time
  PageRequest request_;
};

// zx_vmo_read and zx_vmo_write. A read goes on with each page that arrives of those that it has asked for. Errors; the
// first four before anything is copied, after the others a prefix was:
//   ZX_ERR_NOT_SUPPORTED  the VMO is physical
//   ZX_ERR_BAD_STATE      it is not cached
//   ZX_ERR_OUT_OF_RANGE   not inside the VMO
//   ZX_ERR_INVALID_ARGS   not addresses of a program, or (later) no access there
//   ZX_ERR_NOT_FOUND      nothing is mapped at one of the addresses
//   ZX_ERR_NO_MEMORY, the VMO's page source's error, ZX_ERR_INTERNAL_INTR_KILLED, ZX_ERR_INTERNAL_INTR_RETRY
Result<> ReadVmoToUser(AddressSpace& space, VirtualAddress destination, Vmo& vmo, uint64_t offset, uint64_t length);
Result<> WriteVmoFromUser(AddressSpace& space, VirtualAddress source, Vmo& vmo, uint64_t offset, uint64_t length);

}  // namespace gk
