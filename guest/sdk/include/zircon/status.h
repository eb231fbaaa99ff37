// Names of status codes.
#pragma once

#include <zircon/types.h>

#if defined(__cplusplus)
extern "C" {
#endif

// "ZX_ERR_NOT_FOUND" for -25 and so on; "(UNKNOWN)" for a number that is no status. The string is static.
const char* zx_status_get_string(zx_status_t status);

#if defined(__cplusplus)
}
#endif
