// Kinds of IOMMU and how one is described (zx_iommu_create).
#pragma once

#include <zircon/types.h>

// NOLINTBEGIN(modernize-use-using)

#define ZX_IOMMU_TYPE_DUMMY ((uint32_t)0u)  // devices see physical addresses
#define ZX_IOMMU_TYPE_INTEL ((uint32_t)1u)

typedef struct zx_iommu_desc_dummy {
  uint8_t reserved;
} zx_iommu_desc_dummy_t;

// NOLINTEND(modernize-use-using)

#if defined(__cplusplus)
static_assert(sizeof(zx_iommu_desc_dummy_t) == 1);
#endif
