#include "vmm/machine/machine.h"

#include <sys/random.h>

#include <algorithm>
#include <cstring>
#include <span>
#include <string_view>

#include "shared/base/range.h"
#include "vmm/arch/x86_64/cpuid.h"
#include "vmm/base/log.h"

namespace vmm {
namespace {

using std::chrono::milliseconds;

// How long a vCPU may take to leave the guest. It takes microseconds unless the host's kernel has lost it.
constexpr milliseconds kStopDeadline(2000);

// How long the console may take to write out what a machine that did not end well has left behind.
constexpr milliseconds kFlushDeadline(1000);
constexpr milliseconds kFlushSlice(20);

// Pages that KVM needs for itself on some Intel hosts, just below the last 256 KiB of the 32-bit space.
constexpr uint64_t kIdentityMapAddress = 0xfffb'c000;
constexpr uint64_t kTssAddress = 0xfffb'd000;

// GSI numbers that KVM reserves for a userspace I/O APIC: none, we have none.
constexpr uint64_t kReservedIoApicPins = 0;

Result<KvmVm> CreateVm(const KvmSystem& system) {
  PAGODA_TRY_ASSIGN(KvmVm vm, system.CreateVm());
  PAGODA_TRY(vm.SetIdentityMapAddress(kIdentityMapAddress));
  PAGODA_TRY(vm.SetTssAddress(kTssAddress));
  PAGODA_TRY(vm.EnableCapability(KVM_CAP_SPLIT_IRQCHIP, kReservedIoApicPins));
  return vm;
}

Result<> FillRandom(std::span<std::byte> bytes) {
  // Up to 256 bytes come whole or not at all (getrandom(2)).
  if (getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) {
    return HostFailure(errno, "getrandom");
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<Machine>> Machine::Create(const UsableHost& host, MachineConfig config) {
  auto memory = dev::GuestMemory::Create(config.ram.regions());
  if (!memory.ok()) {
    return base::Failure{Error(kExitHostFailure, memory.error().message)};
  }
  PAGODA_TRY_ASSIGN(KvmVm vm, CreateVm(host.system));
  std::unique_ptr<Machine> machine(
      new Machine(std::move(config.ram), std::move(memory).value(), std::move(config.pagers), std::move(vm)));
  machine->fault_observer_ = config.fault_observer;
  machine->vcpu_observer_ = config.vcpu_observer;
  PAGODA_TRY(machine->MapMemory());
  PAGODA_TRY_ASSIGN(machine->devices_, DeviceSet::Create({.vm = machine->vm_,
                                                          .memory = machine->memory_,
                                                          .handler = *machine,
                                                          .pagers = machine->pagers_,
                                                          .port = std::move(config.port),
                                                          .console = config.console}));
  machine->dispatcher_.emplace(machine->devices_->bus());
  abi::BootInfo& info = config.guest.boot_info;
  machine->devices_->Describe(info);
  info.debugger = config.debugger == DebuggerPresence::kPresent ? 1 : 0;
  info.observe = config.observe;
  PAGODA_TRY(machine->CreateCpus(host, info, config.cpu_count));
  PAGODA_TRY(FillRandom(std::as_writable_bytes(std::span(info.random_seed))));
  WriteBootInfo(config.guest, machine->ram_.low_memory());
  machine->start_ = {.index = 0,
                     .entry = config.guest.entry,
                     .boot_info = abi::kPhysmapBase + config.guest.boot_info_address,
                     .page_table_root = info.page_table_root};
  machine->kernel_root_ = info.page_table_root;
  return machine;
}

Machine::~Machine() {
  {
    const std::lock_guard lock(mutex_);
    for (const CpuSlot& cpu : cpus_) {
      if (cpu.phase == CpuPhase::kRunning) {
        cpu.thread->RequestStop();
      }
    }
  }
  pagers_.OnGuestEnded();
}

Result<> Machine::MapMemory() {
  uint32_t slot = 0;
  for (const dev::MemoryRegion& region : memory_.regions()) {
    kvm_userspace_memory_region request = {};
    request.slot = slot++;
    request.guest_phys_addr = region.base;
    request.memory_size = region.host.size();
    // SAFETY: KVM takes the address as a number; ram_ keeps the mapping for longer than vm_ lives.
    request.userspace_addr = reinterpret_cast<uint64_t>(region.host.data());
    PAGODA_TRY(vm_.SetUserMemoryRegion(request));
  }
  return {};
}

Result<> Machine::CreateCpus(const UsableHost& host, abi::BootInfo& info, uint32_t cpu_count) {
  VcpuHandler& handler = *this;
  const bool tsc_deadline = host.system.CheckExtension(KVM_CAP_TSC_DEADLINE_TIMER) != 0;
  for (uint32_t index = 0; index < cpu_count; ++index) {
    const CpuidTable cpuid =
        CpuidForCpu(host.supported_cpuid, {.index = index, .cpu_count = cpu_count, .tsc_deadline = tsc_deadline});
    PAGODA_TRY_ASSIGN(KvmVcpu vcpu, vm_.CreateVcpu(index));
    PAGODA_TRY(vcpu.SetCpuid(cpuid));
    if (index == 0) {
      info.cpu_features = CpuFeaturesOf(cpuid);
      info.kvm_features = KvmFeaturesOf(cpuid);
      info.tsc_khz = vcpu.TscKhz();
    }
    cpus_.push_back({.thread = std::make_unique<VcpuThread>(index, std::move(vcpu), handler)});
  }
  info.cpu_count = cpu_count;
  return {};
}

Result<RunOutcome> Machine::Run(std::optional<milliseconds> timeout) {
  control_.WatchSignals([this](int signal) { OnSignal(signal); });
  if (timeout) {
    control_.CallAfter(*timeout, [this] {
      flush_abandoned_ = true;
      StopWith(TimedOut{});
    });
  }
  {
    const std::lock_guard lock(mutex_);
    PAGODA_TRY(StartCpuLocked(0));
  }
  AnnounceStart(0);
  control_.Run();
  FlushConsole();
  LogSummary();
  RunOutcome outcome = CollectOutcome();
  if (agent_ != nullptr) {
    agent_->OnEnded(outcome.reason);
  }
  return outcome;
}

Machine::Next Machine::OnVcpuExit(uint32_t cpu, kvm_run& run) {
  if (agent_ != nullptr) {
    const DebugAgent::Verdict verdict = agent_->OnExit(cpu, run);
    if (verdict != DebugAgent::Verdict::kNotMine) {
      return verdict == DebugAgent::Verdict::kPause ? Next::kPause : Next::kRun;
    }
  }
  std::optional<VcpuFailure> failure = DispatchExit(cpu, run);
  if (!failure) {
    return Next::kRun;
  }
  if (agent_ != nullptr && agent_->HoldsEnd(cpu, *failure)) {
    return Next::kPause;
  }
  StopWith(*std::move(failure));
  return Next::kFinish;
}

std::optional<VcpuFailure> Machine::DispatchExit(uint32_t cpu, kvm_run& run) {
  const ExitKind kind = KindOf(run);
  cpus_[cpu].exits->Count(kind);
  if (vcpu_observer_ == nullptr) {
    return dispatcher_->Dispatch(cpu, run);
  }
  const auto begin = std::chrono::steady_clock::now();
  std::optional<VcpuFailure> failure = dispatcher_->Dispatch(cpu, run);
  vcpu_observer_->OnExitHandled(cpu, kind, begin, std::chrono::steady_clock::now());
  return failure;
}

std::vector<ExitCounts> Machine::exit_counts() const {
  std::vector<ExitCounts> counts;
  for (const CpuSlot& cpu : cpus_) {
    counts.push_back(cpu.exits->counts());
  }
  return counts;
}

std::optional<GuestObservation> Machine::observation() const {
  const std::lock_guard lock(mutex_);
  return observation_ ? GuestObservation::Create(memory_, *observation_) : std::nullopt;
}

// The first counts: a guest that announces another one later could only confuse whoever reads.
void Machine::OnObservation(uint64_t address) {
  const ObservationNotice notice = {.address = address, .at = std::chrono::steady_clock::now()};
  const bool sensible = GuestObservation::Create(memory_, notice).has_value();
  const std::lock_guard lock(mutex_);
  if (!sensible || observation_) {
    ignored_requests_.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  observation_ = notice;
}

void Machine::OnVcpuPaused(uint32_t cpu) {
  if (agent_ != nullptr) {
    agent_->OnPaused(cpu);
  }
}

void Machine::OnVcpuError(uint32_t cpu, const Error& error) {
  StopWith(VcpuFailure{cpu, VcpuFault::kHostError, error.message()});
}

void Machine::OnVcpuFinished(uint32_t cpu) {
  if (agent_ != nullptr) {
    agent_->OnFinished(cpu);
  }
  const std::lock_guard lock(mutex_);
  cpus_[cpu].phase = CpuPhase::kFinished;
  if (reason_ && AllFinishedLocked()) {
    control_.Finish();
  }
}

void Machine::OnExit(uint32_t exit_code) { StopWith(GuestExit{exit_code}); }

void Machine::OnCpuStart(uint32_t cpu_index) {
  std::optional<Error> failure;
  {
    const std::lock_guard lock(mutex_);
    if (reason_ || cpu_index >= cpus_.size() || cpus_[cpu_index].phase != CpuPhase::kParked) {
      ignored_requests_.fetch_add(1, std::memory_order_relaxed);
      return;
    }
    if (Result<> started = StartCpuLocked(cpu_index); !started.ok()) {
      failure = std::move(started).error();
    }
  }
  if (failure) {
    OnVcpuError(cpu_index, *failure);
    return;
  }
  AnnounceStart(cpu_index);
}

void Machine::AnnounceStart(uint32_t cpu) {
  if (agent_ != nullptr) {
    agent_->OnStarted(cpu);
  }
}

void Machine::OnCpuRoot(uint64_t page_table_root) {
  const std::optional<dev::GuestRange> table = dev::GuestRange::Create(page_table_root, base::kPageSize);
  if (!table || !base::IsPageAligned(page_table_root) || !memory_.Contains(*table)) {
    ignored_requests_.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  const std::lock_guard lock(mutex_);
  start_.page_table_root = page_table_root;
  kernel_root_ = page_table_root;
}

void Machine::OnCrash(uint64_t report_address) {
  GuestPanic panic = {.cpu = CallingCpu(), .report = {}};
  if (!memory_.CopyIn(report_address, std::as_writable_bytes(std::span(&panic.report, 1)))) {
    panic.report = {};
    panic.report.vector = UINT32_MAX;
    constexpr std::string_view kNoReport = "(the address of the crash report is not in RAM)";
    std::copy(kNoReport.begin(), kNoReport.end(), panic.report.message);
  }
  if (agent_ == nullptr || !agent_->HoldsEnd(panic.cpu, panic)) {
    StopWith(panic);
  }
}

void Machine::OnDebugArea(uint64_t area_address) {
  if (agent_ != nullptr) {
    agent_->OnDebugArea(area_address);
  }
}

void Machine::OnCodeMapped(uint64_t record_address) {
  if (agent_ != nullptr) {
    agent_->OnCodeMapped(CallingCpu(), record_address);
  }
}

uint32_t Machine::CallingCpu() const {
  const auto caller =
      std::find_if(cpus_.begin(), cpus_.end(), [](const CpuSlot& cpu) { return cpu.thread->IsCaller(); });
  return static_cast<uint32_t>(caller - cpus_.begin());
}

// The program's fault, not the machine's: it goes on.
void Machine::OnUserFault(uint64_t report_address) {
  const uint32_t cpu = CallingCpu();
  const std::optional<UserFault> fault = ReadUserFault(cpu, cpus_[cpu].thread->vcpu(), memory_, report_address);
  if (!fault) {
    ignored_requests_.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  if (fault_observer_ != nullptr) {
    fault_observer_->OnUserFault(*fault, memory_);
  }
  if (agent_ != nullptr) {
    agent_->OnUserFault(*fault);
  }
}

Result<> Machine::StartCpuLocked(uint32_t index) {
  CpuStart start = start_;
  start.index = index;
  if (agent_ != nullptr) {
    // It may stand still just now, and a debugger wants to see the first instruction: OnStarted decides.
    cpus_[index].thread->RequestPause();
  }
  PAGODA_TRY(cpus_[index].thread->Start(start));
  spdlog::debug("CPU {} starts", index);
  cpus_[index].phase = CpuPhase::kRunning;
  return {};
}

bool Machine::AllFinishedLocked() const {
  return std::none_of(cpus_.begin(), cpus_.end(), [](const CpuSlot& cpu) { return cpu.phase == CpuPhase::kRunning; });
}

void Machine::StopWith(StopReason reason) {
  const std::lock_guard lock(mutex_);
  if (reason_) {
    return;
  }
  reason_ = std::move(reason);
  for (const CpuSlot& cpu : cpus_) {
    if (cpu.phase == CpuPhase::kRunning) {
      cpu.thread->RequestStop();
    }
  }
  if (AllFinishedLocked()) {
    control_.Finish();
    return;
  }
  control_.Post([this] { control_.CallAfter(kStopDeadline, [this] { control_.Finish(); }); });
}

void Machine::OnSignal(int signal) {
  flush_abandoned_ = true;
  StopWith(Signalled{signal});
}

// What a guest wrote before it exited is the result of the run and is waited for, until the user loses patience. Output
// of a machine that was killed or died gets a bounded time.
void Machine::FlushConsole() {
  const bool exited = std::holds_alternative<GuestExit>(*reason_);
  const auto deadline = std::chrono::steady_clock::now() + kFlushDeadline;
  while (!devices_->console().Flush(kFlushSlice)) {
    control_.RunReady();
    const bool patient = exited ? !flush_abandoned_ : std::chrono::steady_clock::now() < deadline;
    if (!patient) {
      spdlog::warn("the guest's last output could not be written out in time");
      return;
    }
  }
}

// What a guest does wrong is counted, and said once: it must not be able to fill the host's log.
void Machine::LogSummary() const {
  const StrayCounters stray = stray_accesses();
  spdlog::info("the machine stopped; stray reads {}, writes {}, port accesses {}; ignored requests {}", stray.reads,
               stray.writes, stray.port_accesses, ignored_requests());
}

RunOutcome Machine::CollectOutcome() {
  const std::lock_guard lock(mutex_);
  RunOutcome outcome = {.reason = *std::move(reason_), .cpus = {}, .lost = devices_->console().lost_output()};
  for (uint32_t index = 0; index < cpus_.size(); ++index) {
    const CpuPhase phase = cpus_[index].phase;
    if (phase == CpuPhase::kParked) {
      continue;
    }
    CpuState state = {.index = index, .phase = phase, .registers = {}, .system_registers = {}, .fpu = {}};
    if (phase == CpuPhase::kFinished) {
      const KvmVcpu& vcpu = cpus_[index].thread->vcpu();
      if (auto registers = vcpu.GetRegisters(); registers.ok()) {
        state.registers = registers.value();
      }
      if (auto registers = vcpu.GetSystemRegisters(); registers.ok()) {
        state.system_registers = registers.value();
      }
      if (auto fpu = vcpu.GetFpu(); fpu.ok()) {
        state.fpu = fpu.value();
      }
    }
    outcome.cpus.push_back(state);
  }
  return outcome;
}

}  // namespace vmm
