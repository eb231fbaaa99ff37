// A thread that a test watches from outside: blocked on a pager, crashed at an address, suspended, done.
#pragma once

#include <lib/zx/thread.h>
#include <zircon/types.h>

#include <cstdint>
#include <functional>
#include <memory>

namespace conformance {

// How long anything here waits for what must happen: a bound for tests that fail, not a measure.
inline constexpr zx_duration_t kPatience = zx_duration_t{20} * 1'000'000'000;

// Asks until the answer is yes. False: it was not within kPatience.
bool Eventually(const std::function<bool()>& condition);

// Runs `body` from the constructor on. What the body returns is what Wait returns. Only the thread that made the object
// calls it. A thread that has not ended when the object goes is a failure of the test: it is then suspended for ever,
// so that it does not touch what goes together with the object.
class TestThread {
 public:
  explicit TestThread(std::function<zx_status_t()> body);
  TestThread(TestThread&& other) noexcept;
  TestThread(const TestThread&) = delete;
  TestThread& operator=(const TestThread&) = delete;
  ~TestThread();

  // True once ZX_INFO_THREAD says that the thread waits for a pager.
  [[nodiscard]] bool WaitForBlocked() const;
  [[nodiscard]] zx_thread_state_t state() const;

  // The body's answer. ZX_ERR_TIMED_OUT: it does not end. ZX_ERR_INTERNAL: it crashed (which is printed).
  [[nodiscard]] zx_status_t Wait();
  // True if the thread takes a fatal page fault with exactly this address and status; it is then led to its end. False:
  // something else happened, which is printed.
  [[nodiscard]] bool WaitForCrash(uintptr_t address, zx_status_t status);

  // Asks for the suspension; WaitForSuspended is true once it is complete. Resume ends it.
  [[nodiscard]] zx_status_t RequestSuspend();
  [[nodiscard]] bool WaitForSuspended() const;
  [[nodiscard]] bool Suspend() { return RequestSuspend() == ZX_OK && WaitForSuspended(); }
  void Resume();

  [[nodiscard]] zx::unowned_thread handle() const;

 private:
  struct State;
  // Takes the exception that waits and leads the thread to its end.
  void TakeCrash(uintptr_t* address, zx_status_t* status);
  bool WaitForTheEnd();

  std::unique_ptr<State> state_;
};

}  // namespace conformance
