#include "vmm/cli/run_command.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "devices/pager/pager_spec.h"
#include "devices/pager/remote/memory_grant.h"
#include "vmm/base/log.h"
#include "vmm/cli/exit_codes.h"
#include "vmm/cli/observe_options.h"
#include "vmm/cli/terminal_guard.h"
#include "vmm/cli/values.h"
#include "vmm/crash/core_file.h"
#include "vmm/crash/crash_handler.h"
#include "vmm/debug/debugger.h"
#include "vmm/machine/host_check.h"
#include "vmm/machine/machine.h"

namespace vmm {
namespace {

constexpr std::string_view kDefaultKernel = "kernel.elf";
constexpr std::string_view kDefaultBootfs = "sample.bootfs";

constexpr std::string_view kCrashToReport = "report";
constexpr std::string_view kCrashToGdb = "gdb";
constexpr std::string_view kAnyPort = "tcp:0";

// As the parser fills it in: text, judged later, so that every complaint has the same form.
struct RunOptions {
  std::string kernel;
  std::string bootfs;
  std::string memory = "256M";
  std::string cpus = "1";
  std::string timeout;
  std::string pager_timeout;
  std::vector<std::string> options;
  std::vector<std::string> pagers;
  std::string core;
  std::string log_level = "off";
  std::string kvm_device = "/dev/kvm";
  std::string gdb;
  bool gdb_wait = false;
  std::string on_crash = "report";
  ObserveOptions observe;
  std::vector<std::string> program;
};

// The text options, understood.
struct RunSettings {
  uint64_t memory_size;
  uint32_t cpu_count;
  std::optional<std::chrono::milliseconds> timeout;
  dev::PortOptions port;
  std::vector<pager::PagerSpec> pagers;
  std::optional<net::Address> debugger;
  ObserveSettings observe;
};

// A file that belongs to this executable: in the build's folder for the guest, or where an installation has it.
std::string BesideExecutable(std::string_view file) {
  std::array<char, 4096> path;
  const ssize_t length = readlink("/proc/self/exe", path.data(), path.size());
  const std::string_view executable(path.data(), length > 0 ? static_cast<size_t>(length) : 0);
  const size_t folder = executable.rfind('/');
  const std::string_view beside = folder == std::string_view::npos ? "." : executable.substr(0, folder);
  const std::string installed = fmt::format("{}/../lib/pagoda/{}", beside, file);
  return access(installed.c_str(), F_OK) == 0 ? installed : fmt::format("{}/../guest/{}", beside, file);
}

Result<uint32_t> ParseCpuCount(const std::string& text) {
  for (uint32_t count = 1; count <= abi::kMaxCpus; ++count) {
    if (text == std::to_string(count)) {
      return count;
    }
  }
  return BadInput("'{}' is not a number of vCPUs from 1 to {}", text, abi::kMaxCpus);
}

Result<> CheckOptions(const std::vector<std::string>& options) {
  for (const std::string& option : options) {
    const size_t equals = option.find('=');
    if (equals == std::string::npos || equals == 0) {
      return BadInput("'{}' is not KEY=VALUE", option);
    }
  }
  return {};
}

Result<std::vector<pager::PagerSpec>> ParsePagers(const std::vector<std::string>& texts) {
  std::vector<pager::PagerSpec> specs;
  for (const std::string& text : texts) {
    auto spec = pager::ParsePagerSpec(text);
    if (!spec.ok()) {
      return BadInput("{}", spec.error().message);
    }
    specs.push_back(std::move(spec).value());
  }
  return specs;
}

bool AnyWantsGuestMemory(const std::vector<pager::PagerSpec>& specs) {
  return std::any_of(specs.begin(), specs.end(), pager::WantsGuestMemory);
}

Result<pager::GuestMemoryToShare> MemoryToShare(const GuestRam& ram) {
  if (ram.shared_fd() < 0) {
    return pager::GuestMemoryToShare();
  }
  auto grant = pager::remote::MemoryGrant::Create(ram.shared_fd(), ram.regions());
  if (!grant.ok()) {
    return base::Failure{Error(kExitHostFailure, std::move(grant.error().message))};
  }
  return std::move(grant).value();
}

Result<pager::Registry> CreatePagers(const std::vector<pager::PagerSpec>& specs, const GuestRam& ram) {
  PAGODA_TRY_ASSIGN(const pager::GuestMemoryToShare memory, MemoryToShare(ram));
  pager::Registry registry;
  for (const pager::PagerSpec& spec : specs) {
    if (auto added = pager::AddPager(spec, registry, memory); !added.ok()) {
      return BadInput("{}", added.error().message);
    }
  }
  return registry;
}

// `timeout` may be empty: then overdue requests of pagers are reported and go on.
Result<dev::PortOptions> PortOptionsFor(const std::string& timeout) {
  dev::PortOptions port;
  if (!timeout.empty()) {
    PAGODA_TRY_ASSIGN(port.overdue_after, ParseDuration(timeout));
    port.fail_overdue = true;
  }
  return port;
}

// Where a debugger can connect, if one can.
Result<std::optional<net::Address>> DebuggerAddress(const RunOptions& options) {
  const bool stops_at_crash = options.on_crash == kCrashToGdb;
  if (!stops_at_crash && options.on_crash != kCrashToReport) {
    return BadInput("--on-crash: '{}' is neither '{}' nor '{}'", options.on_crash, kCrashToReport, kCrashToGdb);
  }
  if (options.gdb.empty()) {
    if (options.gdb_wait) {
      return BadInput("--gdb-wait: there is no --gdb to wait for");
    }
    if (!stops_at_crash) {
      return std::optional<net::Address>();
    }
  }
  PAGODA_TRY_ASSIGN(net::Address address,
                    WithContext("--gdb", net::ParseAddress(options.gdb.empty() ? kAnyPort : options.gdb)));
  return std::optional(std::move(address));
}

Result<RunSettings> Understand(const RunOptions& options) {
  RunSettings settings = {
      .memory_size = 0, .cpu_count = 0, .timeout = {}, .port = {}, .pagers = {}, .debugger = {}, .observe = {}};
  PAGODA_TRY_ASSIGN(settings.memory_size, WithContext("--memory", ParseSize(options.memory)));
  PAGODA_TRY_ASSIGN(settings.cpu_count, WithContext("--cpus", ParseCpuCount(options.cpus)));
  PAGODA_TRY_ASSIGN(settings.debugger, DebuggerAddress(options));
  if (!options.timeout.empty()) {
    PAGODA_TRY_ASSIGN(settings.timeout, WithContext("--timeout", ParseDuration(options.timeout)));
  }
  PAGODA_TRY_ASSIGN(settings.port, WithContext("--pager-timeout", PortOptionsFor(options.pager_timeout)));
  PAGODA_TRY(WithContext("--option", CheckOptions(options.options)));
  PAGODA_TRY_ASSIGN(settings.pagers, WithContext("--pager", ParsePagers(options.pagers)));
  PAGODA_TRY_ASSIGN(settings.observe, UnderstandObserve(options.observe));
  return settings;
}

// `default_name`: the file of this build that is meant when `option` was not given.
Result<InputFile> OpenInput(const std::string& path, std::string_view option, std::string_view default_name) {
  auto file = InputFile::Open(path);
  if (!file.ok() && path == BesideExecutable(default_name)) {
    file.error().AddContext(fmt::format("no {} was given and the build has none", option));
  }
  return file;
}

// Opens the files and puts their contents into `ram`.
Result<LoadedGuest> Load(const RunOptions& options, const GuestRam& ram) {
  PAGODA_TRY_ASSIGN(const InputFile kernel, OpenInput(options.kernel, "--kernel", kDefaultKernel));
  std::optional<InputFile> bootfs;
  if (!options.bootfs.empty()) {
    PAGODA_TRY_ASSIGN(bootfs, OpenInput(options.bootfs, "--bootfs", kDefaultBootfs));
  }
  const std::vector<std::string> hello = {"hello"};
  return LoadGuest({.kernel = kernel,
                    .bootfs = bootfs ? &*bootfs : nullptr,
                    .arguments = options.program.empty() ? hello : options.program,
                    .options = options.options},
                   ram.low_memory(), ram.ranges());
}

struct DebuggedRun {
  std::unique_ptr<Machine> machine;
  std::unique_ptr<Debugger> debugger;  // nullptr: none; goes before the machine
};

Result<std::unique_ptr<Debugger>> StartDebugger(const RunOptions& options, const net::Address& address, uint64_t entry,
                                                Machine& machine) {
  using Waiting = World::Waiting;
  return Debugger::Start(machine,
                         {.address = address,
                          .at_start = options.gdb_wait ? Waiting::kForClient : Waiting::kForNobody,
                          .at_crash = options.on_crash == kCrashToGdb ? Waiting::kForClient : Waiting::kForNobody,
                          .entry = entry,
                          .files = SymbolFiles(options.kernel, options.bootfs)});
}

// What pagers do wrong is said on standard error.
void ReportPagersTo(RunObserver& observer, dev::PortOptions& port) {
  port.on_overdue = [&observer](const dev::PortOverdueRequest& overdue) {
    observer.Print(fmt::format("pagoda: {}\n", dev::Describe(overdue)));
  };
  port.on_unfit = [&observer](const dev::PortUnfitAnswer& unfit) {
    observer.Print(fmt::format("pagoda: {}\n", dev::Describe(unfit)));
  };
}

// Everything that can be wrong with the user's input is found before the host is asked for anything.
Result<DebuggedRun> CreateMachine(const RunOptions& options, RunSettings& settings, CrashHandler& crashes,
                                  RunObserver& observer) {
  const auto sharing = AnyWantsGuestMemory(settings.pagers) ? GuestRam::Sharing::kShared : GuestRam::Sharing::kPrivate;
  PAGODA_TRY_ASSIGN(GuestRam ram, WithContext("--memory", GuestRam::Create(settings.memory_size, sharing)));
  PAGODA_TRY_ASSIGN(pager::Registry pagers, WithContext("--pager", CreatePagers(settings.pagers, ram)));
  PAGODA_TRY_ASSIGN(const LoadedGuest guest, Load(options, ram));
  PAGODA_TRY_ASSIGN(const UsableHost host, OpenUsableHost(options.kvm_device));
  DebuggedRun run;
  MachineConfig config = {.ram = std::move(ram),
                          .guest = guest,
                          .pagers = std::move(pagers),
                          .port = std::move(settings.port),
                          .cpu_count = settings.cpu_count,
                          .console = {.output = STDOUT_FILENO, .input = STDIN_FILENO},
                          .debugger = settings.debugger ? DebuggerPresence::kPresent : DebuggerPresence::kNone,
                          .fault_observer = &crashes};
  ReportPagersTo(observer, config.port);
  observer.Watch(config);
  PAGODA_TRY_ASSIGN(run.machine, Machine::Create(host, std::move(config)));
  if (settings.debugger) {
    PAGODA_TRY_ASSIGN(run.debugger, StartDebugger(options, *settings.debugger, guest.entry, *run.machine));
  }
  return run;
}

Result<std::optional<ReplacementFile>> OpenCore(const std::string& path) {
  if (path.empty()) {
    return std::optional<ReplacementFile>();
  }
  PAGODA_TRY_ASSIGN(ReplacementFile file, CreateCore(path));
  return std::optional(std::move(file));
}

bool HasStuckCpu(const RunOutcome& outcome) {
  for (const CpuState& cpu : outcome.cpus) {
    if (cpu.phase == CpuPhase::kRunning) {
      return true;
    }
  }
  return false;
}

// The exit code of a run that ended with `exit_code`. Who closes the output has read what he wanted.
int AccountForOutput(const dev::LostOutput& lost, int exit_code) {
  if (lost.error == 0 || lost.error == EPIPE) {
    return exit_code;
  }
  fmt::print(stderr, "pagoda: {} bytes of the guest's output could not be written: {}\n", lost.bytes,
             std::strerror(lost.error));
  return exit_code == 0 ? kExitHostFailure : exit_code;
}

Result<int> RunGuest(const RunOptions& options) {
  PAGODA_TRY_ASSIGN(RunSettings settings, Understand(options));
  const TerminalGuard terminal;
  PAGODA_TRY_ASSIGN(const std::unique_ptr<RunObserver> observer, RunObserver::Create(settings.observe));
  PAGODA_TRY_ASSIGN(std::optional<ReplacementFile> core, WithContext("--core", OpenCore(options.core)));
  CrashHandler crashes({.files = ProgramFiles(options.kernel, options.bootfs),
                        .core = std::move(core),
                        .print = [&observer](std::string_view text) { observer->Print(text); }});
  PAGODA_TRY_ASSIGN(const DebuggedRun run, CreateMachine(options, settings, crashes, *observer));
  PAGODA_TRY(observer->Start(*run.machine));
  PAGODA_TRY_ASSIGN(const RunOutcome outcome, run.machine->Run(settings.timeout));
  if (run.debugger) {
    run.debugger->Stop();
  }
  crashes.OnStopped(outcome, *run.machine);
  observer->Finish();
  const int exit_code = AccountForOutput(outcome.lost, ExitCodeOf(outcome.reason));
  if (HasStuckCpu(outcome)) {
    // A thread that the host's kernel does not let go cannot be joined, so nothing may be destroyed in order.
    terminal.Restore();
    std::fflush(nullptr);
    _exit(exit_code);
  }
  return exit_code;
}

int Run(const RunOptions& options) {
  SetLogLevel(options.log_level);
  // A reader of our output that goes away is an error of a write, not the end of the process.
  std::signal(SIGPIPE, SIG_IGN);
  const Result<int> result = RunGuest(options);
  if (!result.ok()) {
    fmt::print(stderr, "pagoda: {}\n", result.error().message());
    return result.error().exit_code();
  }
  return result.value();
}

void AddGuestOptions(CLI::App& command, RunOptions& options) {
  command.add_option("--kernel", options.kernel, "The guest kernel, an ELF64 executable")
      ->type_name("FILE")
      ->default_str("../guest/kernel.elf beside pagoda's folder");
  command.add_option("--bootfs", options.bootfs, "The boot image with the guest's programs; '' for none")
      ->type_name("FILE")
      ->default_str("../guest/sample.bootfs beside pagoda's folder");
  command
      .add_option("--memory", options.memory,
                  "Guest RAM: a multiple of 4096 bytes, of which the guest gets whole pages of 2M")
      ->type_name("SIZE")
      ->capture_default_str();
  command.add_option("--cpus", options.cpus, "vCPUs, 1 to 8")->type_name("N")->capture_default_str();
  command.add_option("--option", options.options, "An option for the guest kernel; may be repeated")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
  command
      .add_option(
          "--pager", options.pagers,
          "Serve host objects to the guest: f=file:PATH[,ro], d=dir:PATH[,ro], b=blob:PATH[,root=HEX] (`pagoda blob`), "
          "o=overlay:UPPER,LOWER (LOWER, and in UPPER what the guest writes), z=zero:SIZE, n=nbd:URI[,ro] "
          "(an export of an NBD server), or f=unix:SOCKET for "
          "a pager that runs as a process of its own (`pagoda pager`); may be repeated. A comma in a path is written "
          "',,'.\n"
          "unix:SOCKET,share-memory gives that process all of guest RAM, so that it fills pages in place. It can then "
          "read and write every byte of the guest, and RAM is shared memory, which most hosts have in small pages "
          "only: "
          "slower to touch for the first time")
      ->type_name("NAME=SPEC")
      ->allow_extra_args(false);
  command
      .add_option(
          "--pager-timeout", options.pager_timeout,
          "Fail accesses whose page a pager does not bring in time: 10s, 500ms (default: never; every 20 s are "
          "reported). A last write-back for which a pager does nothing is given up then (default: after a minute)")
      ->type_name("T");
  command
      .add_option("--gdb", options.gdb,
                  "Let a debugger connect: tcp:PORT (from this host only), tcp:HOST:PORT, or unix:PATH; then "
                  "gdb -ex 'target remote ...' as the monitor says")
      ->type_name("ADDRESS");
  command.add_flag("--gdb-wait", options.gdb_wait, "With --gdb: stop before the guest's first instruction");
  command
      .add_option("--on-crash", options.on_crash,
                  "report: a crash of the guest's kernel ends the run with a report; gdb: it waits for a debugger")
      ->type_name("report|gdb")
      ->capture_default_str();
  AddObserveOptions(command, options.observe);
  command.add_option("PROGRAM", options.program, "The program of the boot image and its arguments; put -- before it")
      ->default_str("hello");
}

}  // namespace

void AddRunCommand(CLI::App& app, int& exit_code, std::vector<std::string> behind_dashes) {
  auto options = std::make_shared<RunOptions>();
  options->kernel = BesideExecutable(kDefaultKernel);
  options->bootfs = BesideExecutable(kDefaultBootfs);
  CLI::App* command = app.add_subcommand("run", "Boot a guest and run a program in it");
  AddGuestOptions(*command, *options);
  command->add_option("--timeout", options->timeout, "Stop a guest that runs longer: 10s, 500ms, 2m (default: never)")
      ->type_name("T");
  command
      ->add_option("--core", options->core,
                   "Where the first crash, of a program or of the guest's kernel, leaves a core file that gdb opens")
      ->type_name("FILE");
  command->add_option("--log-level", options->log_level, "The monitor's own log, on standard error")
      ->check(CLI::IsMember(LogLevelNames()))
      ->capture_default_str();
  command->add_option("--kvm", options->kvm_device, "The KVM device")->type_name("FILE")->capture_default_str();
  command->callback([options, &exit_code, behind_dashes = std::move(behind_dashes)] {
    options->program.insert(options->program.end(), behind_dashes.begin(), behind_dashes.end());
    exit_code = Run(*options);
  });
}

}  // namespace vmm
