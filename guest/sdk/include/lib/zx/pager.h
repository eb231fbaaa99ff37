// A pager: what serves the pages of VMOs from user code.
#pragma once

#include <lib/zx/handle.h>
#include <lib/zx/object.h>
#include <lib/zx/port.h>
#include <lib/zx/vmo.h>
#include <zircon/syscalls-next.h>

namespace zx {

class pager final : public object<pager> {
 public:
  static constexpr zx_obj_type_t TYPE = ZX_OBJ_TYPE_PAGER;

  constexpr pager() = default;
  explicit pager(zx_handle_t value) : object(value) {}
  explicit pager(handle&& other) : object(other.release()) {}
  pager(pager&& other) = default;
  pager& operator=(pager&& other) = default;

  static zx_status_t create(uint32_t options, pager* result) {
    return internal::Receive(result, [&](zx_handle_t* out) { return zx_pager_create(options, out); });
  }

  // Requests for pages of the VMO arrive at `port` with `key`.
  zx_status_t create_vmo(uint32_t options, const port& port, uint64_t key, uint64_t size, vmo* result) const {
    return internal::Receive(
        result, [&](zx_handle_t* out) { return zx_pager_create_vmo(get(), options, port.get(), key, size, out); });
  }
  zx_status_t detach_vmo(const vmo& vmo) const { return zx_pager_detach_vmo(get(), vmo.get()); }

  // Moves pages out of `aux_vmo`.
  zx_status_t supply_pages(const vmo& pager_vmo, uint64_t offset, uint64_t length, const vmo& aux_vmo,
                           uint64_t aux_offset) const {
    return zx_pager_supply_pages(get(), pager_vmo.get(), offset, length, aux_vmo.get(), aux_offset);
  }
  zx_status_t op_range(uint32_t op, const vmo& pager_vmo, uint64_t offset, uint64_t length, uint64_t data) const {
    return zx_pager_op_range(get(), op, pager_vmo.get(), offset, length, data);
  }

  // Fills an array of zx_vmo_dirty_range_t; `actual` and `avail` may be null.
  zx_status_t query_dirty_ranges(const vmo& pager_vmo, uint64_t offset, uint64_t length, void* buffer,
                                 size_t buffer_size, size_t* actual, size_t* avail) const {
    return zx_pager_query_dirty_ranges(get(), pager_vmo.get(), offset, length, buffer, buffer_size, actual, avail);
  }
  // Fills a zx_pager_vmo_stats_t.
  zx_status_t query_vmo_stats(const vmo& pager_vmo, uint32_t options, void* buffer, size_t buffer_size) const {
    return zx_pager_query_vmo_stats(get(), pager_vmo.get(), options, buffer, buffer_size);
  }
};

using unowned_pager = unowned<pager>;

}  // namespace zx
