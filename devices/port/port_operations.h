// The operations of page sources on the guest's VMOs, on their way from any thread to the service thread.
//
//   PortVmoControl      what a page source holds: one object of the guest's
//   PortOperations      operations that wait for room in the operation queue, one queue for each object
//
//               Submit                     Take                      answer (PortOperationRing)
//   page source ------> waits its turn ------------> with the guest ---------------------------> handler called
//                            |
//                            +--> its object is closed, or the session ends: handler called with ZX_ERR_PEER_CLOSED
//
// Objects take turns, so that one with many operations does not hold up the others. The mutex is a leaf: no handler is
// called while it is held.
#pragma once

#include <zircon/types.h>

#include <atomic>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <variant>
#include <vector>

#include "devices/core/event_fd.h"
#include "devices/pager/vmo_control.h"
#include "shared/abi/port_device.h"

namespace dev {

// One operation of a page source, and who hears of its end.
struct PortPendingOperation {
  using Control = pager::VmoControl;
  // Nobody: the operation is the device's own, or the handler has been called.
  using Handler = std::variant<std::monostate, Control::StatusHandler, Control::DirtyRangesHandler,
                               Control::VmoStatsHandler, Control::LendHandler>;

  abi::PortOperation message;  // without an id
  Handler handler;
  Control::Filler fill;  // kSupply
};

// Calls the handler with `status` and nothing else.
void EndOperation(PortPendingOperation& operation, zx_status_t status);

class PortOperations {
 public:
  // `wake` outlives the session; it is signalled when an operation arrives while the service thread sleeps.
  explicit PortOperations(const EventFd& wake) : wake_(wake) {}

  // Any thread. When the object is not open (any more) the handler is called before this returns.
  void Submit(PortPendingOperation operation);

  // The rest is for the service thread, and for the one that ends the session.
  void OpenObject(uint64_t object);
  // How many operations its page source has asked for; the device's own do not count.
  [[nodiscard]] uint64_t CountAskedFor(uint64_t object);
  // Handlers of what waits are called.
  void CloseObject(uint64_t object);
  void CloseAll();

  [[nodiscard]] bool Has() const { return count_.load(std::memory_order_acquire) != 0; }
  // One of the object whose turn it is.
  [[nodiscard]] std::optional<PortPendingOperation> Take();
  // As PortCompletions'.
  [[nodiscard]] bool PrepareToSleep();
  void WokeUp();

 private:
  using Waiting = std::deque<PortPendingOperation>;
  struct Object {
    Waiting waiting;
    uint64_t asked_for = 0;
  };

  const EventFd& wake_;
  std::mutex mutex_;
  std::map<uint64_t, Object> objects_;  // this and the next two: guarded by mutex_; the open objects
  std::deque<uint64_t> turns_;          // those that have operations waiting, each once
  bool sleeping_ = false;
  std::atomic<size_t> count_{0};  // how many wait, for Has()
};

class PortVmoControl final : public pager::VmoControl {
 public:
  PortVmoControl(std::shared_ptr<PortOperations> operations, uint64_t object)
      : operations_(std::move(operations)), object_(object) {}

  void SupplyPages(uint64_t offset, std::vector<iovec> data, StatusHandler handler) override;
  void FetchPages(uint64_t offset, uint64_t length, Filler fill, StatusHandler handler) override;
  void AwaitRoom(StatusHandler handler) override;
  void OpRange(uint32_t op, uint64_t offset, uint64_t length, uint64_t data, StatusHandler handler) override;
  void QueryDirtyRanges(uint64_t offset, uint64_t length, DirtyRangesHandler handler) override;
  void QueryVmoStats(uint32_t options, VmoStatsHandler handler) override;
  void Detach(StatusHandler handler) override;
  void Lend(uint64_t offset, uint64_t length, LendHandler handler) override;

 private:
  // An operation on the object with nothing else set.
  [[nodiscard]] abi::PortOperation Message(abi::PortOperationKind kind) const;

  const std::shared_ptr<PortOperations> operations_;
  const uint64_t object_;
};

}  // namespace dev
