// A thread, as the kernel knows it. pagoda::Thread runs a C++ function in one.
#pragma once

#include <lib/zx/object.h>
#include <lib/zx/process.h>

namespace zx {

class thread final : public object<thread> {
 public:
  static constexpr zx_obj_type_t TYPE = ZX_OBJ_TYPE_THREAD;

  constexpr thread() = default;
  explicit thread(zx_handle_t value) : object(value) {}
  thread(thread&& other) = default;
  thread& operator=(thread&& other) = default;

  static zx_status_t create(const process& owner, const char* name, uint32_t name_size, uint32_t options,
                            thread* result) {
    zx_handle_t value = ZX_HANDLE_INVALID;
    const zx_status_t status = zx_thread_create(owner.get(), name, name_size, options, &value);
    if (status == ZX_OK) {
      result->reset(value);
    }
    return status;
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
};

using unowned_thread = unowned<thread>;

}  // namespace zx
