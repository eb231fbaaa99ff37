#include "guest/kernel/vm/process_memory.h"

#include "guest/kernel/lib/min_max.h"

namespace gk {
namespace {

// What can be copied at once: from `address` to the end of its mapping, or of the VMO.
struct Source {
  RefPtr<Vmo> vmo;
  uint64_t offset;
  uint64_t length;
};

Result<Source> FindSource(AddressSpace& target, VirtualAddress address, VmoTransfer::Direction direction) {
  const Mapping* mapping = target.root().alive() ? target.root().FindMapping(address) : nullptr;
  if (mapping == nullptr) {
    return Error(ZX_ERR_NOT_FOUND);
  }
  const bool reading = direction == VmoTransfer::Direction::kToUser;
  if (reading ? !mapping->allowed().read : !mapping->allowed().write) {
    return Error(ZX_ERR_ACCESS_DENIED);
  }
  const uint64_t offset = mapping->vmo_offset() + (address - mapping->base());
  if (offset >= mapping->reach()) {
    return Error(ZX_ERR_OUT_OF_RANGE);
  }
  return Source{RefPtr<Vmo>(&mapping->vmo()), offset, Min(mapping->end() - address, mapping->reach() - offset)};
}

// `*done` says how far it came.
Result<> CopyPieces(AddressSpace& target, VirtualAddress address, AddressSpace& caller, VirtualAddress buffer,
                    uint64_t length, VmoTransfer::Direction direction, uint64_t* done) {
  while (*done < length) {
    PAGODA_TRY_ASSIGN(const Source source, FindSource(target, address + *done, direction));
    VmoTransfer transfer(caller, buffer + *done, *source.vmo, source.offset, direction);
    const Result<> moved = transfer.Move(Min(source.length, length - *done));
    *done += transfer.done();
    PAGODA_TRY(moved);
  }
  return {};
}

}  // namespace

Result<uint64_t> CopyProcessMemory(AddressSpace& target, VirtualAddress address, AddressSpace& caller,
                                   VirtualAddress buffer, uint64_t length, VmoTransfer::Direction direction) {
  if (!UserReach::IsUserRange(buffer, length)) {
    return Error(ZX_ERR_INVALID_ARGS);
  }
  uint64_t done = 0;
  const Result<> copied = CopyPieces(target, address, caller, buffer, length, direction, &done);
  if (!copied.ok() && (done == 0 || copied.error() == Status(ZX_ERR_INTERNAL_INTR_KILLED))) {
    return Error(copied.error());
  }
  return done;
}

}  // namespace gk
