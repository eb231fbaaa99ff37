// A medium that fails when a test says so, and otherwise is the host's own.
#pragma once

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <deque>
#include <limits>
#include <map>

#include "devices/pager/file_io.h"

namespace test {

class FaultyIo final : public pager::FileIo {
 public:
  enum class Call { kRead, kWrite, kAllocate, kTruncate, kSync };

  // The next calls of this kind fail with these, one after the other; 0 lets one through.
  void Fail(Call call, const std::deque<int>& errors) { errors_[call] = errors; }
  size_t most_bytes = std::numeric_limits<size_t>::max();  // that one read or write moves

  ssize_t Read(int file, std::span<const iovec> pieces, uint64_t offset, int flags) override {
    const iovec piece = Shortened(pieces);
    return Fails(Call::kRead) ? -1 : FileIo::Read(file, Narrowed(pieces, piece), offset, flags);
  }
  ssize_t Write(int file, std::span<const iovec> pieces, uint64_t offset) override {
    const iovec piece = Shortened(pieces);
    return Fails(Call::kWrite) ? -1 : FileIo::Write(file, Narrowed(pieces, piece), offset);
  }
  int Allocate(int file, int mode, uint64_t offset, uint64_t length) override {
    return Fails(Call::kAllocate) ? -1 : FileIo::Allocate(file, mode, offset, length);
  }
  int Truncate(int file, uint64_t size) override { return Fails(Call::kTruncate) ? -1 : FileIo::Truncate(file, size); }
  int Sync(int file) override { return Fails(Call::kSync) ? -1 : FileIo::Sync(file); }

 private:
  bool Fails(Call call) {
    std::deque<int>& errors = errors_[call];
    if (errors.empty()) {
      return false;
    }
    errno = errors.front();
    errors.pop_front();
    return errno != 0;
  }
  [[nodiscard]] iovec Shortened(std::span<const iovec> pieces) const {
    return {.iov_base = pieces.front().iov_base, .iov_len = std::min(pieces.front().iov_len, most_bytes)};
  }
  // All of `pieces`, unless that is more than may be moved at a time.
  [[nodiscard]] std::span<const iovec> Narrowed(std::span<const iovec> pieces, const iovec& piece) const {
    return most_bytes == std::numeric_limits<size_t>::max() ? pieces : std::span(&piece, 1);
  }

  std::map<Call, std::deque<int>> errors_;
};

}  // namespace test
