// How every call of a pager on one of its VMOs begins: which pager, which VMO, and whether the one made the other.
#pragma once

#include <zircon/syscalls/pager.h>

#include "guest/kernel/object/pager_dispatcher.h"
#include "guest/kernel/object/vmo_dispatcher.h"
#include "guest/kernel/syscall/calls.h"

namespace gk::syscall {

// A handle and what the call needs it to permit.
struct Wanted {
  zx_handle_t handle;
  zx_rights_t rights;
};

// The VMO that `pager` made. The pager's handle, type and rights, then the VMO's; ZX_ERR_INVALID_ARGS: the VMO is
// another pager's or none's, or is only a child of one that this pager made.
inline Result<RefPtr<VmoDispatcher>> GetPagerVmo(Caller& caller, Wanted pager, Wanted vmo) {
  PAGODA_TRY_ASSIGN(const RefPtr<PagerDispatcher> maker,
                    caller.handles().Get<PagerDispatcher>(pager.handle, pager.rights));
  PAGODA_TRY_ASSIGN(RefPtr<VmoDispatcher> made, caller.handles().Get<VmoDispatcher>(vmo.handle, vmo.rights));
  return made->pager_koid() == maker->koid() ? Result<RefPtr<VmoDispatcher>>(std::move(made))
                                             : Error(ZX_ERR_INVALID_ARGS);
}

}  // namespace gk::syscall
