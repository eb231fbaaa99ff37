// Puts what happens into a timeline: requests and operations at the port, the vCPUs' exits, and what the guest's kernel
// tells of faults, evictions and idle CPUs. Speaks of objects by name and of offsets in them.
//
//   track                        events
//   page requests                READ, DIRTY, SYNC, COMPLETE, LOAN from the guest's question to the pager's answer
//   operations                   what pagers do to VMOs: SUPPLY, WRITEBACK_BEGIN, ...
//   vCPU n: exits                what the monitor deals with for it
//   vCPU n: guest                idle; fault, write fault, evict
//   pages in, pages evicted      counters
//
// Threads: PortObserver and VcpuObserver say who calls; Drain from one at a time.
#pragma once

#include <array>
#include <cstdint>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <vector>

#include "devices/port/port_observer.h"
#include "vmm/machine/guest_observation.h"
#include "vmm/machine/vcpu_observer.h"
#include "vmm/observe/trace_file.h"

namespace vmm {

class TraceObserver final : public dev::PortObserver, public VcpuObserver {
 public:
  // `file` outlives this object.
  explicit TraceObserver(TraceFile& file);

  void OnOpened(uint64_t object, std::string_view name, const pager::PageSource& source) override;
  void OnClosed(uint64_t object, const pager::PageSource& source) override;
  void OnRequest(uint64_t ticket, const dev::PortHeldRequest& request, dev::PortClock::time_point now) override;
  void OnAnswered(uint64_t ticket, const dev::PortHeldRequest& request, zx_status_t status,
                  dev::PortClock::duration took) override;
  void OnOperation(const dev::abi::PortOperation& operation) override;
  void OnOperationAnswered(const dev::abi::PortOperation& operation, zx_status_t status) override;

  void OnExitHandled(uint32_t cpu, ExitKind kind, std::chrono::steady_clock::time_point begin,
                     std::chrono::steady_clock::time_point end) override;

  // Takes what the guest has recorded since the last time.
  void Drain(GuestObservation& guest);
  // Events of the guest that it overwrote before they were taken.
  [[nodiscard]] uint64_t lost_guest_events() const { return lost_; }

 private:
  struct Span {
    uint64_t id;
    const char* name;
  };
  using Spans = std::unordered_map<uint64_t, Span>;

  void Begin(Spans& spans, uint64_t key, const char* name, TraceTrack track, const TraceEvent& where);
  void End(Spans& spans, uint64_t key, TraceTrack track, zx_status_t status);
  [[nodiscard]] uint32_t NameOfObject(uint64_t object) const;
  void AddGuestEvent(const abi::GuestEvent& event, TraceEvent::Clock::time_point time);

  TraceFile& file_;
  uint64_t next_id_ = 1;  // this and the next three: of the device's calls
  Spans requests_;
  Spans operations_;
  uint64_t pages_in_ = 0;

  mutable std::mutex mutex_;
  std::unordered_map<uint64_t, uint32_t> objects_;  // guarded by mutex_; the guest's numbers, those of the past too

  std::vector<abi::GuestEvent> events_;  // this and the rest: of Drain
  std::array<bool, abi::kMaxCpus> idle_{};
  uint64_t pages_evicted_ = 0;
  uint64_t lost_ = 0;
};

}  // namespace vmm
