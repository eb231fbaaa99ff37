// A thread, as the kernel knows it. pagoda::Thread runs a C++ function in one.
#pragma once

#include <lib/zx/process.h>
#include <lib/zx/task.h>
#include <zircon/syscalls/debug.h>

namespace zx {

class thread final : public task<thread> {
 public:
  static constexpr zx_obj_type_t TYPE = ZX_OBJ_TYPE_THREAD;

  constexpr thread() = default;
  explicit thread(zx_handle_t value) : task(value) {}
  explicit thread(handle&& other) : task(other.release()) {}
  thread(thread&& other) = default;
  thread& operator=(thread&& other) = default;

  static zx_status_t create(const process& owner, const char* name, uint32_t name_size, uint32_t options,
                            thread* result) {
    return internal::Receive(
        result, [&](zx_handle_t* out) { return zx_thread_create(owner.get(), name, name_size, options, out); });
  }

  // In the form of Zircon's library: addresses may be integers or pointers, the entry a function.
  zx_status_t start(uintptr_t entry, uintptr_t stack, uintptr_t arg1, uintptr_t arg2) const {
    return zx_thread_start(get(), entry, stack, arg1, arg2);
  }
  template <typename Entry>
  zx_status_t start(Entry* entry, void* stack, uintptr_t arg1, uintptr_t arg2) const {
    return start(reinterpret_cast<uintptr_t>(entry), reinterpret_cast<uintptr_t>(stack), arg1, arg2);
  }
  [[noreturn]] static void exit() { zx_thread_exit(); }

  zx_status_t read_state(uint32_t kind, void* buffer, size_t size) const {
    return zx_thread_read_state(get(), kind, buffer, size);
  }
  zx_status_t write_state(uint32_t kind, const void* buffer, size_t size) const {
    return zx_thread_write_state(get(), kind, buffer, size);
  }
};

using unowned_thread = unowned<thread>;

}  // namespace zx
