#include "guest/kernel/syscall/thread_state.h"

#include <gtest/gtest.h>
#include <zircon/syscalls/debug.h>

#include <cstring>

namespace gk::syscall {
namespace {

template <typename T>
T Read(uint32_t kind, const arch::UserState& state) {
  T form{};
  EXPECT_EQ(FindThreadStateForm(kind)->size, sizeof(form));
  FindThreadStateForm(kind)->read(state, reinterpret_cast<std::byte*>(&form));
  return form;
}
template <typename T>
zx_status_t Write(uint32_t kind, const T& form, arch::UserState& state) {
  return StatusOf(FindThreadStateForm(kind)->write(reinterpret_cast<const std::byte*>(&form), state)).value();
}

TEST(ThreadState, GeneralRegistersComeBackAsTheyWere) {
  arch::UserState state;
  zx_thread_state_general_regs_t form{};
  auto* words = reinterpret_cast<uint64_t*>(&form);
  for (uint64_t i = 0; i < sizeof(form) / 8; ++i) {
    words[i] = 0x1000 + i;
  }
  form.rflags = 0x202;
  state.registers.rflags = 0x202;
  EXPECT_EQ(Write(ZX_THREAD_STATE_GENERAL_REGS, form, state), ZX_OK);
  const auto seen = Read<zx_thread_state_general_regs_t>(ZX_THREAD_STATE_GENERAL_REGS, state);
  EXPECT_EQ(std::memcmp(&seen, &form, sizeof(form)), 0);
  EXPECT_EQ(state.registers.rip, form.rip);
  EXPECT_EQ(state.gs_base, form.gs_base);
}

TEST(ThreadState, FlagsThatUserCodeCannotChangeStay) {
  arch::UserState state;
  state.registers.rflags = 0x202;
  zx_thread_state_general_regs_t form{};
  form.rflags = UINT64_MAX;
  EXPECT_EQ(Write(ZX_THREAD_STATE_GENERAL_REGS, form, state), ZX_OK);
  EXPECT_EQ(state.registers.rflags & 0x3200u, 0x200u) << "interrupts stay on, the I/O privilege level 0";
  form.rflags = 0;
  EXPECT_EQ(Write(ZX_THREAD_STATE_GENERAL_REGS, form, state), ZX_OK);
  EXPECT_EQ(state.registers.rflags, 0x202u);
}

TEST(ThreadState, AddressesOutsideOfUserSpaceAreRefused) {
  arch::UserState state;
  for (auto field : {&zx_thread_state_general_regs_t::rip, &zx_thread_state_general_regs_t::fs_base,
                     &zx_thread_state_general_regs_t::gs_base}) {
    zx_thread_state_general_regs_t form{};
    form.rax = 1;
    form.*field = uint64_t{1} << 47;
    EXPECT_EQ(Write(ZX_THREAD_STATE_GENERAL_REGS, form, state), ZX_ERR_INVALID_ARGS);
  }
  EXPECT_EQ(state.registers.rax, 0u);
}

TEST(ThreadState, FloatingPointAndVectorRegistersDoNotTouchEachOther) {
  arch::UserState state;
  zx_thread_state_vector_regs_t vector{};
  vector.mxcsr = 0x1f80;
  vector.zmm[15].v[1] = 15;
  EXPECT_EQ(Write(ZX_THREAD_STATE_VECTOR_REGS, vector, state), ZX_OK);
  zx_thread_state_fp_regs_t fp{};
  fp.fcw = 0x37f;
  fp.fdp = 7;
  fp.st[7].high = 0x3fff;
  EXPECT_EQ(Write(ZX_THREAD_STATE_FP_REGS, fp, state), ZX_OK);
  const auto seen = Read<zx_thread_state_vector_regs_t>(ZX_THREAD_STATE_VECTOR_REGS, state);
  EXPECT_EQ(seen.mxcsr, 0x1f80u);
  EXPECT_EQ(seen.zmm[15].v[1], 15u);
  const auto seen_fp = Read<zx_thread_state_fp_regs_t>(ZX_THREAD_STATE_FP_REGS, state);
  EXPECT_EQ(seen_fp.fcw, 0x37f);
  EXPECT_EQ(seen_fp.fdp, 7u);
  EXPECT_EQ(seen_fp.st[7].high, 0x3fffu);
}

TEST(ThreadState, ReservedBitsOfTheVectorControlAreRefused) {
  arch::UserState state;
  zx_thread_state_vector_regs_t vector{};
  vector.mxcsr = 1u << 31;
  vector.zmm[0].v[0] = 1;
  EXPECT_EQ(Write(ZX_THREAD_STATE_VECTOR_REGS, vector, state), ZX_ERR_INVALID_ARGS);
  EXPECT_EQ(Read<zx_thread_state_vector_regs_t>(ZX_THREAD_STATE_VECTOR_REGS, state).zmm[0].v[0], 0u);
}

TEST(ThreadState, OtherKindsDoNotExist) {
  EXPECT_EQ(FindThreadStateForm(ZX_THREAD_STATE_DEBUG_REGS), nullptr);
  EXPECT_EQ(FindThreadStateForm(99), nullptr);
}

}  // namespace
}  // namespace gk::syscall
