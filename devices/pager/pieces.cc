#include "devices/pager/pieces.h"

#include <zircon/errors.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "devices/pager/host_status.h"

namespace pager {

namespace {

std::byte* At(const iovec& piece, uint64_t offset) { return static_cast<std::byte*>(piece.iov_base) + offset; }

// Takes `bytes` off the front of `pieces`.
void Advance(std::span<iovec>& pieces, size_t bytes) {
  while (!pieces.empty() && bytes >= pieces.front().iov_len) {
    bytes -= pieces.front().iov_len;
    pieces = pieces.subspan(1);
  }
  if (bytes > 0) {
    pieces.front() = {.iov_base = At(pieces.front(), bytes), .iov_len = pieces.front().iov_len - bytes};
  }
}

// Moves the range between the file and `pieces` by repeating `transfer`, a read or write at an offset, on what is left.
// ZX_ERR_SHOULD_WAIT: it will not wait, and would have to.
template <typename Call>
zx_status_t Transfer(const FileRange& range, std::span<const iovec> pieces, Call transfer) {
  std::vector<iovec> wanted = Slice(pieces, 0, range.length);
  std::span<iovec> rest(wanted);
  uint64_t done = 0;
  while (done < range.length) {
    const ssize_t size = transfer(range.descriptor, rest, range.offset + done);
    if (size < 0 && errno == EINTR) {
      continue;
    }
    if (size < 0 && (errno == EAGAIN || errno == EOPNOTSUPP)) {
      return ZX_ERR_SHOULD_WAIT;
    }
    if (size <= 0) {
      return size < 0 ? StatusOfTransfer(errno) : ZX_ERR_IO;  // 0: the file has shrunk
    }
    Advance(rest, static_cast<size_t>(size));
    done += static_cast<uint64_t>(size);
  }
  return ZX_OK;
}

}  // namespace

uint64_t LengthOf(std::span<const iovec> pieces) {
  uint64_t length = 0;
  for (const iovec& piece : pieces) {
    length += piece.iov_len;
  }
  return length;
}

std::vector<iovec> Slice(std::span<const iovec> pieces, uint64_t from, uint64_t length) {
  std::vector<iovec> slice;
  for (const iovec& piece : pieces) {
    const uint64_t skipped = std::min<uint64_t>(from, piece.iov_len);
    from -= skipped;
    const uint64_t taken = std::min<uint64_t>(length, piece.iov_len - skipped);
    if (taken > 0) {
      slice.push_back({.iov_base = At(piece, skipped), .iov_len = taken});
      length -= taken;
    }
  }
  return slice;
}

void CopyInto(std::span<const iovec> to, std::span<const std::byte> from) {
  for (const iovec& piece : to) {
    const size_t count = std::min<size_t>(piece.iov_len, from.size());
    if (count > 0) {
      std::memcpy(piece.iov_base, from.data(), count);
    }
    from = from.subspan(count);
  }
}

void CopyOutOf(std::span<const iovec> from, std::span<std::byte> to) {
  for (const iovec& piece : from) {
    const size_t count = std::min<size_t>(piece.iov_len, to.size());
    if (count > 0) {
      std::memcpy(to.data(), piece.iov_base, count);
    }
    to = to.subspan(count);
  }
}

void ZeroFrom(std::span<const iovec> pieces, uint64_t from) {
  for (const iovec& piece : pieces) {
    const uint64_t kept = std::min<uint64_t>(from, piece.iov_len);
    std::memset(At(piece, kept), 0, piece.iov_len - kept);
    from -= kept;
  }
}

zx_status_t ReadFileRange(const FileRange& range, std::span<const iovec> pieces, Waiting waiting, FileIo& io) {
  const int flags = waiting == Waiting::kNever ? RWF_NOWAIT : 0;
  const zx_status_t status =
      Transfer(range, pieces, [flags, &io](int file, std::span<const iovec> rest, uint64_t offset) {
        return io.Read(file, rest, offset, flags);
      });
  if (status == ZX_OK) {
    ZeroFrom(pieces, range.length);
  }
  // Only who does not want to wait can be told to.
  return status == ZX_ERR_SHOULD_WAIT && waiting == Waiting::kAllowed ? ZX_ERR_IO : status;
}

zx_status_t WriteFileRange(const FileRange& range, std::span<const iovec> pieces, FileIo& io) {
  const zx_status_t status = Transfer(range, pieces, [&io](int file, std::span<const iovec> rest, uint64_t offset) {
    return io.Write(file, rest, offset);
  });
  return status == ZX_ERR_SHOULD_WAIT ? ZX_ERR_IO : status;
}

}  // namespace pager
