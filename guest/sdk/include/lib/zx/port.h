// A port: a queue of packets.
#pragma once

#include <lib/zx/handle.h>
#include <lib/zx/object.h>
#include <zircon/syscalls/port.h>

namespace zx {

class port final : public object<port> {
 public:
  static constexpr zx_obj_type_t TYPE = ZX_OBJ_TYPE_PORT;

  constexpr port() = default;
  explicit port(zx_handle_t value) : object(value) {}
  explicit port(handle&& other) : object(other.release()) {}
  port(port&& other) = default;
  port& operator=(port&& other) = default;

  static zx_status_t create(uint32_t options, port* result) {
    return internal::Receive(result, [&](zx_handle_t* out) { return zx_port_create(options, out); });
  }

  zx_status_t queue(const zx_port_packet_t* packet) const { return zx_port_queue(get(), packet); }
  zx_status_t wait(zx::time deadline, zx_port_packet_t* packet) const {
    return zx_port_wait(get(), deadline.get(), packet);
  }
  zx_status_t cancel(const object_base& source, uint64_t key) const { return zx_port_cancel(get(), source.get(), key); }
  zx_status_t cancel_key(uint32_t options, uint64_t key) const { return zx_port_cancel_key(get(), options, key); }
};

using unowned_port = unowned<port>;

}  // namespace zx
