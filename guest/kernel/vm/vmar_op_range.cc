// Operations on the memory that is mapped in a range of addresses (zx_vmar_op_range).
//
// First everything is checked, from the lowest address up, so that the lowest problem decides and nothing has happened
// by then. Then each mapping's piece is done. Getting pages may block; after that the address is looked up again, and
// what is found is checked again.
#include "guest/kernel/lib/min_max.h"
#include "guest/kernel/vm/access.h"
#include "guest/kernel/vm/address_space.h"
#include "guest/kernel/vm/api_policy.h"
#include "guest/kernel/vm/vmar.h"
#include "shared/base/range.h"

namespace gk {
namespace {

// What an operation asks of the mappings and regions that it meets.
struct Demands {
  Access ceiling;      // what the VMO handle must have permitted when it was mapped
  bool in_children;    // may reach into further regions
  bool inside_object;  // the object must not end before the range does
  bool exact;          // the documents want a length of whole pages; the others round up
};

Demands DemandsOf(RangeOp op) {
  switch (op) {
    case RangeOp::kCommit:
      return {.ceiling = {.write = true}, .in_children = false, .inside_object = true, .exact = false};
    case RangeOp::kDecommit:
    case RangeOp::kZero:
      return {.ceiling = {.write = true}, .in_children = false, .inside_object = true, .exact = true};
    case RangeOp::kPrefetch:
      return {.ceiling = {.read = true}, .in_children = false, .inside_object = true, .exact = false};
    case RangeOp::kMapRange:
    case RangeOp::kDontNeed:
    case RangeOp::kAlwaysNeed:
      break;
  }
  return {.ceiling = {}, .in_children = true, .inside_object = false, .exact = false};
}

// What one mapping shows of [address, end), which begins inside it.
struct Piece {
  RefPtr<Vmo> vmo;
  uint64_t offset;
  uint64_t length;
};

Piece PieceOf(const Mapping& mapping, VirtualAddress address, VirtualAddress end) {
  return {.vmo = RefPtr<Vmo>(&mapping.vmo()),
          .offset = mapping.vmo_offset() + (address - mapping.base()),
          .length = Min(mapping.end(), end) - address};
}

}  // namespace

// The mapping at `address`; what is met first on the way there, in this region and those inside it, decides. `start`: a
// region on that way which is known to be fine.
Result<Mapping*> Vmar::FindOperand(VirtualAddress address, bool in_children, Vmar* start) {
  const Vmar* from = start != nullptr && start->Contains(address) ? start : this;
  Region* region = from->children_.Find(address);
  while (region != nullptr && region->kind() == Kind::kVmar) {
    if (!in_children) {
      return Error(ZX_ERR_INVALID_ARGS);
    }
    region = region->AsVmar()->children_.Find(address);
  }
  return region != nullptr ? Result<Mapping*>(region->AsMapping()) : Error(ZX_ERR_BAD_STATE);
}

// The same, if it is what the operation demands.
Result<Mapping*> Vmar::CheckOperand(RangeOp op, VirtualAddress address, VirtualAddress end, bool may_reach_children,
                                    Vmar* start) {
  const Demands demands = DemandsOf(op);
  PAGODA_TRY_ASSIGN(Mapping * mapping, FindOperand(address, demands.in_children && may_reach_children, start));
  if (!IsSubset(demands.ceiling, mapping->allowed())) {
    return Error(ZX_ERR_ACCESS_DENIED);
  }
  const Piece piece = PieceOf(*mapping, address, end);
  if (demands.inside_object && !base::RangeFits(piece.offset, piece.length, mapping->reach())) {
    return Error(ZX_ERR_OUT_OF_RANGE);
  }
  return mapping;
}

Result<> Vmar::CheckOperands(RangeOp op, VirtualAddress address, VirtualAddress end, bool may_reach_children) {
  Vmar* start = nullptr;
  while (address < end) {
    PAGODA_TRY_ASSIGN(const Mapping* mapping, CheckOperand(op, address, end, may_reach_children, start));
    start = mapping->parent();
    address = mapping->end();
  }
  return {};
}

// One mapping's piece. May block.
Result<> Vmar::ApplyRangeOp(RangeOp op, Mapping& mapping, VirtualAddress address, VirtualAddress end) {
  const Piece piece = PieceOf(mapping, address, end);
  switch (op) {
    case RangeOp::kCommit:
      return piece.vmo->Commit(piece.offset, piece.length);
    case RangeOp::kDecommit:
      return piece.vmo->Decommit(piece.offset, piece.length);
    case RangeOp::kZero:
      return piece.vmo->Zero(piece.offset, piece.length);
    case RangeOp::kMapRange:
      space_->EnterPresent(mapping, address, piece.length);
      return {};
    case RangeOp::kPrefetch:
      return piece.vmo->page_source() != nullptr ? piece.vmo->Prefetch(piece.offset, piece.length) : Result<>();
    case RangeOp::kAlwaysNeed:
      return piece.vmo->AlwaysNeed(piece.offset, piece.length);
    case RangeOp::kDontNeed:
      piece.vmo->DontNeed(piece.offset, piece.length);
      return {};
  }
  return {};
}

// Checks what does not depend on what is mapped, and rounds the length up to whole pages.
Result<> Vmar::CheckOpRange(RangeOp op, VirtualAddress address, uint64_t* length) const {
  const bool exact = DemandsOf(op).exact && api_policy == ApiPolicy::kDocumented;
  if (*length == 0 || !base::IsPageAligned(address) || (exact && !base::IsPageAligned(*length))) {
    return Error(ZX_ERR_INVALID_ARGS);
  }
  if (!alive()) {
    return Error(ZX_ERR_BAD_STATE);
  }
  if (address < base_ || base::AlignUpOverflows(*length, kPageSize) ||
      !base::RangeFits(address - base_, base::AlignUp(*length, kPageSize), size_)) {
    return Error(ZX_ERR_OUT_OF_RANGE);
  }
  *length = base::AlignUp(*length, kPageSize);
  return {};
}

Result<> Vmar::OpRange(RangeOp op, VirtualAddress address, uint64_t length, bool may_reach_children) {
  PAGODA_TRY(CheckOpRange(op, address, &length));
  const RefPtr<Vmar> keep_alive(this);
  const VirtualAddress end = address + length;
  PAGODA_TRY(CheckOperands(op, address, end, may_reach_children));
  RefPtr<Vmar> start;
  while (address < end) {
    if (!alive()) {
      return Error(ZX_ERR_BAD_STATE);
    }
    Vmar* known = start && start->alive() ? start.get() : nullptr;
    PAGODA_TRY_ASSIGN(Mapping * mapping, CheckOperand(op, address, end, may_reach_children, known));
    start = RefPtr<Vmar>(mapping->parent());
    const VirtualAddress piece_end = Min(mapping->end(), end);
    PAGODA_TRY(ApplyRangeOp(op, *mapping, address, piece_end));
    address = piece_end;
  }
  return {};
}

}  // namespace gk
