#include "devices/console/console_input.h"

#include <limits.h>
#include <poll.h>
#include <sys/uio.h>

#include <algorithm>
#include <cerrno>
#include <vector>

#include "devices/core/poll.h"

namespace dev {

namespace {

std::vector<iovec> BuffersOf(const DescriptorChain& chain) {
  std::vector<iovec> buffers;
  for (const GuestBuffer& buffer : chain.writable()) {
    if (!buffer.bytes.empty()) {
      buffers.push_back({.iov_base = buffer.bytes.data(), .iov_len = buffer.bytes.size()});
    }
  }
  buffers.resize(std::min<size_t>(buffers.size(), IOV_MAX));
  return buffers;
}

}  // namespace

base::Result<ConsoleInput::Step, QueueError> ConsoleInput::Advance(SplitQueue& queue) {
  Step step{.progress = Progress::kClosed, .interrupt = false};
  if (!descriptor_) {
    return step;
  }
  if (!room_) {
    PAGODA_TRY_ASSIGN(room_, queue.Pop());
  }
  if (!room_) {
    step.progress = Progress::kNoRoom;
    return step;
  }
  if (room_->writable_bytes() == 0) {  // reading nothing would look like the end of the input
    step = {.progress = Progress::kMore, .interrupt = GiveBack(queue, 0)};
    return step;
  }
  step.progress = Progress::kWaiting;
  if (!IsReady(*descriptor_, POLLIN)) {
    return step;
  }
  const std::vector<iovec> buffers = BuffersOf(*room_);
  const ssize_t size = ::readv(*descriptor_, buffers.data(), static_cast<int>(buffers.size()));
  if (size > 0) {
    step = {.progress = Progress::kMore, .interrupt = GiveBack(queue, static_cast<uint32_t>(size))};
  } else if (size == 0 || (errno != EINTR && errno != EAGAIN && errno != EWOULDBLOCK)) {
    descriptor_.reset();
    step.progress = Progress::kClosed;
  }
  return step;
}

bool ConsoleInput::GiveBack(SplitQueue& queue, uint32_t written) {
  queue.AddUsed(room_->head(), written);
  room_.reset();
  return queue.PublishUsed();
}

}  // namespace dev
