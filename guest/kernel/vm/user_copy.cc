#include "guest/kernel/vm/user_copy.h"

#include "guest/kernel/arch/physical_map.h"
#include "guest/kernel/lib/memory.h"
#include "guest/kernel/lib/min_max.h"
#include "guest/kernel/vm/access.h"
#include "guest/kernel/vm/reclaim.h"
#include "shared/base/range.h"

namespace gk {
namespace {

// Where the byte at `address` can be reached, if user code could access it right now; null if it would fault.
uint8_t* TryReach(AddressSpace& space, VirtualAddress address, Access access) {
  const auto found = space.page_table().Query(address);
  if (!found.has_value() || !found->attributes.user || !IsSubset(access, found->attributes.access)) {
    return nullptr;
  }
  return arch::PhysicalToVirtual<uint8_t>(found->address);
}

// Faults the page in. May block.
Result<> FaultIn(AddressSpace& space, VirtualAddress address, Access access) {
  const Result<> handled = space.HandleFault(address, access);
  if (handled.ok()) {
    return {};
  }
  const bool killed = handled.error() == Status(ZX_ERR_INTERNAL_INTR_KILLED);
  return Error(killed ? ZX_ERR_INTERNAL_INTR_KILLED : ZX_ERR_INVALID_ARGS);
}

bool IsUserRange(VirtualAddress address, uint64_t length) {
  return base::RangeFits(address, length, AddressSpace::kUserEnd);
}

// Calls `action(user bytes, length, bytes done before)` for each page of the range.
template <typename Action>
Result<> ForEachUserPage(AddressSpace& space, VirtualAddress address, uint64_t length, Access access, Action action) {
  if (!IsUserRange(address, length)) {
    return Error(ZX_ERR_INVALID_ARGS);
  }
  for (uint64_t done = 0; done < length;) {
    const VirtualAddress position = address + done;
    uint8_t* bytes = TryReach(space, position, access);
    if (bytes == nullptr) {
      PAGODA_TRY(FaultIn(space, position, access));
      continue;
    }
    const uint64_t chunk = Min(kPageSize - position % kPageSize, length - done);
    action(bytes, chunk, done);
    done += chunk;
  }
  return {};
}

// One transfer between a VMO and user memory, as far as it goes without crossing a page on either side.
struct Transfer {
  AddressSpace& space;
  Vmo& vmo;
  VirtualAddress user;
  uint64_t offset;
  uint64_t length;
  bool to_user;
};

// Both pages must be at hand at the same time, and getting either may block and take the other away. So: the VMO's
// page, then the user's without blocking; if that fails, fault it in and start again.
Result<uint64_t> TransferChunk(const Transfer& transfer) {
  const Access access{.read = !transfer.to_user, .write = transfer.to_user};
  const PageIntent intent = transfer.to_user ? PageIntent::kRead : PageIntent::kWrite;
  const uint64_t wanted = (transfer.offset % kPageSize + transfer.length + kPageSize - 1) / kPageSize;
  for (;;) {
    reclaim::SafePoint();
    PageRequest request;
    const PageLookup lookup = transfer.vmo.RequirePage(transfer.offset / kPageSize, intent, wanted, request);
    if (lookup.kind() == PageLookup::Kind::kFailed) {
      return Error(lookup.status());
    }
    if (lookup.kind() == PageLookup::Kind::kNeedsPage) {
      PAGODA_TRY(request.Wait());
      continue;
    }
    uint8_t* user = TryReach(transfer.space, transfer.user, access);
    if (user == nullptr) {
      PAGODA_TRY(FaultIn(transfer.space, transfer.user, access));
      continue;
    }
    uint8_t* bytes = lookup.data<uint8_t>() + transfer.offset % kPageSize;
    const uint64_t chunk =
        Min(transfer.length, kPageSize - Max(transfer.offset % kPageSize, transfer.user % kPageSize));
    memmove(transfer.to_user ? user : bytes, transfer.to_user ? bytes : user, chunk);
    return chunk;
  }
}

Result<> TransferAll(Transfer transfer) {
  if (!base::RangeFits(transfer.offset, transfer.length, transfer.vmo.size())) {
    return Error(ZX_ERR_OUT_OF_RANGE);
  }
  if (!IsUserRange(transfer.user, transfer.length)) {
    return Error(ZX_ERR_INVALID_ARGS);
  }
  while (transfer.length != 0) {
    PAGODA_TRY_ASSIGN(const uint64_t chunk, TransferChunk(transfer));
    transfer.user += chunk;
    transfer.offset += chunk;
    transfer.length -= chunk;
  }
  return {};
}

}  // namespace

Result<> CopyFromUser(AddressSpace& space, void* destination, VirtualAddress source, size_t length) {
  return ForEachUserPage(space, source, length, {.read = true},
                         [=](const uint8_t* bytes, uint64_t chunk, uint64_t done) {
                           memcpy(static_cast<uint8_t*>(destination) + done, bytes, chunk);
                         });
}

Result<> CopyToUser(AddressSpace& space, VirtualAddress destination, const void* source, size_t length) {
  return ForEachUserPage(space, destination, length, {.read = true, .write = true},
                         [=](uint8_t* bytes, uint64_t chunk, uint64_t done) {
                           memcpy(bytes, static_cast<const uint8_t*>(source) + done, chunk);
                         });
}

Result<> ReadVmoToUser(AddressSpace& space, VirtualAddress destination, Vmo& vmo, uint64_t offset, uint64_t length) {
  return TransferAll({space, vmo, destination, offset, length, true});
}

Result<> WriteVmoFromUser(AddressSpace& space, VirtualAddress source, Vmo& vmo, uint64_t offset, uint64_t length) {
  return TransferAll({space, vmo, source, offset, length, false});
}

}  // namespace gk
