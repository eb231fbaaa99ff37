// Operations of a pager on the VMOs that it backs (zx_pager_op_range and the queries).
#pragma once

#include <zircon/types.h>

// NOLINTBEGIN(modernize-use-using)

// Operations of zx_pager_op_range.
#define ZX_PAGER_OP_FAIL ((uint32_t)1u)
#define ZX_PAGER_OP_DIRTY ((uint32_t)2u)
#define ZX_PAGER_OP_WRITEBACK_BEGIN ((uint32_t)3u)
#define ZX_PAGER_OP_WRITEBACK_END ((uint32_t)4u)

// An option of a dirty range, and data of ZX_PAGER_OP_WRITEBACK_BEGIN.
#define ZX_VMO_DIRTY_RANGE_IS_ZERO ((uint64_t)1u)

typedef struct zx_vmo_dirty_range {
  uint64_t offset;  // bytes, page-aligned, as is the length
  uint64_t length;
  uint64_t options;
} zx_vmo_dirty_range_t;

// Option of zx_pager_query_vmo_stats, and a bit of the answer.
#define ZX_PAGER_RESET_VMO_STATS ((uint32_t)1u)
#define ZX_PAGER_VMO_STATS_MODIFIED ((uint32_t)1u)

typedef struct zx_pager_vmo_stats {
  uint32_t modified;
} zx_pager_vmo_stats_t;

// NOLINTEND(modernize-use-using)

#if defined(__cplusplus)
static_assert(sizeof(zx_vmo_dirty_range_t) == 24);
static_assert(sizeof(zx_pager_vmo_stats_t) == 4);
#endif
