// A region of an address space.
#pragma once

#include <lib/zx/object.h>
#include <lib/zx/vmo.h>
#include <zircon/process.h>

namespace zx {

class vmar final : public object<vmar> {
 public:
  static constexpr zx_obj_type_t TYPE = ZX_OBJ_TYPE_VMAR;

  constexpr vmar() = default;
  explicit vmar(zx_handle_t value) : object(value) {}
  explicit vmar(handle&& other) : object(other.release()) {}
  vmar(vmar&& other) = default;
  vmar& operator=(vmar&& other) = default;

  zx_status_t map(zx_vm_option_t options, size_t vmar_offset, const vmo& memory, uint64_t vmo_offset, size_t length,
                  zx_vaddr_t* address) const {
    return zx_vmar_map(get(), options, vmar_offset, memory.get(), vmo_offset, length, address);
  }
  zx_status_t unmap(uintptr_t address, size_t length) const { return zx_vmar_unmap(get(), address, length); }
  zx_status_t protect(zx_vm_option_t options, uintptr_t address, size_t length) const {
    return zx_vmar_protect(get(), options, address, length);
  }
  zx_status_t op_range(uint32_t op, uint64_t address, size_t length, void* buffer, size_t buffer_size) const {
    return zx_vmar_op_range(get(), op, address, length, buffer, buffer_size);
  }
  // A region within this one.
  zx_status_t allocate(zx_vm_option_t options, size_t offset, size_t size, vmar* child,
                       uintptr_t* child_address) const {
    return internal::Receive(
        child, [&](zx_handle_t* out) { return zx_vmar_allocate(get(), options, offset, size, out, child_address); });
  }
  zx_status_t destroy() const { return zx_vmar_destroy(get()); }

  // The whole address space of this process; the handle belongs to the process.
  static unowned<vmar> root_self() { return unowned<vmar>(zx_vmar_root_self()); }
};

using unowned_vmar = unowned<vmar>;

}  // namespace zx
