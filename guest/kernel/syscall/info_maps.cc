// Topics about what is mapped where.
#include <zircon/syscalls/object.h>

#include "guest/kernel/object/vmar_dispatcher.h"
#include "guest/kernel/syscall/info_topics.h"
#include "guest/kernel/vm/memory_use.h"
#include "guest/kernel/vm/region_walk.h"

namespace gk::syscall {
namespace {

using NameField = char (&)[ZX_MAX_NAME_LEN];

void SetName(NameField field, const char* name) {
  for (size_t i = 0; i < ZX_MAX_NAME_LEN - 1 && name[i] != '\0'; ++i) {
    field[i] = name[i];
  }
}

zx_vm_option_t OptionsOf(Access access) {
  return (access.read ? ZX_VM_PERM_READ : 0) | (access.write ? ZX_VM_PERM_WRITE : 0) |
         (access.execute ? ZX_VM_PERM_EXECUTE : 0);
}

zx_info_maps_t RecordOfMapping(const Mapping& mapping) {
  const size_t pages = CountPresentPages(mapping);
  zx_info_maps_t record{};
  mapping.vmo().name().CopyTo(record.name);
  record.type = ZX_INFO_MAPS_TYPE_MAPPING;
  record.u.mapping.mmu_flags = OptionsOf(mapping.access());
  record.u.mapping.vmo_koid = mapping.vmo().koid();
  record.u.mapping.vmo_offset = mapping.vmo_offset();
  record.u.mapping.committed_pages = pages;
  record.u.mapping.populated_pages = pages;
  return record;
}

zx_info_maps_t RecordOf(Region& region, size_t depth) {
  zx_info_maps_t record{};
  if (const Mapping* mapping = region.AsMapping(); mapping != nullptr) {
    record = RecordOfMapping(*mapping);
  } else {
    SetName(record.name, region.parent() == nullptr ? "root" : "region");
    record.type = ZX_INFO_MAPS_TYPE_VMAR;
  }
  record.base = region.base();
  record.size = region.size();
  record.depth = depth;
  return record;
}

// The older form says all but the last number.
zx_info_maps_v1_t AsV1(const zx_info_maps_t& record) {
  zx_info_maps_v1_t old{};
  __builtin_memcpy(&old, &record, sizeof(old));
  return old;
}

template <typename Record>
Result<> AddRecord(InfoSink& sink, const zx_info_maps_t& record) {
  if constexpr (sizeof(Record) == sizeof(zx_info_maps_v1_t)) {
    return sink.Add(AsV1(record));
  } else {
    return sink.Add(record);
  }
}

// `top_depth`: the depth that is reported for `top`. Storing a record may block; the walk can take that. Records that
// do not fit are counted without looking at pages.
template <typename Record>
Result<> AddRegions(InfoSink& sink, RefPtr<Vmar> top, size_t top_depth) {
  RegionWalk walk(std::move(top));
  for (RefPtr<Region> region = walk.Next(); region; region = walk.Next()) {
    if (sink.HasRoomFor(sizeof(Record))) {
      PAGODA_TRY(AddRecord<Record>(sink, RecordOf(*region, top_depth + walk.depth())));
    } else {
      sink.Count(1);
    }
  }
  return {};
}

template <typename Record>
Result<> InfoMaps(Caller& caller, zx_handle_t handle, InfoSink& sink) {
  PAGODA_TRY_ASSIGN(const RefPtr<ProcessDispatcher> process,
                    caller.handles().Get<ProcessDispatcher>(handle, ZX_RIGHT_READ));
  const RefPtr<AddressSpace> space = process->address_space_reference();
  if (!space->root().alive()) {
    return Error(ZX_ERR_BAD_STATE);
  }
  zx_info_maps_t record{};
  SetName(record.name, "address space");
  record.base = AddressSpace::kUserBase;
  record.size = AddressSpace::kUserEnd - AddressSpace::kUserBase;
  record.type = ZX_INFO_MAPS_TYPE_ASPACE;
  PAGODA_TRY(AddRecord<Record>(sink, record));
  return AddRegions<Record>(sink, space->root_reference(), 1);
}

}  // namespace

Result<> InfoVmar(Caller& caller, zx_handle_t handle, InfoSink& sink) {
  PAGODA_TRY_ASSIGN(const RefPtr<VmarDispatcher> vmar, caller.handles().Get<VmarDispatcher>(handle, ZX_RIGHT_INSPECT));
  return sink.SetOnly(zx_info_vmar_t{.base = vmar->vmar().base(), .len = vmar->vmar().size()});
}

Result<> InfoVmarMaps(Caller& caller, zx_handle_t handle, InfoSink& sink) {
  PAGODA_TRY_ASSIGN(const RefPtr<VmarDispatcher> vmar, caller.handles().Get<VmarDispatcher>(handle, ZX_RIGHT_INSPECT));
  if (!vmar->vmar().alive()) {
    return Error(ZX_ERR_BAD_STATE);
  }
  return AddRegions<zx_info_maps_t>(sink, RefPtr<Vmar>(&vmar->vmar()), 0);
}

Result<> InfoProcessMaps(Caller& caller, zx_handle_t handle, InfoSink& sink) {
  return InfoMaps<zx_info_maps_t>(caller, handle, sink);
}

Result<> InfoProcessMapsV1(Caller& caller, zx_handle_t handle, InfoSink& sink) {
  return InfoMaps<zx_info_maps_v1_t>(caller, handle, sink);
}

}  // namespace gk::syscall
