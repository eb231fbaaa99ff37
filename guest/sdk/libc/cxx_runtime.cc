// What compiled C++ expects of its runtime where there are no exceptions: failures end the program with a reason.
//
// Everything that objects in libstdc++.a would pull their exception machinery in for is defined here, so that the
// linker finds it first: __cxa_*, _Unwind_*, the personality routine and std::__throw_*.
#include <bits/functexcept.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <zircon/syscalls.h>

#include <atomic>
#include <exception>

#include "guest/sdk/libc/fatal.h"

using pagoda::libc::Fatal;

namespace {

// A guard of a function-local static, as the C++ ABI lays it out: the first byte says "initialised" to inline code; the
// second word is ours.
struct Guard {
  std::atomic<uint8_t> done;
  std::atomic<int> state;
};
static_assert(sizeof(Guard) == 8);

enum : int {
  kUntouched = 0,
  kRunning = 1,
  kAwaited = 2,  // running, and another thread waits for the end
};

// SAFETY: an atomic<int> is laid out as the int that the kernel compares.
zx_futex_t* FutexOf(std::atomic<int>& word) { return reinterpret_cast<zx_futex_t*>(&word); }

void FinishGuard(Guard* guard) {
  if (guard->state.exchange(kUntouched, std::memory_order_release) == kAwaited) {
    zx_futex_wake(FutexOf(guard->state), UINT32_MAX);
  }
}

}  // namespace

extern "C" {

int __cxa_guard_acquire(int64_t* object) {
  auto* guard = reinterpret_cast<Guard*>(object);
  for (;;) {
    if (guard->done.load(std::memory_order_acquire) != 0) {
      return 0;
    }
    int state = kUntouched;
    if (guard->state.compare_exchange_strong(state, kRunning, std::memory_order_acquire)) {
      // It may have been finished between the two looks.
      if (guard->done.load(std::memory_order_acquire) == 0) {
        return 1;
      }
      FinishGuard(guard);
      return 0;
    }
    if (state == kAwaited || guard->state.compare_exchange_strong(state, kAwaited, std::memory_order_acquire)) {
      zx_futex_wait(FutexOf(guard->state), kAwaited, ZX_HANDLE_INVALID, ZX_TIME_INFINITE);
    }
  }
}

void __cxa_guard_release(int64_t* object) {
  auto* guard = reinterpret_cast<Guard*>(object);
  guard->done.store(1, std::memory_order_release);
  FinishGuard(guard);
}

void __cxa_guard_abort(int64_t* object) { FinishGuard(reinterpret_cast<Guard*>(object)); }

void __cxa_pure_virtual() { Fatal("a pure virtual function was called"); }
void __cxa_deleted_virtual() { Fatal("a deleted virtual function was called"); }

// Reached only by code of libstdc++ that was compiled with exceptions, and only if something throws.
void* __cxa_allocate_exception(size_t) noexcept { Fatal("an exception was thrown"); }
void __cxa_free_exception(void*) noexcept {}
void __cxa_throw(void*, void*, void (*)(void*)) { Fatal("an exception was thrown"); }
void __cxa_rethrow() { Fatal("an exception was thrown"); }
void* __cxa_begin_catch(void*) noexcept { Fatal("an exception was thrown"); }
void __cxa_end_catch() {}
void _Unwind_Resume(void*) { Fatal("an exception was thrown"); }
int __gxx_personality_v0(...) { Fatal("an exception was thrown"); }
void __cxa_call_unexpected(void*) { Fatal("an exception was thrown"); }

}  // extern "C"

namespace std {

void terminate() noexcept { Fatal("std::terminate() was called"); }

void __throw_bad_alloc() { Fatal("out of memory"); }
void __throw_bad_array_new_length() { Fatal("new[]: the size overflows"); }
void __throw_bad_cast() { Fatal("bad cast"); }
void __throw_bad_exception() { Fatal("bad exception"); }
void __throw_bad_function_call() { Fatal("an empty std::function was called"); }
void __throw_bad_typeid() { Fatal("bad typeid"); }
void __throw_bad_weak_ptr() { Fatal("a std::shared_ptr was made from an expired std::weak_ptr"); }
void __throw_logic_error(const char* what) { Fatal(what); }
void __throw_domain_error(const char* what) { Fatal(what); }
void __throw_invalid_argument(const char* what) { Fatal(what); }
void __throw_length_error(const char* what) { Fatal(what); }
void __throw_out_of_range(const char* what) { Fatal(what); }
void __throw_runtime_error(const char* what) { Fatal(what); }
void __throw_range_error(const char* what) { Fatal(what); }
void __throw_overflow_error(const char* what) { Fatal(what); }
void __throw_underflow_error(const char* what) { Fatal(what); }
void __throw_system_error(int) { Fatal("a system error was thrown"); }

void __throw_out_of_range_fmt(const char* format, ...) {
  char reason[120];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(reason, sizeof(reason), format, arguments);
  va_end(arguments);
  Fatal(reason);
}

}  // namespace std
