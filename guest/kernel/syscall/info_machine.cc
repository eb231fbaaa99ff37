// Topics about the machine: resources, devices and memory as a whole.
#include <zircon/syscalls/object.h>

#include "guest/kernel/lib/page_heap.h"
#include "guest/kernel/object/bti_dispatcher.h"
#include "guest/kernel/object/resource_dispatcher.h"
#include "guest/kernel/syscall/info_topics.h"
#include "guest/kernel/vm/discardable.h"
#include "guest/kernel/vm/pmm.h"
#include "guest/kernel/vm/reclaim.h"

namespace gk::syscall {
namespace {

constexpr ResourceRange kMayLook = {ZX_RSRC_KIND_SYSTEM, ZX_RSRC_SYSTEM_INFO_BASE, 1};

// The extended form has everything that the other has. Pages that could be asked for again stand in one order, so there
// are no newest ones to tell from others; the oldest are those that programs do not need. Nobody can disable reclaim
// for an object. Messages lie on the heap and count there: there is no other
// memory for `ipc_bytes` to tell.
zx_info_kmem_stats_extended_t MemoryInBytes() {
  const PmmStatistics pages = GetPmmStatistics();
  const uint64_t other = pages.total_pages - pages.free_pages - pages.wired_pages - pages.heap_pages -
                         pages.object_pages - pages.table_pages;
  zx_info_kmem_stats_extended_t bytes{};
  bytes.total_bytes = pages.total_pages * kPageSize;
  bytes.free_bytes = pages.free_pages * kPageSize;
  bytes.wired_bytes = pages.wired_pages * kPageSize;
  bytes.total_heap_bytes = pages.heap_pages * kPageSize;
  bytes.free_heap_bytes = page_heap::GetStatistics().free_bytes;
  bytes.vmo_bytes = pages.object_pages * kPageSize;
  const reclaim::PageStatistics fetched = reclaim::GetPageStatistics();
  bytes.vmo_pager_total_bytes = fetched.pages * kPageSize;
  bytes.vmo_pager_oldest_bytes = fetched.not_needed_pages * kPageSize;
  const Discardable::PageStatistics discardable = Discardable::GetPageStatistics();
  bytes.vmo_discardable_locked_bytes = discardable.locked_pages * kPageSize;
  bytes.vmo_discardable_unlocked_bytes = discardable.unlocked_pages * kPageSize;
  bytes.mmu_overhead_bytes = pages.table_pages * kPageSize;
  bytes.other_bytes = other * kPageSize;
  return bytes;
}

}  // namespace

Result<> InfoResource(Caller& caller, zx_handle_t handle, InfoSink& sink) {
  PAGODA_TRY_ASSIGN(const RefPtr<ResourceDispatcher> resource,
                    caller.handles().Get<ResourceDispatcher>(handle, ZX_RIGHT_INSPECT));
  const ResourceRange& range = resource->range();
  zx_info_resource_t info{.kind = range.kind,
                          .flags = resource->exclusive() ? ZX_RSRC_FLAG_EXCLUSIVE : 0,
                          .base = range.base,
                          .size = range.size,
                          .name = {}};
  resource->name()->CopyTo(info.name);
  return sink.SetOnly(info);
}

// Devices see physical addresses, page by page.
Result<> InfoBti(Caller& caller, zx_handle_t handle, InfoSink& sink) {
  PAGODA_TRY_ASSIGN(const RefPtr<BtiDispatcher> bti, caller.handles().Get<BtiDispatcher>(handle, ZX_RIGHT_INSPECT));
  return sink.SetOnly(zx_info_bti_t{.minimum_contiguity = kPageSize,
                                    .aspace_size = UINT64_MAX,
                                    .pmo_count = bti->token_count(),
                                    .quarantine_count = bti->quarantine_count()});
}

Result<> InfoKmemStats(Caller& caller, zx_handle_t handle, InfoSink& sink) {
  PAGODA_TRY(RequireResource(caller.handles(), handle, kMayLook));
  const zx_info_kmem_stats_extended_t all = MemoryInBytes();
  return sink.SetOnly(zx_info_kmem_stats_t{.total_bytes = all.total_bytes,
                                           .free_bytes = all.free_bytes,
                                           .wired_bytes = all.wired_bytes,
                                           .total_heap_bytes = all.total_heap_bytes,
                                           .free_heap_bytes = all.free_heap_bytes,
                                           .vmo_bytes = all.vmo_bytes,
                                           .mmu_overhead_bytes = all.mmu_overhead_bytes,
                                           .ipc_bytes = all.ipc_bytes,
                                           .other_bytes = all.other_bytes});
}

Result<> InfoKmemStatsExtended(Caller& caller, zx_handle_t handle, InfoSink& sink) {
  PAGODA_TRY(RequireResource(caller.handles(), handle, kMayLook));
  return sink.SetOnly(MemoryInBytes());
}

}  // namespace gk::syscall
