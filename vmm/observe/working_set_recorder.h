// Notes which pages of which objects a run asks for: the working set that --record-working-set writes.
//
// Threads: PortObserver's calls come from the device, record from any.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <unordered_map>

#include "devices/pager/replay/working_set.h"
#include "devices/port/port_observer.h"

namespace vmm {

class WorkingSetRecorder final : public dev::PortObserver {
 public:
  struct Record {
    pager::replay::WorkingSet set;
    uint64_t left_out;  // reads, because there were too many
  };
  // So far. The device may still close objects after the machine has stopped.
  [[nodiscard]] Record record() const;

  void OnOpened(uint64_t object, std::string_view name, const pager::PageSource& source) override;
  // What the guest itself has written back by now is part of the content that the next run will find.
  void OnClosed(uint64_t object, const pager::PageSource& source) override;
  void OnRequest(uint64_t ticket, const dev::PortHeldRequest& request, dev::PortClock::time_point now) override;
  void OnAnswered(uint64_t ticket, const dev::PortHeldRequest& request, zx_status_t status,
                  dev::PortClock::duration took) override;
  void OnOperation(const dev::abi::PortOperation& operation) override;
  void OnOperationAnswered(const dev::abi::PortOperation& operation, zx_status_t status) override;

 private:
  mutable std::mutex mutex_;  // guards what follows
  Record record_ = {};
  std::map<std::string, uint32_t, std::less<>> numbers_;  // of objects in the set, by name
  std::unordered_map<uint64_t, uint32_t> open_;           // the same by the guest's number
};

}  // namespace vmm
