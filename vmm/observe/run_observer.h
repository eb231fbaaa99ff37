// All that a person can ask to see of a run: statistics, progress, a timeline, working sets.
//
//   Create ──▶ Watch, before the machine is made ──▶ Start ──▶ (the run) ──▶ Finish
//
// One seam feeds all of it: dev::PortObserver for what goes through the port, VcpuObserver for exits, and the
// observation that the guest's kernel keeps. What nobody asked for is not installed and costs nothing.
//
// Threads: the main one. What it owns has threads of its own, from Start to Finish.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "devices/pager/replay/replayer.h"
#include "vmm/machine/machine.h"
#include "vmm/net/address.h"
#include "vmm/observe/metrics_server.h"
#include "vmm/observe/output_file.h"
#include "vmm/observe/port_statistics.h"
#include "vmm/observe/progress.h"
#include "vmm/observe/run_report.h"
#include "vmm/observe/ticker.h"
#include "vmm/observe/trace_file.h"
#include "vmm/observe/trace_observer.h"
#include "vmm/observe/working_set_recorder.h"

namespace vmm {

enum class StatsForm { kNone, kTable, kJson };

struct ObserveSettings {
  StatsForm stats = StatsForm::kNone;
  std::string stats_file;  // empty: standard error
  bool progress = false;
  std::string trace_file;   // empty: no trace
  std::string record_file;  // empty: no working set is recorded
  std::string replay_file;  // empty: none is replayed
  std::optional<net::Address> metrics;
};

class RunObserver {
 public:
  // Opens the files that are to be written, and reads the one that is to be read. The error names option and file.
  static Result<std::unique_ptr<RunObserver>> Create(ObserveSettings settings);
  ~RunObserver();

  // Makes the machine tell. This object outlives it.
  void Watch(MachineConfig& config);
  // `machine` outlives this object or Finish.
  Result<> Start(const Machine& machine);
  // The guest has stopped: ends all threads, writes what was asked for. One line on standard error for what could not
  // be written.
  void Finish();

  // For other lines on standard error: takes a progress line out of their way. Any thread.
  void Print(std::string_view text);

 private:
  using Clock = std::chrono::steady_clock;

  explicit RunObserver(ObserveSettings settings) : settings_(std::move(settings)) {}
  [[nodiscard]] RunReport Report() const;
  void DrainTrace();
  void FinishTrace();
  Result<> StartMetrics();
  void WriteWorkingSet();
  void ReportReplay();
  [[nodiscard]] ReplayStatistics Replayed() const;
  void WriteStats();
  [[nodiscard]] bool CountsPort() const;
  [[nodiscard]] uint32_t WantedOfGuest() const;

  const ObserveSettings settings_;
  PortStatistics port_;
  std::optional<OutputFile> stats_file_;  // else standard error
  std::unique_ptr<TraceFile> trace_;
  std::unique_ptr<TraceObserver> tracer_;
  std::unique_ptr<Progress> progress_;
  std::optional<OutputFile> record_file_;  // with a recorder_
  std::unique_ptr<WorkingSetRecorder> recorder_;
  std::optional<pager::replay::WorkingSet> to_replay_;  // until Watch
  std::unique_ptr<pager::replay::Replayer> replayer_;

  const Machine* machine_ = nullptr;  // from Start to Finish
  Clock::time_point start_;
  std::optional<GuestObservation> guest_;  // of DrainTrace
  std::unique_ptr<Ticker> trace_ticker_;
  std::unique_ptr<Ticker> progress_ticker_;
  std::unique_ptr<MetricsServer> metrics_;
};

}  // namespace vmm
