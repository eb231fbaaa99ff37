// The place where monitor and pager meet: a Unix socket by its path.
#pragma once

#include <sys/socket.h>
#include <sys/types.h>

#include <optional>
#include <string>

#include "devices/core/error.h"
#include "devices/core/unique_fd.h"
#include "shared/base/result.h"

namespace pager::remote {

// Connects to the socket at `path`. The error is the reason only, without the path.
base::Result<dev::UniqueFd, dev::Error> ConnectTo(const std::string& path);

// A socket that listens at a path for as long as this object lives.
class SocketListener {
 public:
  // A socket there that nobody listens at any more is replaced; a live one, and whatever is no socket, is left alone
  // and an error. Only the user that runs us can connect. The error names the path. `type`: SOCK_SEQPACKET for pagers,
  // SOCK_STREAM for who speaks something else.
  static base::Result<SocketListener, dev::Error> Create(const std::string& path, int type = SOCK_SEQPACKET);
  SocketListener(SocketListener&&) = default;
  SocketListener& operator=(SocketListener&&) = delete;
  // Removes the path, unless somebody else's socket is there by now.
  ~SocketListener();

  [[nodiscard]] int fd() const { return socket_.get(); }  // borrowed, non-blocking
  // The next connection. The error is an errno; EAGAIN: nobody is waiting.
  [[nodiscard]] base::Result<dev::UniqueFd, int> Accept() const;

 private:
  struct Identity {
    dev_t device;
    ino_t inode;
    bool operator==(const Identity&) const = default;
  };
  SocketListener(dev::UniqueFd socket, std::string path, Identity identity)
      : socket_(std::move(socket)), path_(std::move(path)), identity_(identity) {}
  static std::optional<Identity> IdentityOf(const std::string& path);

  dev::UniqueFd socket_;
  std::string path_;
  Identity identity_;
};

}  // namespace pager::remote
