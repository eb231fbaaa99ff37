// A process.
#pragma once

#include <lib/zx/object.h>
#include <zircon/process.h>

namespace zx {

class process final : public object<process> {
 public:
  static constexpr zx_obj_type_t TYPE = ZX_OBJ_TYPE_PROCESS;

  constexpr process() = default;
  explicit process(zx_handle_t value) : object(value) {}
  process(process&& other) = default;
  process& operator=(process&& other) = default;

  [[noreturn]] static void exit(int64_t retcode) { zx_process_exit(retcode); }
  // This process; the handle belongs to it.
  static unowned<process> self() { return unowned<process>(zx_process_self()); }
};

using unowned_process = unowned<process>;

}  // namespace zx
