#include "guest/kernel/syscall/thread_state.h"

#include <string.h>
#include <zircon/syscalls/debug.h>

#include "guest/kernel/vm/address_space.h"

namespace gk::syscall {
namespace {

// FXSAVE's layout, SDM volume 1, table 10-2.
constexpr size_t kMxcsrOffset = 24;
constexpr size_t kMxcsrMaskOffset = 28;
constexpr size_t kStOffset = 32;
constexpr size_t kXmmOffset = 160;
constexpr size_t kXmmSize = 16;
constexpr size_t kXmmCount = 16;
// What of MXCSR exists where the CPU does not say (SDM volume 1, section 11.6.6).
constexpr uint32_t kDefaultMxcsrMask = 0xffbf;

// The flags that user code may set for itself: CF PF AF ZF SF TF DF OF NT AC ID (SDM volume 1, section 3.4.3).
constexpr uint64_t kUserFlags = 0x254dd5;

template <typename T>
T Load(const std::byte* from) {
  T value;
  memcpy(&value, from, sizeof(value));
  return value;
}

// Registers that would fault in ring 0 on the way back must not get there. The stack pointer has no such rule.
bool IsUserAddress(uint64_t address) { return address < AddressSpace::kUserEnd; }

void ReadGeneral(const arch::UserState& state, std::byte* to) {
  const UserRegisters& r = state.registers;
  const zx_thread_state_general_regs_t form{.rax = r.rax,
                                            .rbx = r.rbx,
                                            .rcx = r.rcx,
                                            .rdx = r.rdx,
                                            .rsi = r.rsi,
                                            .rdi = r.rdi,
                                            .rbp = r.rbp,
                                            .rsp = r.rsp,
                                            .r8 = r.r8,
                                            .r9 = r.r9,
                                            .r10 = r.r10,
                                            .r11 = r.r11,
                                            .r12 = r.r12,
                                            .r13 = r.r13,
                                            .r14 = r.r14,
                                            .r15 = r.r15,
                                            .rip = r.rip,
                                            .rflags = r.rflags,
                                            .fs_base = state.fs_base,
                                            .gs_base = state.gs_base};
  memcpy(to, &form, sizeof(form));
}

Result<> WriteGeneral(const std::byte* from, arch::UserState& state) {
  const auto form = Load<zx_thread_state_general_regs_t>(from);
  if (!IsUserAddress(form.rip) || !IsUserAddress(form.fs_base) || !IsUserAddress(form.gs_base)) {
    return Error(ZX_ERR_INVALID_ARGS);
  }
  const uint64_t flags = (form.rflags & kUserFlags) | (state.registers.rflags & ~kUserFlags);
  state.registers = {.rax = form.rax,
                     .rbx = form.rbx,
                     .rcx = form.rcx,
                     .rdx = form.rdx,
                     .rsi = form.rsi,
                     .rdi = form.rdi,
                     .rbp = form.rbp,
                     .rsp = form.rsp,
                     .r8 = form.r8,
                     .r9 = form.r9,
                     .r10 = form.r10,
                     .r11 = form.r11,
                     .r12 = form.r12,
                     .r13 = form.r13,
                     .r14 = form.r14,
                     .r15 = form.r15,
                     .rip = form.rip,
                     .rflags = flags};
  state.fs_base = form.fs_base;
  state.gs_base = form.gs_base;
  return {};
}

// The two begin alike, up to the last data pointer.
constexpr size_t kFpHeadSize = offsetof(zx_thread_state_fp_regs_t, padding1);
static_assert(kFpHeadSize == kMxcsrOffset);

void ReadFp(const arch::UserState& state, std::byte* to) {
  zx_thread_state_fp_regs_t form{};
  memcpy(&form, state.fxsave, kFpHeadSize);
  memcpy(form.st, state.fxsave + kStOffset, sizeof(form.st));
  memcpy(to, &form, sizeof(form));
}

Result<> WriteFp(const std::byte* from, arch::UserState& state) {
  const auto form = Load<zx_thread_state_fp_regs_t>(from);
  memcpy(state.fxsave, &form, kFpHeadSize);
  memcpy(state.fxsave + kStOffset, form.st, sizeof(form.st));
  return {};
}

void ReadVector(const arch::UserState& state, std::byte* to) {
  zx_thread_state_vector_regs_t form{};
  for (size_t i = 0; i < kXmmCount; ++i) {
    memcpy(&form.zmm[i], state.fxsave + kXmmOffset + i * kXmmSize, kXmmSize);
  }
  memcpy(&form.mxcsr, state.fxsave + kMxcsrOffset, sizeof(form.mxcsr));
  memcpy(to, &form, sizeof(form));
}

// Programs run with SSE only, so what is wider is ignored.
Result<> WriteVector(const std::byte* from, arch::UserState& state) {
  const auto form = Load<zx_thread_state_vector_regs_t>(from);
  uint32_t mask = 0;
  memcpy(&mask, state.fxsave + kMxcsrMaskOffset, sizeof(mask));
  if ((form.mxcsr & ~(mask != 0 ? mask : kDefaultMxcsrMask)) != 0) {
    return Error(ZX_ERR_INVALID_ARGS);  // FXRSTOR would fault
  }
  for (size_t i = 0; i < kXmmCount; ++i) {
    memcpy(state.fxsave + kXmmOffset + i * kXmmSize, &form.zmm[i], kXmmSize);
  }
  memcpy(state.fxsave + kMxcsrOffset, &form.mxcsr, sizeof(form.mxcsr));
  return {};
}

constexpr ThreadStateForm kForms[] = {
    {ZX_THREAD_STATE_GENERAL_REGS, sizeof(zx_thread_state_general_regs_t), &ReadGeneral, &WriteGeneral},
    {ZX_THREAD_STATE_FP_REGS, sizeof(zx_thread_state_fp_regs_t), &ReadFp, &WriteFp},
    {ZX_THREAD_STATE_VECTOR_REGS, sizeof(zx_thread_state_vector_regs_t), &ReadVector, &WriteVector},
};
static_assert(sizeof(zx_thread_state_vector_regs_t) == kMaxThreadStateSize);

}  // namespace

const ThreadStateForm* FindThreadStateForm(uint32_t kind) {
  for (const ThreadStateForm& form : kForms) {
    if (form.kind == kind) {
      return &form;
    }
  }
  return nullptr;
}

}  // namespace gk::syscall
