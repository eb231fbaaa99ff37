#include "devices/pager/remote/unix_socket.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

namespace pager::remote {

namespace {

// How many monitors may wait to be accepted.
constexpr int kBacklog = 64;

base::Failure<dev::Error> Failed(std::string reason) { return base::Failure{dev::Error{std::move(reason)}}; }

base::Failure<dev::Error> FailedAt(const std::string& path, std::string_view reason) {
  return Failed(path + ": " + std::string(reason));
}

base::Result<sockaddr_un, dev::Error> AddressOf(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty()) {
    return Failed("no path of a socket given");
  }
  if (path.size() >= sizeof(address.sun_path)) {
    return Failed("a socket's path has at most " + std::to_string(sizeof(address.sun_path) - 1) + " bytes");
  }
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  return address;
}

const sockaddr* AsSocketAddress(const sockaddr_un& address) {
  // SAFETY: the socket calls take every kind of address through this type.
  return reinterpret_cast<const sockaddr*>(&address);
}

// The error is an errno.
base::Result<dev::UniqueFd, int> Connect(const sockaddr_un& address, int type) {
  dev::UniqueFd socket(::socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket.valid() || ::connect(socket.get(), AsSocketAddress(address), sizeof(address)) != 0) {
    return base::Failure{errno};
  }
  return socket;
}

// Keeps two pagers from finding the same dead socket and one of them from removing what the other has just made:
// whoever looks and replaces has the folder's lock. It goes with the descriptor.
base::Result<dev::UniqueFd, dev::Error> LockFolderOf(const std::string& path) {
  const std::string parent = std::filesystem::path(path).parent_path().string();
  const std::string folder = parent.empty() ? "." : parent;
  dev::UniqueFd lock(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!lock.valid()) {
    return FailedAt(folder, std::strerror(errno));
  }
  while (::flock(lock.get(), LOCK_EX) != 0) {
    if (errno != EINTR) {
      return FailedAt(folder, std::strerror(errno));
    }
  }
  return lock;
}

// Precondition: the folder is locked.
base::Result<void, dev::Error> RemoveDeadSocket(const std::string& path, const sockaddr_un& address, int type) {
  struct stat status;
  if (::lstat(path.c_str(), &status) != 0) {
    return {};  // there is nothing, or binding will say what is wrong
  }
  if (!S_ISSOCK(status.st_mode)) {
    return FailedAt(path, "exists and is no socket");
  }
  const auto probe = Connect(address, type);
  if (probe.ok() || probe.error() != ECONNREFUSED) {
    return FailedAt(path, "in use by a running program");
  }
  if (::unlink(path.c_str()) != 0) {
    return FailedAt(path, std::string("a socket that nobody uses cannot be removed: ") + std::strerror(errno));
  }
  return {};
}

}  // namespace

base::Result<dev::UniqueFd, dev::Error> ConnectTo(const std::string& path) {
  PAGODA_TRY_ASSIGN(const sockaddr_un address, AddressOf(path));
  auto socket = Connect(address, SOCK_SEQPACKET);
  if (!socket.ok()) {
    return Failed(std::strerror(socket.error()));
  }
  return std::move(socket).value();
}

base::Result<SocketListener, dev::Error> SocketListener::Create(const std::string& path, int type) {
  const auto address = AddressOf(path);
  if (!address.ok()) {
    return FailedAt(path, address.error().message);
  }
  PAGODA_TRY_ASSIGN(const dev::UniqueFd lock, LockFolderOf(path));
  PAGODA_TRY(RemoveDeadSocket(path, address.value(), type));
  dev::UniqueFd socket(::socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  // The mode of the socket becomes that of the file, before anybody can connect.
  if (!socket.valid() || ::fchmod(socket.get(), 0600) != 0 ||
      ::bind(socket.get(), AsSocketAddress(address.value()), sizeof(sockaddr_un)) != 0) {
    return FailedAt(path, std::strerror(errno));
  }
  const auto identity = IdentityOf(path);
  if (!identity || ::listen(socket.get(), kBacklog) != 0) {
    return FailedAt(path, std::strerror(errno));
  }
  return SocketListener(std::move(socket), path, *identity);
}

SocketListener::~SocketListener() {
  if (socket_.valid() && IdentityOf(path_) == identity_) {
    ::unlink(path_.c_str());
  }
}

base::Result<dev::UniqueFd, int> SocketListener::Accept() const {
  dev::UniqueFd connection(::accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (!connection.valid()) {
    return base::Failure{errno};
  }
  return connection;
}

std::optional<SocketListener::Identity> SocketListener::IdentityOf(const std::string& path) {
  struct stat status;
  if (::lstat(path.c_str(), &status) != 0) {
    return std::nullopt;
  }
  return Identity{.device = status.st_dev, .inode = status.st_ino};
}

}  // namespace pager::remote
