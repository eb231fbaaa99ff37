// The VMO that a guest has of an object, for page sources in a process of their own: each operation becomes a message.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "devices/pager/remote/monitor_peer.h"
#include "devices/pager/vmo_control.h"

namespace pager::remote {

class GuestVmo final : public VmoControl, public std::enable_shared_from_this<GuestVmo> {
 public:
  // `object`: as the monitor numbers it.
  GuestVmo(std::shared_ptr<MonitorPeer> peer, uint64_t object) : peer_(std::move(peer)), object_(object) {}

  void SupplyPages(uint64_t offset, std::vector<iovec> data, StatusHandler handler) override;
  void OpRange(uint32_t op, uint64_t offset, uint64_t length, uint64_t data, StatusHandler handler) override;
  void QueryDirtyRanges(uint64_t offset, uint64_t length, DirtyRangesHandler handler) override;
  void QueryVmoStats(uint32_t options, VmoStatsHandler handler) override;
  void Detach(StatusHandler handler) override;
  void Lend(uint64_t offset, uint64_t length, LendHandler handler) override;

 private:
  [[nodiscard]] OperationMessage MessageFor(OperationKind kind) const;
  void Operate(const OperationMessage& message, MonitorPeer::ResultHandler handler, std::vector<iovec> data = {});

  const std::shared_ptr<MonitorPeer> peer_;
  const uint64_t object_;
};

}  // namespace pager::remote
