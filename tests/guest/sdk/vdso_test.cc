// The vDSO page, mapped into this process as the kernel maps it into a program: data page below, code above.
//
// The `ud2` variant can be run here: the handler of SIGILL plays the kernel. It records what arrived, destroys what a
// kernel may destroy, and resumes behind the instruction.
#include "guest/sdk/vdso/vdso_images.h"

#include <signal.h>
#include <sys/mman.h>
#include <ucontext.h>

#include <array>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>

#include <gtest/gtest.h>

#include "shared/abi/syscalls.h"
#include "shared/base/range.h"

namespace {

namespace abi = pagoda::abi;

constexpr size_t kCodeSize = abi::kVdsoCodePages * base::kPageSize;
constexpr int64_t kMarker = -0x1122334455667788;

// What the last trap brought: the call's number and the registers of its arguments, in order.
struct Trap {
  uint64_t number;
  std::array<uint64_t, 8> arguments;
  int count;
};
Trap g_trap;

void OnTrap(int /*signal*/, siginfo_t* /*info*/, void* context) {
  auto& registers = static_cast<ucontext_t*>(context)->uc_mcontext.gregs;
  auto value = [&](int index) { return static_cast<uint64_t>(registers[index]); };
  g_trap.number = value(REG_RAX);
  g_trap.arguments = {value(REG_RDI), value(REG_RSI), value(REG_RDX), value(REG_R10),
                      value(REG_R8),  value(REG_R9),  value(REG_R12), value(REG_R13)};
  ++g_trap.count;
  registers[REG_RCX] = -1;
  registers[REG_R11] = -1;
  registers[REG_RAX] = kMarker;
  registers[REG_RIP] += 2;
}

// A process's view of the vDSO.
class MappedVdso {
 public:
  explicit MappedVdso(const unsigned char* code) {
    memory_ =
        static_cast<unsigned char*>(mmap(nullptr, kSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    memcpy(this->code(), code, kCodeSize);
    mprotect(this->code(), kCodeSize, PROT_READ | PROT_EXEC);
  }
  MappedVdso(const MappedVdso&) = delete;
  MappedVdso& operator=(const MappedVdso&) = delete;
  ~MappedVdso() { munmap(memory_, kSize); }

  unsigned char* code() { return memory_ + base::kPageSize; }
  void SetData(const abi::VdsoData& data) { memcpy(memory_, &data, sizeof(data)); }

  template <typename Function>
  Function* Slot(uint64_t index) {
    return reinterpret_cast<Function*>(code() + abi::kVdsoEntriesOffset + index * abi::kVdsoEntrySize);
  }
  int64_t Call(abi::VdsoFunction function) {
    return Slot<int64_t()>(abi::kSyscallCount + static_cast<uint32_t>(function))();
  }

 private:
  static constexpr size_t kSize = base::kPageSize + kCodeSize;
  unsigned char* memory_;
};

class TrapHandler {
 public:
  TrapHandler() {
    struct sigaction action = {};
    action.sa_sigaction = OnTrap;
    action.sa_flags = SA_SIGINFO;
    sigaction(SIGILL, &action, &previous_);
    g_trap = {};
  }
  TrapHandler(const TrapHandler&) = delete;
  TrapHandler& operator=(const TrapHandler&) = delete;
  ~TrapHandler() { sigaction(SIGILL, &previous_, nullptr); }

 private:
  struct sigaction previous_;
};

constexpr uint32_t kArgumentCounts[] = {
#define ARGUMENT_COUNT(name, arguments) arguments,
    PAGODA_SYSCALLS(ARGUMENT_COUNT)
#undef ARGUMENT_COUNT
};

uint64_t ReadTsc() { return __builtin_ia32_rdtsc(); }

TEST(Vdso, EachVariantIsExactlyTheCodePagesThatTheContractPromises) {
  EXPECT_EQ(static_cast<uint64_t>(vdso_syscall_end - vdso_syscall_start), abi::kVdsoCodePages * base::kPageSize);
  EXPECT_EQ(static_cast<uint64_t>(vdso_ud2_end - vdso_ud2_start), abi::kVdsoCodePages * base::kPageSize);
  EXPECT_TRUE(base::IsPageAligned(reinterpret_cast<uintptr_t>(vdso_syscall_start)));
  EXPECT_TRUE(base::IsPageAligned(reinterpret_cast<uintptr_t>(vdso_ud2_start)));
}

TEST(Vdso, VariantsDifferOnlyInOneTrapInstructionPerSystemCall) {
  uint32_t traps = 0;
  for (size_t i = 0; i < kCodeSize; ++i) {
    if (vdso_syscall_start[i] == vdso_ud2_start[i]) {
      continue;
    }
    ASSERT_GT(i, 0U);
    EXPECT_EQ(vdso_syscall_start[i - 1], 0x0f);
    EXPECT_EQ(vdso_syscall_start[i], 0x05) << "syscall is 0f 05";
    EXPECT_EQ(vdso_ud2_start[i], 0x0b) << "ud2 is 0f 0b";
    EXPECT_EQ(i / abi::kVdsoEntrySize, traps) << "each slot has its own trap";
    ++traps;
  }
  EXPECT_EQ(traps, abi::kSyscallCount);
}

TEST(Vdso, EverySlotPassesItsNumberAndAllItsArguments) {
  MappedVdso vdso(vdso_ud2_start);
  TrapHandler handler;
  using Call = int64_t(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t);
  for (uint32_t number = 0; number < abi::kSyscallCount; ++number) {
    SCOPED_TRACE("system call " + std::to_string(number));
    EXPECT_EQ(vdso.Slot<Call>(number)(101, 102, 103, 104, 105, 106, 107, 108), kMarker);
    EXPECT_EQ(g_trap.number, number);
    for (uint32_t i = 0; i < kArgumentCounts[number]; ++i) {
      EXPECT_EQ(g_trap.arguments[i], 101 + i);
    }
  }
  EXPECT_EQ(g_trap.count, static_cast<int>(abi::kSyscallCount)) << "one trap each, and no other";
}

// Calls `target` with r12 and r13 set to what is given and returns them as they are afterwards.
struct Preserved {
  uint64_t r12, r13;
};
Preserved CallWithPreserved(void* target, Preserved values) {
  register uint64_t r12 asm("r12") = values.r12;
  register uint64_t r13 asm("r13") = values.r13;
  uint64_t result = 0;
  // SAFETY: the red zone is skipped, then eight words that the callee may take for stack arguments are pushed.
  asm volatile(
      "sub $128, %%rsp\n"
      "push $8\n push $7\n push $8\n push $7\n"
      "call *%[target]\n"
      "add $160, %%rsp\n"
      : "=a"(result), "+r"(r12), "+r"(r13)
      : [target] "b"(target)
      : "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "memory", "cc");
  return {r12, r13};
}

TEST(Vdso, CalleeSavedRegistersSurviveEveryCall) {
  MappedVdso vdso(vdso_ud2_start);
  TrapHandler handler;
  for (uint32_t number = 0; number < abi::kSyscallCount; ++number) {
    const Preserved after = CallWithPreserved(vdso.code() + number * abi::kVdsoEntrySize, {0xaaaa, 0xbbbb});
    EXPECT_EQ(after.r12, 0xaaaaU) << "system call " << number;
    EXPECT_EQ(after.r13, 0xbbbbU) << "system call " << number;
  }
}

TEST(VdsoClock, TicksAreTheTimeStampCounter) {
  MappedVdso vdso(vdso_syscall_start);
  const uint64_t before = ReadTsc();
  const auto ticks = static_cast<uint64_t>(vdso.Call(abi::VdsoFunction::kTicksGet));
  EXPECT_GE(ticks, before);
  EXPECT_LE(ticks, ReadTsc());
}

TEST(VdsoClock, TicksPerSecondComeFromTheDataPage) {
  MappedVdso vdso(vdso_syscall_start);
  abi::VdsoData data = {};
  data.ticks_per_second = 2'700'000'001;
  vdso.SetData(data);
  EXPECT_EQ(vdso.Call(abi::VdsoFunction::kTicksPerSecond), 2'700'000'001);
}

// What the contract's formula gives for a TSC value, in 128 bits.
int64_t Expected(const abi::VdsoData& data, uint64_t tsc) {
  uint64_t delta = tsc - data.base_tsc;
  delta = data.shift >= 0 ? delta << data.shift : delta >> -data.shift;
  return data.base_ns + static_cast<int64_t>((static_cast<unsigned __int128>(delta) * data.multiplier) >> 32);
}

class VdsoClockScale : public testing::TestWithParam<std::pair<uint32_t, int32_t>> {};

TEST_P(VdsoClockScale, LiesBetweenTheFormulaAtTheTicksBeforeAndAfter) {
  for (const uint64_t age : {uint64_t{0}, uint64_t{1} << 33, uint64_t{1} << 52}) {
    MappedVdso vdso(vdso_ud2_start);
    const abi::VdsoData data = {.base_tsc = ReadTsc() - age,
                                .base_ns = 1'000'000'007,
                                .multiplier = GetParam().first,
                                .shift = GetParam().second,
                                .ticks_per_second = 1};
    vdso.SetData(data);
    const uint64_t before = ReadTsc();
    const int64_t now = vdso.Call(abi::VdsoFunction::kClockGetMonotonic);
    const uint64_t after = ReadTsc();
    EXPECT_GE(now, Expected(data, before)) << "age " << age;
    EXPECT_LE(now, Expected(data, after)) << "age " << age;
  }
}

INSTANTIATE_TEST_SUITE_P(Kvmclock, VdsoClockScale,
                         testing::Values(std::pair(0xbda12f68U, -1), std::pair(0xffffffffU, 0),
                                         std::pair(0x80000000U, 1), std::pair(0x80000000U, 3), std::pair(1U, -31)));

TEST(VdsoClock, NeverGoesBelowItsBaseWhenThisCpusCounterIsBehind) {
  MappedVdso vdso(vdso_ud2_start);
  vdso.SetData({.base_tsc = ReadTsc() + (uint64_t{1} << 40),
                .base_ns = 42,
                .multiplier = 1U << 31,
                .shift = 0,
                .ticks_per_second = 1});
  EXPECT_EQ(vdso.Call(abi::VdsoFunction::kClockGetMonotonic), 42);
}

}  // namespace
