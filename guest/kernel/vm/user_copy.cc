#include "guest/kernel/vm/user_copy.h"

#include "guest/kernel/lib/memory.h"
#include "guest/kernel/lib/min_max.h"
#include "guest/kernel/vm/user_reach.h"

namespace gk {
namespace {

// To a system call every bad pointer is the same.
Status StatusOfPointer(Status status) {
  return status == Status(ZX_ERR_NOT_FOUND) ? Status(ZX_ERR_INVALID_ARGS) : status;
}

// Calls `action(user bytes, length, bytes done before)` for each piece that one page-table entry maps.
template <typename Action>
Result<> ForEachUserPiece(AddressSpace& space, VirtualAddress address, uint64_t length, Access access, Action action) {
  if (!UserReach::IsUserRange(address, length)) {
    return Error(ZX_ERR_INVALID_ARGS);
  }
  UserReach reach(space, access);
  for (uint64_t done = 0; done < length;) {
    const std::span<uint8_t> bytes = reach.Find(address + done);
    if (bytes.empty()) {
      if (const Result<> faulted = reach.FaultIn(address + done); !faulted.ok()) {
        return Error(StatusOfPointer(faulted.error()));
      }
      continue;
    }
    const uint64_t chunk = Min(uint64_t{bytes.size()}, length - done);
    action(bytes.data(), chunk, done);
    done += chunk;
  }
  return {};
}

}  // namespace

Result<> CopyFromUser(AddressSpace& space, void* destination, VirtualAddress source, size_t length) {
  return ForEachUserPiece(space, source, length, {.read = true},
                          [=](const uint8_t* bytes, uint64_t chunk, uint64_t done) {
                            memcpy(static_cast<uint8_t*>(destination) + done, bytes, chunk);
                          });
}

Result<> CopyToUser(AddressSpace& space, VirtualAddress destination, const void* source, size_t length) {
  return ForEachUserPiece(space, destination, length, {.read = true, .write = true},
                          [=](uint8_t* bytes, uint64_t chunk, uint64_t done) {
                            memcpy(bytes, static_cast<const uint8_t*>(source) + done, chunk);
                          });
}

}  // namespace gk
