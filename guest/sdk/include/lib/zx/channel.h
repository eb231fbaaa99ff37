// One end of a channel.
#pragma once

#include <lib/zx/handle.h>
#include <lib/zx/object.h>

namespace zx {

class channel final : public object<channel> {
 public:
  static constexpr zx_obj_type_t TYPE = ZX_OBJ_TYPE_CHANNEL;

  constexpr channel() = default;
  explicit channel(zx_handle_t value) : object(value) {}
  explicit channel(handle&& other) : object(other.release()) {}
  channel(channel&& other) = default;
  channel& operator=(channel&& other) = default;

  static zx_status_t create(uint32_t flags, channel* endpoint0, channel* endpoint1) {
    return internal::ReceiveTwo(endpoint0, endpoint1, [&](zx_handle_t* out0, zx_handle_t* out1) {
      return zx_channel_create(flags, out0, out1);
    });
  }

  zx_status_t read(uint32_t flags, void* bytes, zx_handle_t* handles, uint32_t num_bytes, uint32_t num_handles,
                   uint32_t* actual_bytes, uint32_t* actual_handles) const {
    return zx_channel_read(get(), flags, bytes, handles, num_bytes, num_handles, actual_bytes, actual_handles);
  }
  zx_status_t read_etc(uint32_t flags, void* bytes, zx_handle_info_t* handles, uint32_t num_bytes, uint32_t num_handles,
                       uint32_t* actual_bytes, uint32_t* actual_handles) const {
    return zx_channel_read_etc(get(), flags, bytes, handles, num_bytes, num_handles, actual_bytes, actual_handles);
  }
  // The handles are gone afterwards, whatever comes back.
  zx_status_t write(uint32_t flags, const void* bytes, uint32_t num_bytes, const zx_handle_t* handles,
                    uint32_t num_handles) const {
    return zx_channel_write(get(), flags, bytes, num_bytes, handles, num_handles);
  }
  zx_status_t write_etc(uint32_t flags, const void* bytes, uint32_t num_bytes, zx_handle_disposition_t* handles,
                        uint32_t num_handles) const {
    return zx_channel_write_etc(get(), flags, bytes, num_bytes, handles, num_handles);
  }
  zx_status_t call(uint32_t flags, zx::time deadline, const zx_channel_call_args_t* args, uint32_t* actual_bytes,
                   uint32_t* actual_handles) const {
    return zx_channel_call(get(), flags, deadline.get(), args, actual_bytes, actual_handles);
  }
  zx_status_t call_etc(uint32_t flags, zx::time deadline, zx_channel_call_etc_args_t* args, uint32_t* actual_bytes,
                       uint32_t* actual_handles) const {
    return zx_channel_call_etc(get(), flags, deadline.get(), args, actual_bytes, actual_handles);
  }
  zx_status_t signal_peer(uint32_t clear_mask, uint32_t set_mask) const {
    return zx_object_signal_peer(get(), clear_mask, set_mask);
  }
};

using unowned_channel = unowned<channel>;

}  // namespace zx
