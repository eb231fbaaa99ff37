#include "tests/conformance/test_thread.h"

#include <lib/zx/channel.h>
#include <lib/zx/exception.h>
#include <lib/zx/suspend_token.h>
#include <pagoda/thread.h>
#include <stdio.h>
#include <zircon/status.h>
#include <zircon/syscalls.h>
#include <zircon/syscalls/debug.h>
#include <zircon/syscalls/exception.h>
#include <zxtest/zxtest.h>

#include <atomic>
#include <utility>

namespace conformance {

bool Eventually(const std::function<bool()>& condition) {
  const zx_time_t deadline = zx_deadline_after(kPatience);
  while (!condition()) {
    if (zx_clock_get_monotonic() >= deadline) {
      return false;
    }
    zx_nanosleep(zx_deadline_after(50'000));
  }
  return true;
}

struct TestThread::State {
  std::function<zx_status_t()> body;
  std::atomic<int> go = 0;  // the exception channel must be there before the body runs
  std::atomic<zx_status_t> result = ZX_ERR_INTERNAL;
  bool ended = false;
  zx::channel exceptions;
  zx::suspend_token suspension;
  pagoda::Thread thread;

  // SAFETY: an atomic<int> is laid out as the int that the kernel compares.
  zx_futex_t* futex() { return reinterpret_cast<zx_futex_t*>(&go); }
  void Run() {
    while (go == 0) {
      zx_futex_wait(futex(), 0, ZX_HANDLE_INVALID, ZX_TIME_INFINITE);
    }
    result = body();
  }
};

TestThread::TestThread(std::function<zx_status_t()> body) : state_(std::make_unique<State>()) {
  State* state = state_.get();
  state->body = std::move(body);
  EXPECT_OK(state->thread.Start("tested", [state] { state->Run(); }));
  EXPECT_OK(
      zx_task_create_exception_channel(state->thread.handle()->get(), 0, state->exceptions.reset_and_get_address()));
  state->go = 1;
  zx_futex_wake(state->futex(), 1);
}

TestThread::TestThread(TestThread&& other) noexcept = default;

TestThread::~TestThread() {
  if (state_ == nullptr || state_->ended) {
    return;
  }
  ADD_FAILURE("a thread has not been waited for");
  if (Suspend()) {
    state_.release();  // it never runs again, and nothing of it goes
  }
}

zx::unowned_thread TestThread::handle() const { return state_->thread.handle(); }

zx_thread_state_t TestThread::state() const {
  zx_info_thread_t info = {};
  EXPECT_OK(zx_object_get_info(handle()->get(), ZX_INFO_THREAD, &info, sizeof(info), nullptr, nullptr));
  return info.state;
}

bool TestThread::WaitForBlocked() const {
  const bool blocked = Eventually([this] { return state() == ZX_THREAD_STATE_BLOCKED_PAGER; });
  if (!blocked) {
    printf("the thread does not wait for a pager; its state is %#x\n", state());
  }
  return blocked;
}

bool TestThread::WaitForTheEnd() {
  zx_signals_t observed = 0;
  state_->ended =
      zx_object_wait_one(handle()->get(), ZX_THREAD_TERMINATED, zx_deadline_after(kPatience), &observed) == ZX_OK;
  return state_->ended;
}

zx_status_t TestThread::Wait() {
  zx_signals_t observed = 0;
  const zx_status_t status = zx_object_wait_one(state_->exceptions.get(), ZX_CHANNEL_READABLE | ZX_CHANNEL_PEER_CLOSED,
                                                zx_deadline_after(kPatience), &observed);
  if (status != ZX_OK) {
    printf("the thread does not end; its state is %#x\n", state());
    return ZX_ERR_TIMED_OUT;
  }
  if ((observed & ZX_CHANNEL_READABLE) != 0) {
    uintptr_t address = 0;
    zx_status_t fault = ZX_OK;
    TakeCrash(&address, &fault);
    printf("the thread crashed at %#lx: %s\n", address, zx_status_get_string(fault));
  }
  return WaitForTheEnd() ? state_->result.load() : ZX_ERR_TIMED_OUT;
}

bool TestThread::WaitForCrash(uintptr_t address, zx_status_t status) {
  zx_signals_t observed = 0;
  zx_object_wait_one(state_->exceptions.get(), ZX_CHANNEL_READABLE | ZX_CHANNEL_PEER_CLOSED,
                     zx_deadline_after(kPatience), &observed);
  if ((observed & ZX_CHANNEL_READABLE) == 0) {
    printf("the thread does not crash; its state is %#x\n", state());
    state_->ended = (observed & ZX_CHANNEL_PEER_CLOSED) != 0;
    return false;
  }
  uintptr_t actual_address = 0;
  zx_status_t actual_status = ZX_OK;
  TakeCrash(&actual_address, &actual_status);
  const bool as_expected = actual_address == address && actual_status == status;
  if (!as_expected) {
    printf("the thread crashed at %#lx with %s instead of at %#lx with %s\n", actual_address,
           zx_status_get_string(actual_status), address, zx_status_get_string(status));
  }
  return WaitForTheEnd() && as_expected;
}

void TestThread::TakeCrash(uintptr_t* address, zx_status_t* status) {
  zx_exception_info_t info = {};
  zx::exception exception;
  uint32_t bytes = 0;
  uint32_t handles = 0;
  EXPECT_OK(zx_channel_read(state_->exceptions.get(), 0, &info, exception.reset_and_get_address(), sizeof(info), 1,
                            &bytes, &handles));
  EXPECT_EQ(info.type, ZX_EXCP_FATAL_PAGE_FAULT);
  const zx_handle_t thread = handle()->get();
  zx_exception_report_t report = {};
  EXPECT_OK(zx_object_get_info(thread, ZX_INFO_THREAD_EXCEPTION_REPORT, &report, sizeof(report), nullptr, nullptr));
  *address = report.context.arch.x86_64.cr2;
  *status = static_cast<zx_status_t>(report.context.synth_code);
  zx_thread_state_general_regs_t registers = {};
  EXPECT_OK(zx_thread_read_state(thread, ZX_THREAD_STATE_GENERAL_REGS, &registers, sizeof(registers)));
  registers.rip = reinterpret_cast<uintptr_t>(&zx_thread_exit);
  registers.rsp = registers.rsp / 16 * 16 - 8;
  EXPECT_OK(zx_thread_write_state(thread, ZX_THREAD_STATE_GENERAL_REGS, &registers, sizeof(registers)));
  const uint32_t handled = ZX_EXCEPTION_STATE_HANDLED;
  EXPECT_OK(zx_object_set_property(exception.get(), ZX_PROP_EXCEPTION_STATE, &handled, sizeof(handled)));
}

zx_status_t TestThread::RequestSuspend() {
  return zx_task_suspend(handle()->get(), state_->suspension.reset_and_get_address());
}

bool TestThread::WaitForSuspended() const {
  zx_signals_t observed = 0;
  return zx_object_wait_one(handle()->get(), ZX_THREAD_SUSPENDED, zx_deadline_after(kPatience), &observed) == ZX_OK;
}

void TestThread::Resume() { state_->suspension.reset(); }

}  // namespace conformance
