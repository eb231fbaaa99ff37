#include "guest/kernel/vm/vmo_transfer.h"

#include "guest/kernel/lib/memory.h"
#include "guest/kernel/lib/min_max.h"
#include "guest/kernel/vm/long_loop.h"
#include "guest/kernel/vm/pmm.h"
#include "guest/kernel/vm/reclaim.h"
#include "guest/kernel/vm/write_window.h"
#include "shared/base/range.h"

namespace gk {
namespace {

constexpr Access AccessFor(VmoTransfer::Direction direction) {
  const bool to_user = direction == VmoTransfer::Direction::kToUser;
  return {.read = !to_user, .write = to_user};
}

Result<> MoveAll(AddressSpace& space, VirtualAddress user, Vmo& vmo, uint64_t offset, uint64_t length,
                 VmoTransfer::Direction direction) {
  PAGODA_TRY(vmo.CheckCopyable());
  if (!base::RangeFits(offset, length, vmo.size())) {
    return Error(ZX_ERR_OUT_OF_RANGE);
  }
  if (!UserReach::IsUserRange(user, length)) {
    return Error(ZX_ERR_INVALID_ARGS);
  }
  return VmoTransfer(space, user, vmo, offset, direction).Move(length);
}

}  // namespace

VmoTransfer::VmoTransfer(AddressSpace& space, VirtualAddress user, Vmo& vmo, uint64_t offset, Direction direction)
    : reach_(space, AccessFor(direction)),
      vmo_(vmo),
      user_(user),
      offset_(offset),
      direction_(direction),
      request_(direction == Direction::kToUser ? WakePolicy::kEarly : WakePolicy::kWhenAnswered) {}

// The page of the VMO that comes next; `length` bytes are left.
PageLookup VmoTransfer::LookUp(uint64_t length) {
  const uint64_t position = offset_ + done_;
  const PageIndex index = position / kPageSize;
  const PageIndex left = (position % kPageSize + length + kPageSize - 1) / kPageSize;
  return direction_ == Direction::kToUser
             ? vmo_.RequirePage(index, PageIntent::kRead, left, request_)
             : vmo_.RequirePage(index, PageIntent::kWrite, WriteWindow(offset_ / kPageSize, index, left), request_);
}

// All that is left of the source of a write, before any of it is copied: if it cannot be had, nothing has been written.
// The destination of a read comes page by page, and so does what of a source goes again: one that is larger than memory
// is never there as a whole.
Result<> VmoTransfer::FaultInUser(uint64_t length) {
  const bool all = direction_ == Direction::kToVmo && !source_was_there_;
  source_was_there_ = true;
  const VirtualAddress first = user_ + done_;
  const VirtualAddress end = first + (all ? length : 1);
  LongLoop loop;
  for (VirtualAddress at = first; at < end; at = base::AlignDown(at, kPageSize) + kPageSize) {
    reclaim::SafePoint();
    if (reach_.Find(at).empty()) {
      PAGODA_TRY(reach_.FaultIn(at));
    }
    PAGODA_TRY(loop.OnProgress(kPageSize));
  }
  return {};
}

// As far as it goes without crossing a page of the VMO. Both sides must be at hand at the same time, and getting either
// may block and take the other away. So: the VMO's page, then the user's without blocking; if that fails, fault it in
// and start again.
Result<uint64_t> VmoTransfer::MoveChunk(uint64_t length) {
  const uint64_t position = offset_ + done_;
  for (;;) {
    reclaim::SafePoint();
    const PageLookup lookup = LookUp(length);
    if (lookup.kind() == PageLookup::Kind::kFailed) {
      return Error(lookup.status());
    }
    if (lookup.kind() == PageLookup::Kind::kNeedsPage) {
      PAGODA_TRY(request_.Wait(SuspendPolicy::kGiveWay));
      continue;
    }
    if (!IsRam(lookup.address(), kPageSize)) {
      return Error(ZX_ERR_BAD_STATE);
    }
    const std::span<uint8_t> user = reach_.Find(user_ + done_);
    if (user.empty()) {
      PAGODA_TRY(FaultInUser(length));
      continue;
    }
    uint8_t* bytes = lookup.data<uint8_t>() + position % kPageSize;
    const uint64_t chunk = Min(Min(length, kPageSize - position % kPageSize), uint64_t{user.size()});
    const bool to_user = direction_ == Direction::kToUser;
    memmove(to_user ? user.data() : bytes, to_user ? bytes : user.data(), chunk);
    if (!to_user) {
      vmo_.content().OnModified();
    }
    return chunk;
  }
}

Result<> VmoTransfer::Move(uint64_t length) {
  const uint64_t end = done_ + length;
  LongLoop loop;
  while (done_ < end) {
    PAGODA_TRY_ASSIGN(const uint64_t chunk, MoveChunk(end - done_));
    done_ += chunk;
    if (done_ < end) {
      PAGODA_TRY(loop.OnProgress(chunk));
    }
  }
  return {};
}

Result<> ReadVmoToUser(AddressSpace& space, VirtualAddress destination, Vmo& vmo, uint64_t offset, uint64_t length) {
  return MoveAll(space, destination, vmo, offset, length, VmoTransfer::Direction::kToUser);
}

Result<> WriteVmoFromUser(AddressSpace& space, VirtualAddress source, Vmo& vmo, uint64_t offset, uint64_t length) {
  return MoveAll(space, source, vmo, offset, length, VmoTransfer::Direction::kToVmo);
}

}  // namespace gk
