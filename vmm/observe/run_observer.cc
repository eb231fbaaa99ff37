#include "vmm/observe/run_observer.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <span>
#include <utility>

#include "vmm/loader/input_file.h"
#include "vmm/observe/metrics_text.h"

namespace vmm {
namespace {

using std::chrono::milliseconds;

// Often enough that the guest's ring of events does not come round.
constexpr milliseconds kTracePeriod(5);

constexpr size_t kUsualWidth = 80;

// Whatever becomes of it.
void WriteToStandardError(std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(STDERR_FILENO, text.data(), text.size());
    if (written < 0 && errno != EINTR) {
      return;
    }
    text.remove_prefix(written > 0 ? static_cast<size_t>(written) : 0);
  }
}

size_t WidthOfTerminal() {
  winsize size = {};
  return ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 1 ? size.ws_col - size_t{1} : kUsualWidth;
}

// Whether both are the same terminal, or may be.
bool OutputSharesTerminal() { return ::isatty(STDOUT_FILENO) == 1 && ::isatty(STDERR_FILENO) == 1; }

Result<pager::replay::WorkingSet> ReadWorkingSet(const std::string& path) {
  constexpr uint64_t kMostBytes = uint64_t{1} << 29;  // more than kMaxReads lines
  PAGODA_TRY_ASSIGN(const InputFile file, InputFile::Open(path));
  if (file.size() > kMostBytes) {
    return BadInput("{}: is too large for a working set", path);
  }
  std::string text(file.size(), '\0');
  PAGODA_TRY(file.ReadAt(0, std::as_writable_bytes(std::span(text))));
  auto set = pager::replay::ParseWorkingSet(text);
  if (!set.ok()) {
    return BadInput("{}: {}", path, set.error().message);
  }
  return std::move(set).value();
}

std::unique_ptr<Progress> MakeProgress() {
  const ProgressStyle style = ::isatty(STDERR_FILENO) == 1 ? ProgressStyle::kRedrawn : ProgressStyle::kLines;
  return std::make_unique<Progress>(style, OutputSharesTerminal(), WidthOfTerminal(), WriteToStandardError);
}

}  // namespace

Result<std::unique_ptr<RunObserver>> RunObserver::Create(ObserveSettings settings) {
  std::unique_ptr<RunObserver> observer(new RunObserver(std::move(settings)));
  const ObserveSettings& wanted = observer->settings_;
  if (!wanted.stats_file.empty()) {
    PAGODA_TRY_ASSIGN(observer->stats_file_, WithContext("--stats-file", OutputFile::Open(wanted.stats_file)));
  }
  if (!wanted.record_file.empty()) {
    PAGODA_TRY_ASSIGN(observer->record_file_,
                      WithContext("--record-working-set", OutputFile::Open(wanted.record_file)));
    observer->recorder_ = std::make_unique<WorkingSetRecorder>();
  }
  if (!wanted.replay_file.empty()) {
    PAGODA_TRY_ASSIGN(observer->to_replay_, WithContext("--replay-working-set", ReadWorkingSet(wanted.replay_file)));
  }
  if (!wanted.trace_file.empty()) {
    PAGODA_TRY_ASSIGN(observer->trace_, WithContext("--trace", TraceFile::Create(wanted.trace_file)));
    observer->tracer_ = std::make_unique<TraceObserver>(*observer->trace_);
  }
  if (wanted.progress) {
    observer->progress_ = MakeProgress();
  }
  return observer;
}

RunObserver::~RunObserver() = default;

bool RunObserver::CountsPort() const {
  return settings_.stats != StatsForm::kNone || settings_.progress || settings_.metrics;
}

uint32_t RunObserver::WantedOfGuest() const {
  return (CountsPort() ? abi::kObserveCounters : 0) | (trace_ ? abi::kObserveEvents : 0);
}

void RunObserver::Watch(MachineConfig& config) {
  if (CountsPort()) {
    config.port.observers.push_back(&port_);
  }
  if (tracer_) {
    config.port.observers.push_back(tracer_.get());
    config.vcpu_observer = tracer_.get();
  }
  if (recorder_) {
    config.port.observers.push_back(recorder_.get());
  }
  if (to_replay_) {
    uint64_t memory = 0;
    for (const dev::MemoryRegion& region : config.ram.regions()) {
      memory += region.host.size();
    }
    replayer_ = std::make_unique<pager::replay::Replayer>(
        *std::exchange(to_replay_, std::nullopt), memory,
        [this](const std::string& line) { Print("pagoda: --replay-working-set: " + line + "\n"); });
    config.pagers.SetWrapper([this](std::string_view name, std::shared_ptr<pager::PageSource> source) {
      return replayer_->Wrap(name, std::move(source));
    });
  }
  config.observe = WantedOfGuest();
  config.console.watcher = progress_.get();
}

