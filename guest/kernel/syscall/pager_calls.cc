// Calls of programs that supply the pages of VMOs themselves.
#include "guest/kernel/object/pager_dispatcher.h"
#include "guest/kernel/syscall/calls.h"

namespace gk::syscall {
namespace {

Result<> CreatePager(Caller& caller, uint32_t options, UserOut<zx_handle_t> out) {
  if (options != 0) {
    return Error(ZX_ERR_INVALID_ARGS);
  }
  PAGODA_TRY(CheckPolicy(caller, ZX_POL_NEW_PAGER));
  RefPtr<PagerDispatcher> pager = PagerDispatcher::Create();
  if (!pager) {
    return Error(ZX_ERR_NO_MEMORY);
  }
  return GiveHandle(caller, out, Handle(std::move(pager), ZX_DEFAULT_PAGER_RIGHTS));
}

}  // namespace

Status pager_create(Caller& caller, uint32_t options, UserOut<zx_handle_t> out) {
  return StatusOf(CreatePager(caller, options, out));
}

}  // namespace gk::syscall
