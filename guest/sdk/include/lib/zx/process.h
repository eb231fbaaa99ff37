// A process.
#pragma once

#include <lib/zx/task.h>
#include <lib/zx/vmar.h>
#include <zircon/process.h>

namespace zx {

class job;
class thread;

class process final : public task<process> {
 public:
  static constexpr zx_obj_type_t TYPE = ZX_OBJ_TYPE_PROCESS;

  constexpr process() = default;
  explicit process(zx_handle_t value) : task(value) {}
  explicit process(handle&& other) : task(other.release()) {}
  process(process&& other) = default;
  process& operator=(process&& other) = default;

  // A process without threads, and the root of its address space.
  static zx_status_t create(const object<job>& owner, const char* name, uint32_t name_size, uint32_t flags,
                            process* result, vmar* root) {
    return internal::ReceiveTwo(result, root, [&](zx_handle_t* out, zx_handle_t* root_out) {
      return zx_process_create(owner.get(), name, name_size, flags, out, root_out);
    });
  }
  // Runs `first`, a thread of this process. The handle `arg1` moves there.
  zx_status_t start(const object<thread>& first, uintptr_t entry, uintptr_t stack, handle arg1, uintptr_t arg2) const {
    return zx_process_start(get(), first.get(), entry, stack, arg1.release(), arg2);
  }

  zx_status_t read_memory(uintptr_t address, void* buffer, size_t size, size_t* actual) const {
    return zx_process_read_memory(get(), address, buffer, size, actual);
  }
  zx_status_t write_memory(uintptr_t address, const void* buffer, size_t size, size_t* actual) const {
    return zx_process_write_memory(get(), address, buffer, size, actual);
  }

  [[noreturn]] static void exit(int64_t retcode) { zx_process_exit(retcode); }
  // This process; the handle belongs to it.
  static unowned<process> self() { return unowned<process>(zx_process_self()); }
};

using unowned_process = unowned<process>;

}  // namespace zx
