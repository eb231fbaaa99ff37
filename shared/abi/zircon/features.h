// What the processor and the kernel offer (zx_system_get_features).
#pragma once

#include <stdint.h>

#define ZX_FEATURE_KIND_CPU ((uint32_t)0)
#define ZX_FEATURE_KIND_HW_BREAKPOINT_COUNT ((uint32_t)1)
#define ZX_FEATURE_KIND_HW_WATCHPOINT_COUNT ((uint32_t)2)
#define ZX_FEATURE_KIND_ADDRESS_TAGGING ((uint32_t)3)
#define ZX_FEATURE_KIND_VM ((uint32_t)4)

// Of ZX_FEATURE_KIND_CPU, on every architecture.
#define ZX_HAS_CPU_FEATURES ((uint32_t)(1u << 0))
// Of ZX_FEATURE_KIND_VM: code can be mapped so that it runs but cannot be read.
#define ZX_VM_FEATURE_CAN_MAP_XOM ((uint32_t)(1u << 0))
