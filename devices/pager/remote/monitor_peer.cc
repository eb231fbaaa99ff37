#include "devices/pager/remote/monitor_peer.h"

#include <sys/stat.h>
#include <zircon/errors.h>

#include <algorithm>
#include <utility>

#include "shared/base/range.h"

namespace pager::remote {

namespace {

bool NeedsChunk(OperationKind kind) { return kind == OperationKind::kSupplyPages || kind == OperationKind::kLend; }

OperationResult Failure(zx_status_t status) { return {.id = 0, .status = status, .values = {}, .ranges = {}}; }

// Whether a monitor may say this of that operation.
bool IsPossible(const OperationMessage& operation, const OperationResult& result) {
  if (result.status != ZX_OK) {
    return true;
  }
  const uint64_t* values = result.values;
  switch (operation.kind) {
    case OperationKind::kQueryDirtyRanges:
      return values[0] >= result.ranges.size();
    case OperationKind::kQueryVmoStats:
      return values[0] <= 1 && base::IsPageAligned(values[1]) && values[2] <= values[1];
    case OperationKind::kLend:
      return values[0] > 0 && base::IsPageAligned(values[0]) && values[0] <= operation.length;
    default:
      return true;
  }
}

}  // namespace

AreaChunk& AreaChunk::operator=(AreaChunk&& other) noexcept {
  if (this != &other) {
    Release();
    owner_ = std::move(other.owner_);
    index_ = other.index_;
    bytes_ = other.bytes_;
  }
  return *this;
}

void AreaChunk::Release() {
  if (const auto owner = std::exchange(owner_, nullptr)) {
    owner->ReleaseChunk(index_);
  }
}

void MonitorPeer::Send(std::vector<std::byte> message) {
  const std::lock_guard lock(mutex_);
  SendLocked(std::move(message));
}

void MonitorPeer::SendLocked(std::vector<std::byte> message) {
  // A socket that is gone is seen by the I/O thread.
  if (!closed_ && (!unsent_.empty() || channel_.Send(message) == Channel::Sent::kFull)) {
    unsent_.push_back(std::move(message));
    wake_io_();
  }
}

bool MonitorPeer::Flush() {
  const std::lock_guard lock(mutex_);
  while (!unsent_.empty() && channel_.Send(unsent_.front()) != Channel::Sent::kFull) {
    unsent_.pop_front();
  }
  return unsent_.empty();
}

void MonitorPeer::Start(std::shared_ptr<Region> region, uint64_t features) {
  const std::lock_guard lock(mutex_);
  region_ = std::move(region);
  features_ = features;
  answers_.emplace(region_->answers());
  taken_.resize(region_->geometry().slot_count);
  for (uint64_t chunk = region_->area().size() / kChunkSize; chunk > 0; --chunk) {
    free_chunks_.push_back(static_cast<uint32_t>(chunk - 1));
  }
}

bool MonitorPeer::Take(uint32_t slot) {
  const std::lock_guard lock(mutex_);
  if (slot >= taken_.size() || taken_[slot]) {
    return false;
  }
  taken_[slot] = true;
  return true;
}

void MonitorPeer::Answer(uint32_t slot, uint64_t id, zx_status_t status, AnswerKind kind) {
  const std::lock_guard lock(mutex_);
  AnswerEntry entry{};
  entry.id = id;
  entry.slot = slot;
  entry.status = std::min(status, ZX_OK);
  entry.kind = kind;
  PublishLocked(entry);
}

bool MonitorPeer::AnswerWithFile(uint32_t slot, const RequestSlot& request, const FileRange& range) {
  const std::lock_guard lock(mutex_);
  const std::optional<uint32_t> file = IntroduceLocked(request.object, range.descriptor);
  if (!file) {
    return false;
  }
  AnswerEntry entry{};
  entry.id = request.id;
  entry.slot = slot;
  entry.status = ZX_OK;
  entry.kind = AnswerKind::kFileRange;
  entry.file = *file;
  entry.file_offset = range.offset;
  entry.file_length = range.length;
  PublishLocked(entry);
  return true;
}

void MonitorPeer::PublishLocked(const AnswerEntry& entry) {
  if (closed_) {
    return;
  }
  taken_[entry.slot] = false;
  if (answers_->Publish(entry)) {
    SendLocked(EncodePlain(MessageType::kKick));
  }
}

std::optional<uint32_t> MonitorPeer::IntroduceLocked(uint64_t object, int descriptor) {
  struct stat status;
  if (closed_ || (features_ & kFeatureFileRange) == 0 || ::fstat(descriptor, &status) != 0) {
    return std::nullopt;
  }
  // A descriptor's number may stand for another file by now, the file's identity not while it is open.
  const FileKey key{.object = object, .device = status.st_dev, .inode = status.st_ino};
  if (const auto known = files_.find(key); known != files_.end()) {
    return known->second;
  }
  if (files_.size() >= kMaxFiles || !unsent_.empty()) {
    return std::nullopt;
  }
  const FileMessage message{.header = {}, .file = next_file_, .reserved = 0, .object = object};
  if (channel_.Send(Encode(MessageType::kFile, message), descriptor) != Channel::Sent::kYes) {
    return std::nullopt;
  }
  files_.emplace(key, next_file_);
  return next_file_++;
}

void MonitorPeer::ForgetFilesOf(uint64_t object) {
  const std::lock_guard lock(mutex_);
  std::erase_if(files_, [object](const auto& entry) { return entry.first.object == object; });
}

void MonitorPeer::Operate(OperationCall call) {
  zx_status_t refused;
  {
    const std::lock_guard lock(mutex_);
    const bool possible = region_ && (!NeedsChunk(call.message.kind) || region_->area().size() >= kChunkSize);
    refused = closed_ ? ZX_ERR_PEER_CLOSED : possible ? ZX_OK : ZX_ERR_NO_RESOURCES;
    if (refused == ZX_OK) {
      waiting_.push_back(std::move(call));
      StartOperationsLocked();
    }
  }
  if (refused != ZX_OK) {
    call.handler(Failure(refused), AreaChunk());
  }
}

// In order: one that waits for a chunk keeps those behind it waiting, so that it gets its turn.
void MonitorPeer::StartOperationsLocked() {
  while (!waiting_.empty() && running_.size() < kMaxOperations) {
    OperationCall& next = waiting_.front();
    AreaChunk chunk;
    if (NeedsChunk(next.message.kind)) {
      if (free_chunks_.empty()) {
        return;
      }
      const uint32_t index = free_chunks_.back();
      free_chunks_.pop_back();
      next.message.area_offset = index * kChunkSize;
      chunk = AreaChunk(shared_from_this(), index, region_->area().subspan(index * kChunkSize, kChunkSize));
      CopyOutOf(next.data, chunk.bytes());
    }
    const uint64_t id = next_operation_++;
    next.message.id = id;
    SendLocked(Encode(MessageType::kOperation, next.message));
    running_.emplace(id, Running{.call = std::move(next), .chunk = std::move(chunk)});
    waiting_.pop_front();
  }
}

bool MonitorPeer::OnResult(const OperationResult& result) {
  std::optional<Running> done;
  {
    const std::lock_guard lock(mutex_);
    const auto found = running_.find(result.id);
    if (found == running_.end() || !IsPossible(found->second.call.message, result)) {
      return false;
    }
    done = std::move(found->second);
    running_.erase(found);
    StartOperationsLocked();
  }
  done->call.handler(result, std::move(done->chunk));
  return true;
}

void MonitorPeer::ReleaseChunk(uint32_t index) {
  const std::lock_guard lock(mutex_);
  free_chunks_.push_back(index);
  if (!closed_) {
    StartOperationsLocked();
  }
}

void MonitorPeer::Close(Hangup hangup) {
  std::deque<OperationCall> waiting;
  std::unordered_map<uint64_t, Running> running;
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    if (hangup == Hangup::kNow) {
      channel_.Shutdown();
    }
    unsent_.clear();
    waiting = std::exchange(waiting_, {});
    running = std::exchange(running_, {});
  }
  for (auto& [id, operation] : running) {
    operation.call.handler(Failure(ZX_ERR_PEER_CLOSED), AreaChunk());
  }
  for (OperationCall& call : waiting) {
    call.handler(Failure(ZX_ERR_PEER_CLOSED), AreaChunk());
  }
}

}  // namespace pager::remote
