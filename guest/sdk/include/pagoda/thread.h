// Threads of a guest program. std::thread needs thread-local storage, which guest programs do not have.
#pragma once

#include <lib/zx/thread.h>
#include <zircon/types.h>

#include <functional>
#include <memory>

namespace pagoda {

// A thread that is joined exactly once: by Join, or by the destructor.
class Thread {
 public:
  static constexpr size_t kDefaultStackSize = size_t{64} << 10;

  Thread();
  Thread(const Thread&) = delete;
  Thread& operator=(const Thread&) = delete;
  Thread(Thread&& other) noexcept;
  Thread& operator=(Thread&& other) noexcept;
  ~Thread();

  // Runs `function` in a new thread. `name` is for debuggers and reports, up to 31 bytes. `stack_size` is rounded up to
  // pages; below the stack lies a page that faults. On a failure (ZX_ERR_NO_MEMORY, mostly) nothing runs.
  // Precondition: this object has no thread.
  zx_status_t Start(const char* name, std::function<void()> function, size_t stack_size = kDefaultStackSize);

  // Waits until the thread has ended and frees its stack. Does nothing where there is no thread.
  void Join();

  [[nodiscard]] bool joinable() const { return state_ != nullptr; }
  // The kernel's handle, for waits and queries. Invalid where there is no thread.
  [[nodiscard]] zx::unowned_thread handle() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace pagoda
