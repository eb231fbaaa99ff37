// The topic ZX_INFO_PROCESS_VMOS in all its versions: what a process can reach through handles, then through mappings.
#include <zircon/syscalls/object.h>

#include <array>

#include "guest/kernel/object/vmo_dispatcher.h"
#include "guest/kernel/syscall/info_topics.h"
#include "guest/kernel/syscall/vmo_record.h"
#include "guest/kernel/vm/region_walk.h"

namespace gk::syscall {
namespace {

// Older forms are the beginning of newer ones.
template <typename Record>
Result<> AddRecord(InfoSink& sink, const zx_info_vmo_t& info) {
  Record record{};
  static_assert(sizeof(record) <= sizeof(info));
  __builtin_memcpy(&record, &info, sizeof(record));
  return sink.Add(record);
}

struct HeldVmo {
  RefPtr<VmoDispatcher> vmo;
  zx_rights_t rights;
};

// Storing a record may block and the table change meanwhile, so handles are gathered piece by piece: one that comes or
// goes may be missing, or make another one appear twice. When there is no room left the rest is counted.
template <typename Record>
Result<> AddHandles(InfoSink& sink, ProcessDispatcher& process) {
  std::array<HeldVmo, 16> piece;
  for (size_t start = 0;; start += piece.size()) {
    size_t found = 0;
    process.handles().ForEach([&](const Handle& handle) {
      RefPtr<VmoDispatcher> vmo = DownCast<VmoDispatcher>(handle.object());
      if (vmo && found++ >= start && found <= start + piece.size()) {
        piece[found - 1 - start] = {std::move(vmo), handle.rights()};
      }
    });
    const size_t count = found > start ? found - start : 0;
    for (size_t i = 0; i < count && i < piece.size(); ++i) {
      if (!sink.HasRoomFor(sizeof(Record))) {
        sink.Count(count - i);
        return {};
      }
      zx_info_vmo_t info = DescribeVmo(piece[i].vmo->vmo());
      info.flags |= ZX_INFO_VMO_VIA_HANDLE;
      info.handle_rights = piece[i].rights;
      PAGODA_TRY(AddRecord<Record>(sink, info));
    }
    if (count <= piece.size()) {
      return {};
    }
  }
}

template <typename Record>
Result<> AddMappings(InfoSink& sink, RefPtr<Vmar> root) {
  RegionWalk walk(std::move(root));
  for (RefPtr<Region> region = walk.Next(); region; region = walk.Next()) {
    const Mapping* mapping = region->AsMapping();
    if (mapping == nullptr) {
      continue;
    }
    if (!sink.HasRoomFor(sizeof(Record))) {
      sink.Count(1);
      continue;
    }
    zx_info_vmo_t info = DescribeVmo(mapping->vmo());
    info.flags |= ZX_INFO_VMO_VIA_MAPPING;
    PAGODA_TRY(AddRecord<Record>(sink, info));
  }
  return {};
}

template <typename Record>
Result<> InfoVmos(Caller& caller, zx_handle_t handle, InfoSink& sink) {
  PAGODA_TRY_ASSIGN(const RefPtr<ProcessDispatcher> process,
                    caller.handles().Get<ProcessDispatcher>(handle, ZX_RIGHT_READ));
  const RefPtr<AddressSpace> space = process->address_space_reference();
  if (!space->root().alive()) {
    return Error(ZX_ERR_BAD_STATE);
  }
  PAGODA_TRY(AddHandles<Record>(sink, *process));
  return AddMappings<Record>(sink, space->root_reference());
}

}  // namespace

Result<> InfoProcessVmos(Caller& caller, zx_handle_t handle, InfoSink& sink) {
  return InfoVmos<zx_info_vmo_t>(caller, handle, sink);
}

Result<> InfoProcessVmosV1(Caller& caller, zx_handle_t handle, InfoSink& sink) {
  return InfoVmos<zx_info_vmo_v1_t>(caller, handle, sink);
}

Result<> InfoProcessVmosV2(Caller& caller, zx_handle_t handle, InfoSink& sink) {
  return InfoVmos<zx_info_vmo_v2_t>(caller, handle, sink);
}

Result<> InfoProcessVmosV3(Caller& caller, zx_handle_t handle, InfoSink& sink) {
  return InfoVmos<zx_info_vmo_v3_t>(caller, handle, sink);
}

}  // namespace gk::syscall
