// Calls that Zircon keeps apart because they may still change. Here they are as good as any other.
#pragma once

#include <zircon/syscalls.h>
#include <zircon/syscalls/pager.h>

#if defined(__cplusplus)
extern "C" {
#endif

// Stores as many of the VMO's dirty ranges as fit into `buffer` (zx_vmo_dirty_range_t), in order; `avail`, which like
// `actual` may be NULL, says how many there are.
zx_status_t zx_pager_query_dirty_ranges(zx_handle_t pager, zx_handle_t pager_vmo, uint64_t offset, uint64_t length,
                                        void* buffer, size_t buffer_size, size_t* actual, size_t* avail);
// Stores a zx_pager_vmo_stats_t. `options` is 0 or ZX_PAGER_RESET_VMO_STATS.
zx_status_t zx_pager_query_vmo_stats(zx_handle_t pager, zx_handle_t pager_vmo, uint32_t options, void* buffer,
                                     size_t buffer_size);

#if defined(__cplusplus)
}
#endif
