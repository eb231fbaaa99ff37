// What went through the port device, counted: by object, which sums up to pagers and to all.
//
// Threads: PortObserver's calls come from the device, Snapshot from any; the mutex is a leaf and held for a copy.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "devices/port/port_observer.h"
#include "vmm/observe/latency_histogram.h"

namespace vmm {

// Of one object, by the name it was opened with; across several openings. Pages are of 4 KiB.
struct ObjectStatistics {
  std::string name;       // any bytes
  uint64_t size = 0;      // bytes, when it was opened last
  uint64_t opens = 0;     // VMOs that the guest has had of it
  uint64_t requests = 0;  // READs
  uint64_t failed = 0;    // READs that were answered with an error
  uint64_t pages_in = 0;  // filled by READs and supplies
  uint64_t supplied = 0;  // those of them that were supplied without having been asked for, at most
  uint64_t dirty_requests = 0;
  uint64_t dirtied = 0;         // pages of granted DIRTY requests
  uint64_t passes = 0;          // writeback passes that found something
  uint64_t written = 0;         // pages written back
  LatencyHistogram reads = {};  // from a READ's arrival at the monitor to its answer

  // What the pager has in its name: up to the first '/'.
  [[nodiscard]] std::string_view pager() const { return std::string_view(name).substr(0, name.find('/')); }
  // All but the names.
  void Add(const ObjectStatistics& other);
};

class PortStatistics final : public dev::PortObserver {
 public:
  // A guest can open any number of names. What is beyond this many is counted together, under kOthers.
  static constexpr size_t kMaxObjects = 1024;
  static constexpr std::string_view kOthers = "(others)";

  // By name.
  [[nodiscard]] std::vector<ObjectStatistics> Snapshot() const;

  void OnOpened(uint64_t object, std::string_view name, const pager::PageSource& source) override;
  void OnClosed(uint64_t object, const pager::PageSource& source) override;
  void OnRequest(uint64_t ticket, const dev::PortHeldRequest& request, dev::PortClock::time_point now) override;
  void OnAnswered(uint64_t ticket, const dev::PortHeldRequest& request, zx_status_t status,
                  dev::PortClock::duration took) override;
  void OnOperation(const dev::abi::PortOperation& operation) override;
  void OnOperationAnswered(const dev::abi::PortOperation& operation, zx_status_t status) override;

 private:
  struct Open {
    ObjectStatistics* statistics;
    bool pass_has_written = false;  // something was found since the last pass began
  };
  [[nodiscard]] Open* FindLocked(uint64_t object);

  mutable std::mutex mutex_;                                      // guards what follows
  std::map<std::string, ObjectStatistics, std::less<>> objects_;  // by name
  std::unordered_map<uint64_t, Open> open_;                       // by the guest's number
};

}  // namespace vmm
