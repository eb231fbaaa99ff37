#include "devices/pager/nbd/connection.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string_view>

#include "devices/core/poll.h"
#include "devices/pager/nbd/library.h"
#include "shared/base/range.h"

namespace pager::nbd {

namespace {

// Keeps every sum of an offset and a length, rounded up to pages, far from wrapping around.
constexpr uint64_t kMaxSize = uint64_t{1} << 62;
// What the protocol lets every client use of a server that does not say.
constexpr uint64_t kDefaultMaximum = 32 << 20;

base::Failure<dev::Error> Bad(std::string reason) { return base::Failure{dev::Error{std::move(reason)}}; }

// What libnbd says of the last error on this thread, without the name of its function in front.
std::string LastError(const Library& nbd) {
  const char* text = nbd.get_error();
  std::string_view error = text != nullptr ? text : "unknown error";
  const size_t colon = error.find(": ");
  if (error.starts_with("nbd_") && colon != std::string_view::npos) {
    error.remove_prefix(colon + 2);
  }
  return std::string(error);
}

// A peer that is gone without a word: TCP notices, on our clock. Means nothing to other sockets, which need none of it.
void LimitSilence(int socket, std::chrono::milliseconds silence) {
  constexpr int kProbes = 3;
  const int on = 1;
  const auto total = static_cast<unsigned int>(std::clamp<int64_t>(silence.count(), 1'000, INT32_MAX));
  const int seconds = std::max<int>(1, static_cast<int>(total / 1000 / (kProbes + 1)));
  ::setsockopt(socket, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
  ::setsockopt(socket, IPPROTO_TCP, TCP_KEEPIDLE, &seconds, sizeof(seconds));
  ::setsockopt(socket, IPPROTO_TCP, TCP_KEEPINTVL, &seconds, sizeof(seconds));
  ::setsockopt(socket, IPPROTO_TCP, TCP_KEEPCNT, &kProbes, sizeof(kProbes));
  ::setsockopt(socket, IPPROTO_TCP, TCP_USER_TIMEOUT, &total, sizeof(total));
}

}  // namespace

void Connection::CloseHandle::operator()(nbd_handle* handle) const { library->close(handle); }

Connection::~Connection() = default;

base::Result<std::unique_ptr<Connection>, dev::Error> Connection::Create(const std::string& uri,
                                                                         Clock::time_point deadline,
                                                                         std::chrono::milliseconds silence, int stop) {
  PAGODA_TRY_ASSIGN(const Library* const nbd, Library::Load());
  nbd_handle* const handle = nbd->create();
  if (handle == nullptr) {
    return Bad(LastError(*nbd));
  }
  std::unique_ptr<Connection> connection(new Connection(*nbd, handle));
  PAGODA_TRY(connection->Handshake(uri, deadline, stop));
  PAGODA_TRY(connection->TakeExport());
  LimitSilence(connection->fd(), silence);
  return connection;
}

base::Result<void, dev::Error> Connection::Handshake(const std::string& uri, Clock::time_point deadline, int stop) {
  nbd_handle* const handle = handle_.get();
  // A simple reply has all bytes that were asked for or an error. A structured one has what pieces the server likes,
  // and nothing in libnbd notices when one is left out.
  nbd_.set_request_structured_replies(handle, false);
  // What has not arrived is never looked at.
  nbd_.set_pread_initialize(handle, false);
  // The URI is the user's own: it may name keys.
  nbd_.set_uri_allow_local_file(handle, true);
  if (nbd_.aio_connect_uri(handle, uri.c_str()) != 0) {
    return Bad(LastError(nbd_));
  }
  while (nbd_.aio_is_connecting(handle) == 1) {
    std::array<pollfd, 2> descriptors = {pollfd{.fd = fd(), .events = events(), .revents = 0},
                                         pollfd{.fd = stop, .events = POLLIN, .revents = 0}};
    dev::WaitUntilReady(descriptors, deadline - Clock::now());
    Advance(descriptors[0].revents);
    if (Clock::now() >= deadline || descriptors[1].revents != 0) {
      return Bad("it does not answer as an NBD server");
    }
  }
  if (nbd_.aio_is_ready(handle) != 1) {
    return Bad(reason_);
  }
  return {};
}

base::Result<void, dev::Error> Connection::TakeExport() {
  nbd_handle* const handle = handle_.get();
  const int64_t size = nbd_.get_size(handle);
  if (size < 0 || static_cast<uint64_t>(size) > kMaxSize) {
    return Bad("the export is too large: more than 2^62 bytes");
  }
  const int64_t minimum = std::max<int64_t>(nbd_.get_block_size(handle, LIBNBD_SIZE_MINIMUM), 1);
  const int64_t maximum = nbd_.get_block_size(handle, LIBNBD_SIZE_MAXIMUM);
  if (static_cast<uint64_t>(minimum) > base::kPageSize) {
    return Bad("the server takes no blocks smaller than " + std::to_string(minimum) +
               " bytes, which is more than a page (nbdkit has --filter=blocksize for that)");
  }
  if (size % minimum != 0) {
    return Bad("the export has " + std::to_string(size) + " bytes, of which the last cannot be read in blocks of " +
               std::to_string(minimum));
  }
  const uint64_t most = std::min(maximum > 0 ? static_cast<uint64_t>(maximum) : kDefaultMaximum, kDefaultMaximum);
  export_ = {.size = static_cast<uint64_t>(size),
             .minimum_block = static_cast<uint32_t>(minimum),
             .maximum_block = static_cast<uint32_t>(
                 std::max(most - most % static_cast<uint64_t>(minimum), static_cast<uint64_t>(minimum))),
             .read_only = nbd_.is_read_only(handle) != 0,
             .can_flush = nbd_.can_flush(handle) == 1,
             .can_fua = nbd_.can_fua(handle) == 1,
             .can_zero = nbd_.can_zero(handle) == 1};
  return {};
}

base::Result<uint64_t, int> Connection::Start(const Command& command) {
  nbd_handle* const handle = handle_.get();
  const uint32_t flags = !export_.can_flush && export_.can_fua ? LIBNBD_CMD_FLAG_FUA : 0;
  int64_t id = -1;
  switch (command.operation) {
    case Operation::kRead:
      id = nbd_.aio_pread(handle, command.data, command.length, command.offset, NBD_NULL_COMPLETION, 0);
      break;
    case Operation::kWrite:
      id = nbd_.aio_pwrite(handle, command.data, command.length, command.offset, NBD_NULL_COMPLETION, flags);
      break;
    case Operation::kZero:
      id = nbd_.aio_zero(handle, command.length, command.offset, NBD_NULL_COMPLETION, flags);
      break;
    case Operation::kFlush:
      id = nbd_.aio_flush(handle, NBD_NULL_COMPLETION, 0);
      break;
  }
  if (id < 0) {
    const int error = nbd_.get_errno();
    NoteError();
    return base::Failure{error != 0 ? error : EIO};
  }
  return static_cast<uint64_t>(id);
}

int Connection::fd() const { return nbd_.aio_get_fd(handle_.get()); }

short Connection::events() const {
  const unsigned int direction = nbd_.aio_get_direction(handle_.get());
  return static_cast<short>(((direction & LIBNBD_AIO_DIRECTION_READ) != 0 ? POLLIN : 0) |
                            ((direction & LIBNBD_AIO_DIRECTION_WRITE) != 0 ? POLLOUT : 0));
}

void Connection::Advance(short revents) {
  constexpr short kOver = POLLHUP | POLLERR | POLLNVAL;  // found out by reading or writing
  const short wanted = events();
  int result = 0;
  if ((wanted & POLLIN) != 0 && (revents & (POLLIN | kOver)) != 0) {
    result = nbd_.aio_notify_read(handle_.get());
  } else if ((wanted & POLLOUT) != 0 && (revents & (POLLOUT | kOver)) != 0) {
    result = nbd_.aio_notify_write(handle_.get());
  }
  if (result != 0) {
    NoteError();
  }
}

std::optional<Done> Connection::TakeDone() {
  const int64_t id = nbd_.aio_peek_command_completed(handle_.get());
  if (id <= 0) {
    return std::nullopt;  // none, or none in flight
  }
  const int result = nbd_.aio_command_completed(handle_.get(), static_cast<uint64_t>(id));
  const int error = result == 1 ? 0 : nbd_.get_errno();
  return Done{.id = static_cast<uint64_t>(id), .error = result == 1 || error != 0 ? error : EIO};
}

bool Connection::ended() const {
  return nbd_.aio_is_dead(handle_.get()) != 0 || nbd_.aio_is_closed(handle_.get()) != 0;
}

void Connection::NoteError() { reason_ = LastError(nbd_); }

}  // namespace pager::nbd
