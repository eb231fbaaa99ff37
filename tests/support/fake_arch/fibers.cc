#include "tests/support/fake_arch/fibers.h"

#include <pthread.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <unordered_map>
#include <utility>

#include "guest/kernel/arch/cpu.h"
#include "guest/kernel/arch/x86_64/page_table_entry.h"
#include "guest/kernel/lib/panic.h"
#include "guest/kernel/sched/clock.h"
#include "guest/kernel/sched/kernel_lock.h"
#include "guest/kernel/sched/scheduler.h"
#include "shared/base/range.h"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/common_interface_defs.h>
#define PAGODA_ASAN 1
#endif
#if defined(__SANITIZE_THREAD__)
#include <sanitizer/tsan_interface.h>
#define PAGODA_TSAN 1
#endif

extern "C" {
void SwitchStacks(uint64_t* from_rsp, uint64_t to_rsp);
void StartOnStack();
}

namespace gk {
namespace {

// What the sanitizers want to know of a fiber. Keyed by its context, which does not move while the thread lives.
struct Fiber {
  uint64_t bottom = 0;
  size_t size = arch::kKernelStackSize;
  void* asan_fake_stack = nullptr;
  void* tsan_fiber = nullptr;
};

struct State {
  Cpu cpu;
  zx_time_t now = 1'000'000;
  zx_time_t timer = ZX_TIME_INFINITE;
  uint64_t timer_settings = 0;
  uint64_t cpu_interrupts = 0;
  std::function<bool()> idle_hook;
  std::function<void()> host_hook;
  std::function<void(UserRegisters&)> user_code;
  std::unordered_map<const arch::KernelContext*, Fiber> fibers;
  Fiber adopted;  // the idle thread
  bool started = false;
};

State& state() {
  static State* instance = new State;
  return *instance;
}

Fiber& FiberOf(const arch::KernelContext& context) {
  const auto found = state().fibers.find(&context);
  return found != state().fibers.end() ? found->second : state().adopted;
}

void BeforeSwitch([[maybe_unused]] Fiber& from, [[maybe_unused]] const Fiber& to) {
#ifdef PAGODA_ASAN
  __sanitizer_start_switch_fiber(&from.asan_fake_stack, reinterpret_cast<void*>(to.bottom), to.size);
#endif
#ifdef PAGODA_TSAN
  __tsan_switch_to_fiber(to.tsan_fiber, 0);
#endif
}

void AfterSwitch([[maybe_unused]] void* fake_stack) {
#ifdef PAGODA_ASAN
  __sanitizer_finish_switch_fiber(fake_stack, nullptr, nullptr);
#endif
}

struct Start {
  void (*function)(void*);
  void* argument;
};

void FirstOnFiber(void* argument) {
  AfterSwitch(nullptr);
  const Start start = *std::unique_ptr<Start>(static_cast<Start*>(argument));
  start.function(start.argument);
}

void FireTimerIfDue() {
  if (state().timer <= state().now) {
    state().timer = ZX_TIME_INFINITE;
    scheduler->OnTimer();
  }
}

// Moves time to the next deadline of a blocked thread; false when there is none.
bool SkipToNextDeadline() {
  auto& timers = state().cpu.timers;
  if (timers.empty()) {
    return false;
  }
  state().now = std::max(state().now, timers.front().deadline());
  state().timer = ZX_TIME_INFINITE;
  scheduler->OnTimer();
  return true;
}

}  // namespace

zx_time_t CurrentTime() { return state().now; }

// One tick is one nanosecond.
abi::VdsoData ClockParameters() {
  return {.base_tsc = 0, .base_ns = 0, .multiplier = 1u << 31, .shift = 1, .ticks_per_second = 1'000'000'000};
}

void Panic(const char* message) {
  std::fprintf(stderr, "kernel panic: %s\n", message);
  std::abort();
}

namespace arch {

Result<KernelStack> KernelStack::Allocate() {
  void* memory = std::aligned_alloc(kKernelStackSize, kKernelStackSize);
  if (memory == nullptr) {
    return Error(ZX_ERR_NO_MEMORY);
  }
  return KernelStack(reinterpret_cast<VirtualAddress>(memory), true);
}

KernelStack::~KernelStack() {
  if (allocated_) {
    std::free(reinterpret_cast<void*>(bottom_));
  }
}

// Only the idle thread is adopted: it runs on the host thread's own stack.
void AdoptContext(KernelStack&, Thread*) {
  Fiber& fiber = state().adopted;
  pthread_attr_t attributes;
  void* bottom = nullptr;
  if (pthread_getattr_np(pthread_self(), &attributes) == 0) {
    pthread_attr_getstack(&attributes, &bottom, &fiber.size);
    pthread_attr_destroy(&attributes);
  }
  fiber.bottom = reinterpret_cast<uint64_t>(bottom);
#ifdef PAGODA_TSAN
  fiber.tsan_fiber = __tsan_get_current_fiber();
#endif
}

void PrepareContext(KernelContext& context, KernelStack& stack, Thread*, void (*function)(void*), void* argument) {
  // Seven slots: what SwitchStacks pops. The stack is then empty, and aligned as a call wants it.
  auto* slots = reinterpret_cast<uint64_t*>(stack.top()) - 7;
  std::memset(slots, 0, 56);
  slots[2] = reinterpret_cast<uint64_t>(new Start{function, argument});
  slots[3] = reinterpret_cast<uint64_t>(&FirstOnFiber);
  slots[6] = reinterpret_cast<uint64_t>(&StartOnStack);
  context.rsp = reinterpret_cast<uint64_t>(slots);
  Fiber& fiber = state().fibers[&context];
  fiber.bottom = stack.bottom();
#ifdef PAGODA_TSAN
  fiber.tsan_fiber = __tsan_create_fiber(0);
#endif
}

void SwitchContext(KernelContext& from, KernelContext& to) {
  BeforeSwitch(FiberOf(from), FiberOf(to));
  SwitchStacks(&from.rsp, to.rsp);
  AfterSwitch(FiberOf(from).asan_fake_stack);
}

void InitialiseUserState(UserState&) {}
void SaveUserState(UserState&) {}
void RestoreUserState(UserState&) {}

void SetTimer(zx_time_t deadline) {
  state().timer = deadline;
  ++state().timer_settings;
}

void InterruptCpu(uint32_t) { ++state().cpu_interrupts; }
void YieldToHost() {
  if (state().host_hook) {
    state().host_hook();
  }
}
void PrepareToResume() { SettlePageTableEntries(); }

void ResumeUser(UserState& user, PhysicalAddress) {
  if (!state().user_code) {
    Panic("hosted: there is no user code");
  }
  state().user_code(user.registers);
  Panic("hosted: user code returned");
}
void Idle() { Panic("hosted: the idle thread is the test"); }
Thread* CurrentThread() { return state().cpu.current; }
Cpu& CurrentCpu() { return state().cpu; }

}  // namespace arch

namespace fake_arch {

void StartCpu() {
  if (std::exchange(state().started, true)) {
    return;
  }
  if (!scheduler->AdoptCpu(state().cpu, 0, 0).ok()) {
    Panic("hosted: no memory");
  }
}

void RunUntilIdle() {
  StartCpu();
  while (scheduler->has_ready()) {
    scheduler->SwitchAway();
  }
  kernel_lock.Release();  // as an idle CPU does: what is to be said late is said now
}

void StartThread(std::function<void()> body) {
  StartCpu();
  auto* function = new std::function<void()>(std::move(body));
  const auto run = [](void* argument) {
    const std::unique_ptr<std::function<void()>> owned(static_cast<std::function<void()>*>(argument));
    (*owned)();
  };
  Result<RefPtr<Thread>> thread = Thread::CreateKernel(run, function);
  if (!thread.ok()) {
    Panic("hosted: no memory for a thread");
  }
  (*thread)->Start();
}

void RunInThread(const std::function<void()>& body) {
  bool done = false;
  StartThread([&] {
    body();
    done = true;
  });
  for (;;) {
    RunUntilIdle();
    if (done) {
      return;
    }
    const bool woken = state().idle_hook && state().idle_hook();
    if (!woken && !SkipToNextDeadline()) {
      Panic("hosted: all threads are blocked for ever");
    }
  }
}

void AdvanceTime(zx_duration_t duration) {
  state().now += duration;
  auto& timers = state().cpu.timers;
  if (!timers.empty() && timers.front().deadline() <= state().now) {
    state().timer = state().now;
  }
  FireTimerIfDue();
}

void SetIdleHook(std::function<bool()> hook) { state().idle_hook = std::move(hook); }
void SetHostHook(std::function<void()> hook) { state().host_hook = std::move(hook); }
void SetUserCode(std::function<void(UserRegisters&)> code) { state().user_code = std::move(code); }
uint64_t timer_settings() { return state().timer_settings; }
uint64_t cpu_interrupts() { return state().cpu_interrupts; }

}  // namespace fake_arch
}  // namespace gk
