// What threads, processes and jobs have in common.
#pragma once

#include <lib/zx/channel.h>
#include <lib/zx/suspend_token.h>

namespace zx {

template <typename T>
class task : public object<T> {
 public:
  constexpr task() = default;
  explicit task(zx_handle_t value) : object<T>(value) {}
  task(task&& other) = default;
  task& operator=(task&& other) = default;

  zx_status_t kill() const { return zx_task_kill(this->get()); }
  zx_status_t suspend(suspend_token* result) const {
    return internal::Receive(result, [&](zx_handle_t* out) { return zx_task_suspend(this->get(), out); });
  }
  zx_status_t create_exception_channel(uint32_t options, channel* result) const {
    return internal::Receive(
        result, [&](zx_handle_t* out) { return zx_task_create_exception_channel(this->get(), options, out); });
  }
};

}  // namespace zx
