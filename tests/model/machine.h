// The real thing as the random operations see it: VMOs in numbered slots, address spaces by number, places in pages.
// One implementation calls the VM core on the host, one makes system calls in a guest.
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <zircon/types.h>

#include "tests/model/reference.h"

namespace model {

struct MapOrder {
  int space;
  int slot;                // of the VMO
  uint64_t page;           // where, in the space
  uint64_t count;          // pages
  uint64_t vmo_page;       // what, in the VMO
  zx_vm_option_t options;  // ZX_VM_PERM_*, ZX_VM_MAP_RANGE; the place is fixed, faults are allowed
  bool overwrite;
  uint32_t allowed;  // ZX_VM_PERM_* that the VMO's handle permits
};

class Machine {
 public:
  static constexpr int kSlots = 8;
  static constexpr int kSpaces = 2;

  struct Abilities {
    bool sources = false;  // CreateSourced is there
    bool resizes = false;  // SetSize and OpRange are there
    bool slices = false;   // what CreateChild can make
    bool snapshots = false;
    bool zero = false;            // ZX_VMO_OP_ZERO, and set_size clears what follows the size in its page
    bool execute = false;         // mappings may be executable
    bool fault_statuses = false;  // Touch says why it failed
  };

  virtual ~Machine() = default;
  [[nodiscard]] virtual Abilities abilities() const = 0;

  virtual zx_status_t Create(int slot, uint64_t size, uint32_t options) = 0;
  // Byte i of it is i / kPageSize.
  virtual zx_status_t CreateSourced(int slot, uint64_t size, uint32_t options) = 0;
  // `options`: ZX_VMO_CHILD_*.
  virtual zx_status_t CreateChild(int slot, int parent, uint32_t options, uint64_t offset, uint64_t size) = 0;
  virtual void Close(int slot) = 0;
  virtual zx_status_t SetSize(int slot, uint64_t size) = 0;
  virtual uint64_t SizeOf(int slot) = 0;
  virtual bool HasChildren(int slot) = 0;
  virtual zx_status_t Read(int slot, void* bytes, uint64_t offset, size_t length) = 0;
  virtual zx_status_t Write(int slot, const void* bytes, uint64_t offset, size_t length) = 0;
  // `operation`: ZX_VMO_OP_COMMIT, _DECOMMIT, _ZERO.
  virtual zx_status_t OpRange(int slot, uint32_t operation, uint64_t offset, uint64_t length) = 0;

  virtual zx_status_t Map(const MapOrder& order) = 0;
  virtual zx_status_t Unmap(int space, uint64_t page, uint64_t count) = 0;
  virtual zx_status_t Protect(int space, zx_vm_option_t options, uint64_t page, uint64_t count) = 0;
  // An access of user code of one kind (a ZX_VM_PERM_* bit) that the reference expects to succeed or not; gives where
  // the byte is. Statuses as of faults.
  virtual zx_status_t Touch(int space, uint64_t offset, uint32_t access, bool expected, volatile uint8_t** byte) = 0;
  // Copies that the kernel makes between its own memory and that of the space. Failure: ZX_ERR_INVALID_ARGS, a prefix
  // was copied.
  virtual zx_status_t CopyTo(int space, uint64_t offset, const void* bytes, size_t length) = 0;
  virtual zx_status_t CopyFrom(int space, void* bytes, uint64_t offset, size_t length) = 0;

  virtual void DestroySpace(int space) = 0;  // an empty one takes its place
  // What else can be told: that page tables show nothing that `space` does not have, and the like. Null: all is well.
  virtual const char* Inspect(int space, const Space& expected) = 0;
};

}  // namespace model
