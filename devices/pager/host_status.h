// What an errno of the host's file system means to the guest.
#pragma once

#include <zircon/errors.h>
#include <zircon/types.h>

#include <cerrno>
#include <cstdio>
#include <string>

namespace pager {

// Of reading and writing: one of the statuses that a request may be answered with.
inline zx_status_t StatusOfTransfer(int error) {
  return error == ENOSPC || error == EDQUOT || error == EFBIG ? ZX_ERR_NO_SPACE : ZX_ERR_IO;
}

// Tells a person that the last writeback of `name` ended with `status`: one line on standard error.
inline void ReportLost(const std::string& name, zx_status_t status) {
  std::fprintf(stderr, "pagoda: pager: %s: what the guest wrote is lost: %s\n", name.c_str(),
               status == ZX_ERR_NO_SPACE      ? "no space left"
               : status == ZX_ERR_PEER_CLOSED ? "the guest went away"
                                              : "it could not be written back");
}

// Of opening and listing.
inline zx_status_t StatusOfOpen(int error) {
  switch (error) {
    case ENOENT:
    case ENOTDIR:
    case ENAMETOOLONG:
      return ZX_ERR_NOT_FOUND;
    case EACCES:
    case EPERM:
    case EROFS:
    case ETXTBSY:
    case EXDEV:  // a path that leaves its directory
    case ELOOP:
      return ZX_ERR_ACCESS_DENIED;
    case EISDIR:
    case ENXIO:  // a socket, or a device that is not there
      return ZX_ERR_NOT_FILE;
    case EMFILE:
    case ENFILE:
      return ZX_ERR_NO_RESOURCES;
    case ENOMEM:
      return ZX_ERR_NO_MEMORY;
    default:
      return ZX_ERR_IO;
  }
}

}  // namespace pager
