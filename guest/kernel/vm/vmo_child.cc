// Children of VMOs: slices, references and snapshots.
#include <utility>

#include "guest/kernel/vm/api_policy.h"
#include "guest/kernel/vm/vmo.h"
#include "shared/base/range.h"

namespace gk {

Result<RefPtr<Vmo>> Vmo::CreateChild(ChildKind kind, uint64_t offset, uint64_t size, Resizability resizability) {
  if (!base::IsPageAligned(offset)) {
    return Error(ZX_ERR_INVALID_ARGS);
  }
  if (size > kMaxSize) {
    return Error(ZX_ERR_OUT_OF_RANGE);
  }
  if (content_->discardable() != nullptr) {
    return Error(ZX_ERR_NOT_SUPPORTED);
  }
  PAGODA_TRY_ASSIGN(Shape shape, ShapeOfChild(kind, offset, size, resizability));
  shape.child_kind = kind;
  PAGODA_TRY_ASSIGN(RefPtr<Vmo> child, Make(std::move(shape)));
  child->parent_koid_ = koid_;
  child->name_ = name_;
  family_->Adopt(*child->family_);
  return child;
}

Result<Vmo::Shape> Vmo::ShapeOfChild(ChildKind kind, uint64_t offset, uint64_t size, Resizability resizability) {
  switch (kind) {
    case ChildKind::kSlice:
      return ShapeOfSlice(offset, size, resizability);
    case ChildKind::kReference:
      return ShapeOfReference(offset, size, resizability);
    case ChildKind::kNone:
      break;
    default:
      return ShapeOfSnapshot(kind, offset, size, resizability);
  }
  return Error(ZX_ERR_INVALID_ARGS);
}

// A snapshot sees no further than this object does, and what it sees ends with this object's end of today.
Result<Vmo::Shape> Vmo::ShapeOfSnapshot(ChildKind kind, uint64_t offset, uint64_t size, Resizability resizability) {
  const uint64_t rounded = base::AlignUp(size, kPageSize);
  if (offset > UINT64_MAX - rounded) {
    return Error(api_policy == ApiPolicy::kDocumented ? ZX_ERR_OUT_OF_RANGE : ZX_ERR_INVALID_ARGS);
  }
  if (child_kind_ == ChildKind::kSlice && !content_->slices_can_be_copied()) {
    return Error(ZX_ERR_NOT_SUPPORTED);
  }
  SnapshotKind snapshot = SnapshotKind::kFull;
  if (kind != ChildKind::kSnapshot) {
    snapshot = kind == ChildKind::kSnapshotModified ? SnapshotKind::kModified : SnapshotKind::kOnWrite;
  }
  const Window window{ContentIndex(offset / kPageSize), rounded / kPageSize, ContentIndex(page_end())};
  PAGODA_TRY_ASSIGN(RefPtr<VmoContent> content, content_->Snapshot(snapshot, window));
  return Shape{.content = std::move(content), .extent = MakeExtent(size), .resizability = resizability};
}

Result<Vmo::Shape> Vmo::ShapeOfSlice(uint64_t offset, uint64_t size, Resizability resizability) const {
  if (resizability == Resizability::kResizable ||
      !base::RangeFits(offset, base::AlignUp(size, kPageSize), this->size())) {
    return Error(ZX_ERR_INVALID_ARGS);
  }
  if (resizable()) {
    return Error(ZX_ERR_NOT_SUPPORTED);
  }
  return Shape{.content = content_, .content_first = content_first_ + offset / kPageSize, .extent = MakeExtent(size)};
}

Result<Vmo::Shape> Vmo::ShapeOfReference(uint64_t offset, uint64_t size, Resizability resizability) const {
  if (offset != 0 || size != 0) {
    return Error(ZX_ERR_INVALID_ARGS);
  }
  if (resizability == Resizability::kResizable && !resizable()) {
    return Error(ZX_ERR_NOT_SUPPORTED);
  }
  return Shape{.content = content_, .content_first = content_first_, .extent = extent_, .resizability = resizability_};
}

}  // namespace gk
