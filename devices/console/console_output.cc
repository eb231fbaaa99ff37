#include "devices/console/console_output.h"

#include <limits.h>
#include <poll.h>

#include <algorithm>
#include <cerrno>

#include "devices/core/poll.h"

namespace dev {

namespace {

// What one writev may hold. A pipe that poll() calls writable takes PIPE_BUF bytes without blocking; more might block,
// and the descriptor is often shared with the shell, so it cannot be made non-blocking.
constexpr uint64_t kPieceBytes = PIPE_BUF;
constexpr size_t kPieceBuffers = 64;
static_assert(kPieceBuffers <= IOV_MAX);

// Chains in one batch: enough for every line of a burst, few enough that the driver gets its buffers back early.
constexpr size_t kBatchChains = 64;

}  // namespace

base::Result<ConsoleOutput::Step, QueueError> ConsoleOutput::Advance(SplitQueue& queue) {
  Step step{.progress = Progress::kMore, .interrupt = false, .lost = {}};
  if (batch_.empty()) {
    PAGODA_TRY_ASSIGN(const bool taken, TakeBatch(queue));
    if (!taken) {
      step.progress = Progress::kIdle;
      return step;
    }
  }
  if (next_ < unwritten_.size() && !WritePiece(step)) {
    step.progress = Progress::kBlocked;
    return step;
  }
  if (next_ == unwritten_.size()) {
    step.interrupt = GiveBack(queue);
  }
  return step;
}

// False when the descriptor would block. What it refuses for good is dropped, all of the batch, and counted.
bool ConsoleOutput::WritePiece(Step& step) {
  if (!IsReady(descriptor_, POLLOUT)) {
    return false;
  }
  const std::vector<iovec> piece = NextPiece();
  const ssize_t written = WriteWatched(piece);
  if (written >= 0) {
    Skip(static_cast<uint64_t>(written));
    return true;
  }
  if (errno == EAGAIN || errno == EWOULDBLOCK) {
    return false;
  }
  if (errno != EINTR) {
    step.lost.error = errno;
    for (; next_ < unwritten_.size(); ++next_) {
      step.lost.bytes += unwritten_[next_].iov_len;
    }
  }
  return true;
}

// As writev. The byte that the watcher gets is looked at again in guest memory: it decides about a line on a screen.
int64_t ConsoleOutput::WriteWatched(const std::vector<iovec>& piece) {
  if (watcher_ == nullptr) {
    return ::writev(descriptor_, piece.data(), static_cast<int>(piece.size()));
  }
  watcher_->BeforeOutput();
  const ssize_t written = ::writev(descriptor_, piece.data(), static_cast<int>(piece.size()));
  const int error = errno;
  uint64_t rest = written > 0 ? static_cast<uint64_t>(written) : 0;
  for (const iovec& part : piece) {
    if (rest != 0 && rest <= part.iov_len) {
      last_ = static_cast<const char*>(part.iov_base)[rest - 1];
    }
    rest -= std::min<uint64_t>(rest, part.iov_len);
  }
  watcher_->AfterOutput(last_);
  errno = error;
  return written;
}

// False when the driver has posted nothing.
base::Result<bool, QueueError> ConsoleOutput::TakeBatch(SplitQueue& queue) {
  while (batch_.size() < kBatchChains) {
    PAGODA_TRY_ASSIGN(auto chain, queue.Pop());
    if (!chain) {
      break;
    }
    for (const GuestBuffer& buffer : chain->readable()) {
      if (!buffer.bytes.empty()) {
        unwritten_.push_back({.iov_base = buffer.bytes.data(), .iov_len = buffer.bytes.size()});
      }
    }
    batch_.push_back(std::move(*chain));
  }
  return !batch_.empty();
}

std::vector<iovec> ConsoleOutput::NextPiece() const {
  std::vector<iovec> piece;
  uint64_t room = kPieceBytes;
  for (size_t index = next_; index < unwritten_.size() && room > 0 && piece.size() < kPieceBuffers; ++index) {
    const uint64_t length = std::min<uint64_t>(unwritten_[index].iov_len, room);
    piece.push_back({.iov_base = unwritten_[index].iov_base, .iov_len = length});
    room -= length;
  }
  return piece;
}

void ConsoleOutput::Skip(uint64_t bytes) {
  while (bytes > 0) {
    iovec& front = unwritten_[next_];
    const uint64_t length = std::min<uint64_t>(front.iov_len, bytes);
    front.iov_base = static_cast<std::byte*>(front.iov_base) + length;
    front.iov_len -= length;
    bytes -= length;
    next_ += front.iov_len == 0 ? 1 : 0;
  }
}

bool ConsoleOutput::GiveBack(SplitQueue& queue) {
  for (const DescriptorChain& chain : batch_) {
    queue.AddUsed(chain.head(), 0);
  }
  batch_.clear();
  unwritten_.clear();
  next_ = 0;
  return queue.PublishUsed();
}

}  // namespace dev
