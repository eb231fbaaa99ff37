// A job: processes and jobs under one policy.
#pragma once

#include <lib/zx/process.h>
#include <lib/zx/task.h>
#include <zircon/process.h>
#include <zircon/syscalls/policy.h>

namespace zx {

class job final : public task<job> {
 public:
  static constexpr zx_obj_type_t TYPE = ZX_OBJ_TYPE_JOB;

  constexpr job() = default;
  explicit job(zx_handle_t value) : task(value) {}
  explicit job(handle&& other) : task(other.release()) {}
  job(job&& other) = default;
  job& operator=(job&& other) = default;

  static zx_status_t create(const job& parent, uint32_t flags, job* result) {
    return internal::Receive(result, [&](zx_handle_t* out) { return zx_job_create(parent.get(), flags, out); });
  }

  zx_status_t set_policy(uint32_t options, uint32_t topic, const void* policy, uint32_t count) const {
    return zx_job_set_policy(get(), options, topic, policy, count);
  }
  zx_status_t set_critical(uint32_t options, const process& critical) const {
    return zx_job_set_critical(get(), options, critical.get());
  }

  // The job of this process; the handle belongs to the process.
  static unowned<job> default_job() { return unowned<job>(zx_job_default()); }
};

using unowned_job = unowned<job>;

}  // namespace zx
