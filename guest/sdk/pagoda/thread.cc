#include <pagoda/thread.h>
#include <string.h>
#include <zircon/process.h>
#include <zircon/syscalls.h>

#include <utility>

#include "guest/sdk/libc/fatal.h"
#include "shared/base/range.h"

namespace pagoda {

// Lives until the thread is joined: the thread itself touches nothing of it once its function has returned.
struct Thread::State {
  std::function<void()> function;
  zx::thread thread;
  zx_vaddr_t stack = 0;  // the guard page first
  size_t stack_size = 0;

  ~State() {
    if (stack != 0) {
      zx_vmar_unmap(zx_vmar_root_self(), stack, stack_size);
    }
  }

  zx_status_t MapStack(size_t size) {
    stack_size = base::AlignUp(size, base::kPageSize) + base::kPageSize;
    zx_handle_t vmo = ZX_HANDLE_INVALID;
    zx_status_t status = zx_vmo_create(stack_size, 0, &vmo);
    if (status != ZX_OK) {
      return status;
    }
    status = zx_vmar_map(zx_vmar_root_self(), ZX_VM_PERM_READ | ZX_VM_PERM_WRITE, 0, vmo, 0, stack_size, &stack);
    zx_handle_close(vmo);  // the mapping keeps it
    if (status != ZX_OK) {
      stack = 0;
      return status;
    }
    return zx_vmar_protect(zx_vmar_root_self(), 0, stack, base::kPageSize);
  }

  [[noreturn]] static void Run(uintptr_t argument, uintptr_t /*unused*/) {
    reinterpret_cast<State*>(argument)->function();
    zx_thread_exit();
  }

  zx_status_t Start(const char* name) {
    zx_status_t status = zx_thread_create(zx_process_self(), name, strlen(name), 0, thread.reset_and_get_address());
    if (status != ZX_OK) {
      return status;
    }
    // A C function expects the stack pointer as a call instruction leaves it: 8 below a multiple of 16.
    const uintptr_t top = stack + stack_size - 8;
    return zx_thread_start(thread.get(), reinterpret_cast<uintptr_t>(Run), top, reinterpret_cast<uintptr_t>(this), 0);
  }
};

Thread::Thread() = default;

Thread::Thread(Thread&& other) noexcept = default;

Thread& Thread::operator=(Thread&& other) noexcept {
  Join();
  state_ = std::move(other.state_);
  return *this;
}

Thread::~Thread() { Join(); }

zx_status_t Thread::Start(const char* name, std::function<void()> function, size_t stack_size) {
  if (state_ != nullptr) {
    libc::Fatal("Thread::Start: the object already has a thread");
  }
  auto state = std::make_unique<State>();
  state->function = std::move(function);
  if (const zx_status_t status = state->MapStack(stack_size); status != ZX_OK) {
    return status;
  }
  if (const zx_status_t status = state->Start(name); status != ZX_OK) {
    return status;
  }
  state_ = std::move(state);
  return ZX_OK;
}

void Thread::Join() {
  if (state_ == nullptr) {
    return;
  }
  // The kernel's word for it, not the thread's: until then it still runs on the stack that is about to go.
  const zx_status_t status = zx_object_wait_one(state_->thread.get(), ZX_THREAD_TERMINATED, ZX_TIME_INFINITE, nullptr);
  if (status != ZX_OK) {
    libc::Fatal("Thread::Join: waiting for the thread failed");
  }
  state_.reset();
}

zx::unowned_thread Thread::handle() const {
  return state_ != nullptr ? zx::unowned_thread(state_->thread) : zx::unowned_thread();
}

}  // namespace pagoda
