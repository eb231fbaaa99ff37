// libnbd, loaded when a pager needs it: with the twenty libraries that it brings along this takes longer than a guest
// takes to boot, and most machines have no NBD pager.
#pragma once

#include <libnbd.h>

#include "devices/core/error.h"
#include "shared/base/result.h"

// The functions that we use, by their names behind "nbd_".
#define PAGODA_NBD_FUNCTIONS(USE)     \
  USE(create)                         \
  USE(close)                          \
  USE(get_error)                      \
  USE(get_errno)                      \
  USE(set_request_structured_replies) \
  USE(set_pread_initialize)           \
  USE(set_uri_allow_local_file)       \
  USE(get_size)                       \
  USE(get_block_size)                 \
  USE(is_read_only)                   \
  USE(can_flush)                      \
  USE(can_fua)                        \
  USE(can_zero)                       \
  USE(aio_connect_uri)                \
  USE(aio_is_connecting)              \
  USE(aio_is_ready)                   \
  USE(aio_is_dead)                    \
  USE(aio_is_closed)                  \
  USE(aio_get_fd)                     \
  USE(aio_get_direction)              \
  USE(aio_notify_read)                \
  USE(aio_notify_write)               \
  USE(aio_pread)                      \
  USE(aio_pwrite)                     \
  USE(aio_zero)                       \
  USE(aio_flush)                      \
  USE(aio_peek_command_completed)     \
  USE(aio_command_completed)

namespace pager::nbd {

struct Library {
  // Stays loaded for good. Fails when the host does not have it. Any thread.
  [[nodiscard]] static base::Result<const Library*, dev::Error> Load();

#define PAGODA_NBD_MEMBER(name) decltype(&::nbd_##name) name;
  PAGODA_NBD_FUNCTIONS(PAGODA_NBD_MEMBER)
#undef PAGODA_NBD_MEMBER
};

}  // namespace pager::nbd