Result<> RunObserver::Start(const Machine& machine) {
  machine_ = &machine;
  start_ = Clock::now();
  if (trace_) {
    PAGODA_TRY_ASSIGN(trace_ticker_, Ticker::Start("trace", kTracePeriod, [this] { DrainTrace(); }));
  }
  if (settings_.metrics) {
    PAGODA_TRY(StartMetrics());
  }
  if (progress_) {
    const bool terminal = ::isatty(STDERR_FILENO) == 1;
    PAGODA_TRY_ASSIGN(
        progress_ticker_,
        Ticker::Start("progress", Progress::PeriodOf(terminal ? ProgressStyle::kRedrawn : ProgressStyle::kLines),
                      [this] { progress_->Tick(Report()); }));
  }
  return {};
}

Result<> RunObserver::StartMetrics() {
  if (const auto warning = net::WarningAbout(*settings_.metrics, "see what the run does")) {
    Print("pagoda: --metrics: " + *warning + "\n");
  }
  PAGODA_TRY_ASSIGN(metrics_, WithContext("--metrics", MetricsServer::Start(*settings_.metrics, kMetricsContentType,
                                                                            [this] { return MetricsText(Report()); })));
  const bool tcp = std::holds_alternative<net::TcpAddress>(metrics_->address());
  const std::string place = net::ConnectText(metrics_->address());
  Print(tcp ? fmt::format("pagoda: metrics at http://{}/metrics\n", place)
            : fmt::format("pagoda: metrics at /metrics of the socket {}\n", place));
  return {};
}

RunReport RunObserver::Report() const {
  RunReport report;
  report.elapsed = Clock::now() - start_;
  report.objects = port_.Snapshot();
  report.cpus = machine_->exit_counts();
  if (const auto guest = machine_->observation()) {
    report.guest = guest->counters();
  }
  if (replayer_) {
    report.replay = Replayed();
  }
  return report;
}

ReplayStatistics RunObserver::Replayed() const {
  const pager::replay::Replayer::Statistics statistics = replayer_->statistics();
  return {.recorded_requests = statistics.recorded_reads,
          .seen_requests = statistics.reads,
          .prefetched_pages = statistics.pages_fetched,
          .stopped_objects = statistics.objects_stopped};
}

void RunObserver::ReportReplay() {
  const ReplayStatistics replay = Replayed();
  fmt::print(
      stderr,
      "pagoda: --replay-working-set: {:.1f}% of {} requests removed, {} were made; {} pages were fetched ahead{}\n",
      100 * replay.removed_share(), replay.recorded_requests, replay.seen_requests, replay.prefetched_pages,
      replay.stopped_objects == 0 ? ""
                                  : fmt::format(", of {} objects no more because they were given up before they "
                                                "were used",
                                                replay.stopped_objects));
}

void RunObserver::WriteWorkingSet() {
  const WorkingSetRecorder::Record record = recorder_->record();
  if (const Result<> written = record_file_->Write(pager::replay::FormatWorkingSet(record.set)); !written.ok()) {
    fmt::print(stderr, "pagoda: --record-working-set: {}\n", written.error().message());
  } else if (record.left_out != 0) {
    fmt::print(stderr, "pagoda: --record-working-set: {}: the last {} requests are not in it: there were too many\n",
               settings_.record_file, record.left_out);
  }
}

void RunObserver::DrainTrace() {
  if (!guest_) {
    guest_ = machine_->observation();
  }
  if (guest_) {
    tracer_->Drain(*guest_);
  }
  trace_->Write();
}

void RunObserver::FinishTrace() {
  trace_ticker_.reset();
  DrainTrace();
  if (const Result<> finished = trace_->Finish(); !finished.ok()) {
    fmt::print(stderr, "pagoda: --trace: {}; the timeline is not complete\n", finished.error().message());
  } else if (const uint64_t missing = trace_->dropped() + tracer_->lost_guest_events(); missing != 0) {
    fmt::print(stderr, "pagoda: --trace: {} events came too fast and are not in {}\n", missing, settings_.trace_file);
  }
}

void RunObserver::WriteStats() {
  const RunReport report = Report();
  const std::string text = settings_.stats == StatsForm::kJson ? ReportJson(report) : ReportTable(report);
  if (!stats_file_) {
    WriteToStandardError(text);
  } else if (const Result<> written = stats_file_->Write(text); !written.ok()) {
    fmt::print(stderr, "pagoda: --stats-file: {}\n", written.error().message());
  }
}

void RunObserver::Finish() {
  metrics_.reset();
  progress_ticker_.reset();
  if (machine_ == nullptr) {
    return;
  }
  if (progress_) {
    progress_->Finish(Report());
  }
  if (trace_) {
    FinishTrace();
  }
  if (recorder_) {
    WriteWorkingSet();
  }
  if (replayer_) {
    ReportReplay();
  }
  if (settings_.stats != StatsForm::kNone) {
    WriteStats();
  }
  machine_ = nullptr;
}

void RunObserver::Print(std::string_view text) {
  if (progress_) {
    progress_->Print(text);
    return;
  }
  WriteToStandardError(text);
}

}  // namespace vmm
