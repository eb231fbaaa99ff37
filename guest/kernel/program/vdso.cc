#include "guest/kernel/program/vdso.h"

#include "guest/kernel/arch/syscall_trap.h"
#include "guest/kernel/sched/clock.h"
#include "guest/kernel/vm/vmo.h"
#include "guest/sdk/vdso/vdso_images.h"
#include "shared/abi/syscalls.h"
#include "shared/base/range.h"

namespace gk::program {
namespace {

using base::kPageSize;

constexpr uint64_t kCodeOffset = abi::kVdsoCodeOffset;
static_assert(kCodeOffset == kPageSize);
constexpr uint64_t kCodeSize = abi::kVdsoCodePages * kPageSize;

const unsigned char* CodeForThisHost() {
  return arch::ChosenSyscallTrap() == arch::SyscallTrap::kSyscall ? vdso_syscall_start : vdso_ud2_start;
}

MapRequest RequestFor(const RefPtr<Vmo>& vdso, uint64_t offset, uint64_t length) {
  MapRequest request{.vmo = vdso, .vmo_offset = offset, .length = length};
  request.vmo_rights = {.read = true, .write = false, .execute = true};
  return request;
}

}  // namespace

Result<RefPtr<Vmo>> CreateVdso() {
  PAGODA_TRY_ASSIGN(RefPtr<Vmo> vmo, Vmo::Create(kCodeOffset + kCodeSize, Resizability::kFixed));
  const abi::VdsoData data = ClockParameters();
  PAGODA_TRY(vmo->Write(&data, 0, sizeof(data)));
  PAGODA_TRY(vmo->Write(CodeForThisHost(), kCodeOffset, kCodeSize));
  return vmo;
}

Result<VirtualAddress> MapVdso(Vmar& root, const RefPtr<Vmo>& vdso) {
  // One mapping first, so that both pages end up side by side; then the code gets its place with its own permission.
  MapRequest whole = RequestFor(vdso, 0, kCodeOffset + kCodeSize);
  whole.options = ZX_VM_PERM_READ | ZX_VM_MAP_RANGE;
  PAGODA_TRY_ASSIGN(const VirtualAddress base, root.Map(whole));
  PAGODA_TRY(root.Unmap(base + kCodeOffset, kCodeSize));
  MapRequest code = RequestFor(vdso, kCodeOffset, kCodeSize);
  code.vmar_offset = base + kCodeOffset - root.base();
  code.options = ZX_VM_PERM_READ | ZX_VM_PERM_EXECUTE | ZX_VM_SPECIFIC | ZX_VM_MAP_RANGE;
  return root.Map(code);
}

}  // namespace gk::program
