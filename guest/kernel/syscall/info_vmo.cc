// The topic ZX_INFO_VMO in all its versions, and what it says about an object.
#include "guest/kernel/object/vmo_dispatcher.h"
#include "guest/kernel/syscall/info_topics.h"
#include "guest/kernel/syscall/vmo_record.h"
#include "guest/kernel/vm/attribution.h"

namespace gk::syscall {
namespace {

uint32_t FlagsOf(const Vmo& vmo) {
  const ContentKind kind = vmo.content().kind();
  const ChildKind child = vmo.child_kind();
  const bool copies = child == ChildKind::kSnapshot || child == ChildKind::kSnapshotAtLeastOnWrite ||
                      child == ChildKind::kSnapshotModified;
  return (kind == ContentKind::kPhysical ? ZX_INFO_VMO_TYPE_PHYSICAL : ZX_INFO_VMO_TYPE_PAGED) |
         (kind != ContentKind::kOnDemand ? ZX_INFO_VMO_CONTIGUOUS : 0) | (vmo.resizable() ? ZX_INFO_VMO_RESIZABLE : 0) |
         (copies ? ZX_INFO_VMO_IS_COW_CLONE : 0) | (vmo.page_source() != nullptr ? ZX_INFO_VMO_PAGER_BACKED : 0) |
         (vmo.content().discardable() != nullptr ? ZX_INFO_VMO_DISCARDABLE : 0) |
         (vmo.immutable() ? ZX_INFO_VMO_IMMUTABLE : 0);
}

Result<zx_info_vmo_t> DescribeHandle(Caller& caller, zx_handle_t handle) {
  PAGODA_TRY_ASSIGN(const RefPtr<VmoDispatcher> vmo, caller.handles().Get<VmoDispatcher>(handle, ZX_RIGHT_NONE));
  zx_info_vmo_t info = DescribeVmo(vmo->vmo());
  info.flags |= ZX_INFO_VMO_VIA_HANDLE;
  info.handle_rights = caller.handles().Find(handle)->rights();
  return info;
}

}  // namespace

zx_info_vmo_t DescribeVmo(const Vmo& vmo) {
  const Attribution memory = vmo.GetAttribution();
  zx_info_vmo_t info{};
  info.koid = vmo.koid();
  vmo.name().CopyTo(info.name);
  info.size_bytes = vmo.size();
  info.parent_koid = vmo.parent_koid();
  info.num_children = vmo.child_count();
  info.num_mappings = vmo.mapping_count();
  info.share_count = vmo.address_space_count();
  info.flags = FlagsOf(vmo);
  info.cache_policy = vmo.content().cache_policy();
  info.metadata_bytes = vmo.metadata_bytes();
  info.committed_change_events = vmo.reclaimed_pages();
  info.committed_bytes = info.populated_bytes = memory.pages * kPageSize;
  info.committed_private_bytes = info.populated_private_bytes = memory.private_pages * kPageSize;
  info.committed_scaled_bytes = info.populated_scaled_bytes = memory.scaled_bytes;
  info.committed_fractional_scaled_bytes = info.populated_fractional_scaled_bytes = memory.scaled_fraction;
  return info;
}

Result<> InfoVmo(Caller& caller, zx_handle_t handle, InfoSink& sink) {
  PAGODA_TRY_ASSIGN(const zx_info_vmo_t info, DescribeHandle(caller, handle));
  return sink.SetOnly(info);
}

Result<> InfoVmoV1(Caller& caller, zx_handle_t handle, InfoSink& sink) {
  PAGODA_TRY_ASSIGN(const zx_info_vmo_t info, DescribeHandle(caller, handle));
  return sink.SetOnlyPrefix(info, sizeof(zx_info_vmo_v1_t));
}

Result<> InfoVmoV2(Caller& caller, zx_handle_t handle, InfoSink& sink) {
  PAGODA_TRY_ASSIGN(const zx_info_vmo_t info, DescribeHandle(caller, handle));
  return sink.SetOnlyPrefix(info, sizeof(zx_info_vmo_v2_t));
}

Result<> InfoVmoV3(Caller& caller, zx_handle_t handle, InfoSink& sink) {
  PAGODA_TRY_ASSIGN(const zx_info_vmo_t info, DescribeHandle(caller, handle));
  return sink.SetOnlyPrefix(info, sizeof(zx_info_vmo_v3_t));
}

}  // namespace gk::syscall
