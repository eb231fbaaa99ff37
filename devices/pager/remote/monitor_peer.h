// A monitor as the pager process sees it, for any thread: where answers go, and operations on the guest's VMOs.
//
// The I/O thread (ServerSession) reads what the monitor sends and tells this object; page sources answer and operate
// from any thread. It outlives its connection for as long as somebody holds a request or a VmoControl: after Close
// nothing is sent, and operations end with ZX_ERR_PEER_CLOSED.
//
// Locks: `mutex_` is a leaf; handlers are called without it.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <unordered_map>
#include <utility>
#include <vector>

#include "devices/pager/pieces.h"
#include "devices/pager/remote/channel.h"
#include "devices/pager/remote/messages.h"
#include "devices/pager/remote/region.h"
#include "devices/pager/remote/ring.h"

namespace pager::remote {

class MonitorPeer;

// A part of the region's area, held for one operation or one lease.
class AreaChunk {
 public:
  AreaChunk() = default;
  AreaChunk(std::shared_ptr<MonitorPeer> owner, uint32_t index, std::span<std::byte> bytes)
      : owner_(std::move(owner)), index_(index), bytes_(bytes) {}
  AreaChunk(AreaChunk&& other) noexcept = default;
  AreaChunk& operator=(AreaChunk&& other) noexcept;
  ~AreaChunk() { Release(); }

  [[nodiscard]] std::span<std::byte> bytes() const { return bytes_; }

 private:
  void Release();

  std::shared_ptr<MonitorPeer> owner_;  // keeps the region; null: nothing held
  uint32_t index_ = 0;
  std::span<std::byte> bytes_;
};

class MonitorPeer : public std::enable_shared_from_this<MonitorPeer> {
 public:
  // What became of an operation; `chunk`: the part of the area that it used, empty where it used none.
  using ResultHandler = std::function<void(const OperationResult&, AreaChunk chunk)>;
  struct OperationCall {
    OperationMessage message;  // id and area_offset are filled in
    std::vector<iovec> data;   // kSupplyPages: readable until the handler is called
    ResultHandler handler;
  };

  // What an operation can supply or lend at once, in bytes.
  static constexpr uint64_t kChunkSize = 128U << 10;

  // `wake_io`: called, on any thread and under the lock, when something has to wait for Flush.
  MonitorPeer(dev::UniqueFd socket, std::function<void()> wake_io)
      : channel_(std::move(socket)), wake_io_(std::move(wake_io)) {}

  [[nodiscard]] const Channel& channel() const { return channel_; }

  // Sends or, when the socket is full, keeps for Flush. Any thread.
  void Send(std::vector<std::byte> message);

  // The region and what the monitor can do. Once, before the first answer.
  void Start(std::shared_ptr<Region> region, uint64_t features);

  // I/O thread: a request in `slot` has been handed over. False when it was not the monitor's to hand over.
  [[nodiscard]] bool Take(uint32_t slot);

  // The answer to the request in `slot`, which is the monitor's again. Any thread, once for each Take.
  void Answer(uint32_t slot, uint64_t id, zx_status_t status, AnswerKind kind);
  // False, with nothing answered, when the monitor cannot be shown this file now.
  [[nodiscard]] bool AnswerWithFile(uint32_t slot, const RequestSlot& request, const FileRange& range);

  // Any thread; waits for its turn when there are too many, but does not block. ZX_ERR_NO_RESOURCES: the monitor has
  // given no area for what it needs.
  void Operate(OperationCall call);
  void ReleaseChunk(uint32_t index);

  // I/O thread. False when no operation has that id, or the result cannot be one of it.
  [[nodiscard]] bool OnResult(const OperationResult& result);
  // Sends what had to wait; false when something is left.
  [[nodiscard]] bool Flush();
  // The object is closed: the monitor forgets the files that were introduced for it.
  void ForgetFilesOf(uint64_t object);
  // Nothing is sent any more. kLater: the connection ends once nobody holds the guest memory that came with it.
  enum class Hangup { kNow, kLater };
  void Close(Hangup hangup);

 private:
  struct FileKey {
    uint64_t object;
    dev_t device;
    ino_t inode;
    auto operator<=>(const FileKey&) const = default;
  };
  struct Running {
    OperationCall call;
    AreaChunk chunk;
  };

  void SendLocked(std::vector<std::byte> message);
  void PublishLocked(const AnswerEntry& entry);
  // The number of a file that the monitor knows; makes it known where it does not.
  std::optional<uint32_t> IntroduceLocked(uint64_t object, int descriptor);
  void StartOperationsLocked();

  const Channel channel_;
  const std::function<void()> wake_io_;
  std::mutex mutex_;
  bool closed_ = false;  // this and the rest: guarded by mutex_
  std::deque<std::vector<std::byte>> unsent_;
  std::shared_ptr<Region> region_;  // null before Start
  std::optional<RingWriter<AnswerEntry>> answers_;
  uint64_t features_ = 0;
  std::vector<uint32_t> free_chunks_;
  std::vector<bool> taken_;            // per slot
  std::map<FileKey, uint32_t> files_;  // that the monitor has
  uint32_t next_file_ = 1;
  std::deque<OperationCall> waiting_;
  std::unordered_map<uint64_t, Running> running_;
  uint64_t next_operation_ = 1;
};

}  // namespace pager::remote
