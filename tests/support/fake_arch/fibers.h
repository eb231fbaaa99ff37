// The kernel's threads in an ordinary process: one CPU, fibers for threads, a clock that the test moves.
//
// The real scheduler runs unchanged; what it asks of a CPU is answered here. The thread that runs the test is the CPU's
// idle thread, so it cannot block itself: what may block runs in RunInThread. Time stands still but for AdvanceTime and
// for RunInThread, which moves it to the next deadline when every thread is blocked. A state in which nothing can ever
// go on again aborts with a message. One host thread only.
#pragma once

#include <zircon/types.h>

#include <cstdint>
#include <functional>

#include "guest/kernel/arch/registers.h"

namespace gk::fake_arch {

// Makes the calling host thread the CPU. Call first; further calls do nothing.
void StartCpu();

// Runs all threads that are ready, and those that become ready by it, until none is. Does not move time.
void RunUntilIdle();

// Runs `body` in a kernel thread until it has returned, other threads along with it.
void RunInThread(const std::function<void()>& body);

// Starts `body` in a kernel thread and returns; it runs in the next RunUntilIdle or RunInThread.
void StartThread(std::function<void()> body);

// Moves the clock and fires the CPU's timer if it is due.
void AdvanceTime(zx_duration_t duration);

// Called when every thread is blocked and no timer is set, before that counts as a deadlock; true when it has woken
// something (it plays the outside world). Empty: none.
void SetIdleHook(std::function<bool()> hook);

// Plays the host while a CPU lets it have its processor (arch::YieldToHost). Empty: nothing happens.
void SetHostHook(std::function<void()> hook);

// Plays user code: called with the thread's registers when a user thread goes on in user code, on that thread's kernel
// stack. Must not return: it enters the kernel by calling the thread's owner, and ends the thread with ExitCurrent
// where the boundary would. Empty: there is none.
void SetUserCode(std::function<void(UserRegisters&)> code);

// How often the scheduler set the timer, and how often it interrupted another CPU.
[[nodiscard]] uint64_t timer_settings();
[[nodiscard]] uint64_t cpu_interrupts();

}  // namespace gk::fake_arch
