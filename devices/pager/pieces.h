// Memory in pieces, as requests have it: a list of iovec seen as one run of bytes. And the one way between it and a
// file.
#pragma once

#include <sys/uio.h>
#include <zircon/types.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "devices/pager/file_io.h"

namespace pager {

// [offset, offset + length) of a file, borrowed.
struct FileRange {
  int descriptor;
  uint64_t offset;  // bytes; offset + length is at most 2^63 - 1
  uint64_t length;
};

// How many bytes there are in all.
[[nodiscard]] uint64_t LengthOf(std::span<const iovec> pieces);

// The bytes [from, from + length) of `pieces`. Precondition: they have that many.
[[nodiscard]] std::vector<iovec> Slice(std::span<const iovec> pieces, uint64_t from, uint64_t length);

// Precondition: `to` holds at least as many bytes.
void CopyInto(std::span<const iovec> to, std::span<const std::byte> from);
// Precondition: `to` holds at least as many bytes as `from` has.
void CopyOutOf(std::span<const iovec> from, std::span<std::byte> to);

// Zeroes what lies `from` bytes and more into `pieces`.
void ZeroFrom(std::span<const iovec> pieces, uint64_t from);

enum class Waiting {
  kAllowed,
  kNever,  // what is not in the page cache gives ZX_ERR_SHOULD_WAIT
};

// Reads the range to the beginning of `pieces` and zeroes what is left of them. ZX_ERR_IO, with `pieces` in no
// particular state, when the medium fails or the file ends before the range does: zeros would look like data.
// Precondition: `pieces` hold at least `range.length` bytes.
[[nodiscard]] zx_status_t ReadFileRange(const FileRange& range, std::span<const iovec> pieces,
                                        Waiting waiting = Waiting::kAllowed, FileIo& io = FileIo::Host());

// Writes the first `range.length` bytes of `pieces`, which hold as many. ZX_ERR_NO_SPACE or ZX_ERR_IO: a part may have
// been written.
[[nodiscard]] zx_status_t WriteFileRange(const FileRange& range, std::span<const iovec> pieces,
                                         FileIo& io = FileIo::Host());

}  // namespace pager
