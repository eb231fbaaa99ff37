// What the kernel gave the process at its start.
#pragma once

#include <zircon/types.h>

#if defined(__cplusplus)
extern "C" {
#endif

// Handles that belong to the process and are never closed by their users.
zx_handle_t zx_process_self(void);
zx_handle_t zx_vmar_root_self(void);
// The resource that grants all that the machine has to grant, and the one for the run of physical memory that the
// kernel sets aside for programs (ZX_INFO_RESOURCE tells where it is; ZX_HANDLE_INVALID: there is none). Given to the
// first program only.
zx_handle_t pagoda_root_resource(void);
zx_handle_t pagoda_mmio_resource(void);
// The job that the process belongs to: the root of all.
zx_handle_t zx_job_default(void);
// The vDSO, for processes that this one makes: a page of data, and from the second page on the code. Mapped as a whole,
// readable and executable, it makes system calls from there.
zx_handle_t pagoda_vdso_vmo(void);
// The handle of the thread that runs main, from whatever thread it is asked.
zx_handle_t pagoda_main_thread(void);

#if defined(__cplusplus)
}
#endif
