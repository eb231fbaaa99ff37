// The vDSO in a process: a page of clock parameters and, directly behind it, the page of code that knows how to enter
// the kernel.
#pragma once

#include "guest/kernel/arch/types.h"
#include "guest/kernel/lib/ref_ptr.h"
#include "guest/kernel/lib/status.h"
#include "guest/kernel/vm/vmar.h"
#include "guest/kernel/vm/vmo.h"

namespace gk::program {

// A VMO with the two pages, in the variant that fits the host. All processes may share it. ZX_ERR_NO_MEMORY.
Result<RefPtr<Vmo>> CreateVdso();

// Maps it somewhere in `root`, never writable. Returns the address of the code. ZX_ERR_NO_MEMORY.
Result<VirtualAddress> MapVdso(Vmar& root, const RefPtr<Vmo>& vdso);

}  // namespace gk::program
