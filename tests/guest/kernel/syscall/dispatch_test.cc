#include "guest/kernel/syscall/dispatch.h"

#include <iterator>

#include "tests/guest/kernel/syscall/syscall_fixture.h"

namespace gk {
namespace {

using abi::Syscall;
using DispatchTest = test::SyscallTest;

TEST_F(DispatchTest, AnUnknownNumberIsABadSyscall) {
  EXPECT_EQ(Call(static_cast<Syscall>(abi::kSyscallCount)), ZX_ERR_BAD_SYSCALL);
  EXPECT_EQ(Call(static_cast<Syscall>(UINT32_MAX)), ZX_ERR_BAD_SYSCALL);
  EXPECT_EQ(Call(static_cast<Syscall>(0x8000'0000)), ZX_ERR_BAD_SYSCALL);
}

TEST_F(DispatchTest, StatusesAreSignExtended) {
  UserRegisters registers{};
  registers.rax = UINT64_MAX;
  uint64_t result = 0;
  InThread([&] { result = syscall::Dispatch({.process = *process_, .thread = *thread_}, registers); });
  EXPECT_EQ(result, static_cast<uint64_t>(int64_t{ZX_ERR_BAD_SYSCALL}));
}

TEST_F(DispatchTest, TheUpperHalfOfNarrowArgumentsIsIgnored) {
  const zx_handle_t vmo = CreateVmo(1);  // Call fills the upper halves with rubbish
  EXPECT_EQ(Call(Syscall::handle_close, vmo), ZX_OK);
}

TEST_F(DispatchTest, EveryCallSurvivesRandomArguments) {
  const zx_handle_t vmo = CreateVmo(8 * kPageSize);
  const zx_handle_t process = Add(process_, ZX_DEFAULT_PROCESS_RIGHTS);
  uint64_t state = 88172645463325252;
  const auto random = [&] {  // xorshift, with a taste for interesting values
    state ^= state << 13, state ^= state >> 7, state ^= state << 17;
    const uint64_t interesting[] = {0,     1,   4096,    UINT64_MAX, UINT32_MAX,        user_memory_,
                                    root_, vmo, process, 3,          user_memory_ + 64, state};
    return interesting[state % std::size(interesting)];
  };
  for (int round = 0; round < 5000; ++round) {
    random();
    const auto number = static_cast<Syscall>((state >> 32) % abi::kSyscallCount);
    // Those that would block for ever or end the caller have tests of their own.
    if (number == Syscall::futex_wait || number == Syscall::nanosleep || number == Syscall::object_wait_one ||
        number == Syscall::process_exit || number == Syscall::thread_exit || number == Syscall::thread_start ||
        number == Syscall::vmar_unmap || number == Syscall::vmar_protect) {
      continue;
    }
    Call(number, random(), random(), random(), random(), random(), random(), random(), random());
  }
}

TEST_F(DispatchTest, TheCpuIndexIsThatOfTheRunningCpu) { EXPECT_EQ(Call(Syscall::pagoda_cpu_index), 0); }

TEST_F(DispatchTest, YieldTakesNoOptions) {
  EXPECT_EQ(Call(Syscall::thread_yield, 0u), ZX_OK);
  EXPECT_EQ(Call(Syscall::thread_yield, 1u), ZX_ERR_INVALID_ARGS);
}

}  // namespace
}  // namespace gk
