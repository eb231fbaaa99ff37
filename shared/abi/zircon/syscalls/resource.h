// Resources: what a program may have of the machine itself (zx_resource_create).
#pragma once

#include <zircon/types.h>

// NOLINTBEGIN(modernize-use-using)

typedef uint32_t zx_rsrc_kind_t;
typedef uint32_t zx_rsrc_flags_t;

#define ZX_RSRC_KIND_MMIO ((zx_rsrc_kind_t)0u)
#define ZX_RSRC_KIND_IRQ ((zx_rsrc_kind_t)1u)
#define ZX_RSRC_KIND_IOPORT ((zx_rsrc_kind_t)2u)
#define ZX_RSRC_KIND_ROOT ((zx_rsrc_kind_t)3u)
#define ZX_RSRC_KIND_SMC ((zx_rsrc_kind_t)4u)
#define ZX_RSRC_KIND_SYSTEM ((zx_rsrc_kind_t)5u)
#define ZX_RSRC_KIND_COUNT ((zx_rsrc_kind_t)6u)

// The base of a ZX_RSRC_KIND_SYSTEM resource says what it allows; its size is 1.
typedef uint64_t zx_rsrc_system_base_t;
#define ZX_RSRC_SYSTEM_HYPERVISOR_BASE ((uint64_t)0u)
#define ZX_RSRC_SYSTEM_VMEX_BASE ((uint64_t)1u)
#define ZX_RSRC_SYSTEM_DEBUG_BASE ((uint64_t)2u)
#define ZX_RSRC_SYSTEM_INFO_BASE ((uint64_t)3u)
#define ZX_RSRC_SYSTEM_CPU_BASE ((uint64_t)4u)
#define ZX_RSRC_SYSTEM_POWER_BASE ((uint64_t)5u)
#define ZX_RSRC_SYSTEM_MEXEC_BASE ((uint64_t)6u)
#define ZX_RSRC_SYSTEM_ENERGY_INFO_BASE ((uint64_t)7u)
#define ZX_RSRC_SYSTEM_IOMMU_BASE ((uint64_t)8u)
#define ZX_RSRC_SYSTEM_FRAMEBUFFER_BASE ((uint64_t)9u)
#define ZX_RSRC_SYSTEM_PROFILE_BASE ((uint64_t)10u)
#define ZX_RSRC_SYSTEM_MSI_BASE ((uint64_t)11u)
#define ZX_RSRC_SYSTEM_DEBUGLOG_BASE ((uint64_t)12u)
#define ZX_RSRC_SYSTEM_STALL_BASE ((uint64_t)13u)
#define ZX_RSRC_SYSTEM_TRACING_BASE ((uint64_t)14u)
#define ZX_RSRC_SYSTEM_COUNT ((uint64_t)15u)

// The options of zx_resource_create: a kind and flags.
#define ZX_RSRC_FLAG_EXCLUSIVE ((zx_rsrc_flags_t)0x00010000u)
#define ZX_RSRC_FLAGS_MASK ((zx_rsrc_flags_t)ZX_RSRC_FLAG_EXCLUSIVE)
#define ZX_RSRC_EXTRACT_KIND(x) ((x)&0x0000FFFFu)
#define ZX_RSRC_EXTRACT_FLAGS(x) ((x)&0xFFFF0000u)

// Topic ZX_INFO_RESOURCE.
typedef struct zx_info_resource {
  zx_rsrc_kind_t kind;
  uint32_t flags;
  uint64_t base;
  size_t size;
  char name[ZX_MAX_NAME_LEN];
} zx_info_resource_t;

// NOLINTEND(modernize-use-using)

#if defined(__cplusplus)
static_assert(sizeof(zx_info_resource_t) == 56);
#endif
