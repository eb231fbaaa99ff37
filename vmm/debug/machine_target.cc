#include "vmm/debug/machine_target.h"

#include <fmt/format.h>

#include <algorithm>

#include "shared/abi/nucleus_area.h"
#include "shared/base/range.h"

namespace vmm {

using gdb::ErrorCode;
using gdb::Fail;
using gdb::Outcome;

namespace {

// How far behind the entry a CPU's first instructions reach; they run at CPL 0 (guest/nucleus/nucleus.S, _start).
constexpr uint64_t kEntryCodeSize = 64;

Outcome<> FromHost(const Result<>& result) {
  if (!result.ok()) {
    return Fail(ErrorCode::kHost, result.error().message());
  }
  return {};
}

}  // namespace

MachineTarget::MachineTarget(DebuggedMachine& machine, Config config)
    : world_(machine, config.options), entry_(config.entry), files_(std::move(config.files)), caller_(world_) {}

void MachineTarget::OnClientAttached() { world_.OnClientAttached(); }

std::vector<gdb::ThreadInfo> MachineTarget::Threads() {
  std::vector<gdb::ThreadInfo> threads;
  LookAround();
  for (const uint32_t cpu : world_.Cpus()) {
    threads.push_back(Describe(cpu));
  }
  return threads;
}

gdb::ThreadInfo MachineTarget::Describe(uint32_t cpu) {
  gdb::ThreadInfo info = {.id = cpu + 1, .core = cpu, .name = fmt::format("CPU {}", cpu), .extra = {}};
  const Outcome<CpuContext> context = world_.Context(cpu);
  if (!context.ok()) {
    return info;
  }
  const Result<kvm_mp_state> state = world_.machine().vcpu(cpu).GetMpState();
  const bool is_halted = state.ok() && state.value().mp_state == KVM_MP_STATE_HALTED;
  if (is_halted) {
    info.extra = "halted";
  } else if (context.value().in_nucleus()) {
    info.extra = "in the nucleus";
  } else {
    info.extra = IsKernelCode(context.value()) ? "in the kernel" : "in a program";
  }
  for (const CpuRecord& record : cpu_records_) {
    if (record.cpu == cpu) {
      info.name += record.process == 0 ? fmt::format(": {}", record.thread_name)
                                       : fmt::format(": {}/{}", record.process_name, record.thread_name);
    }
  }
  return info;
}

Outcome<CpuRegisters> MachineTarget::ReadCpu(gdb::ThreadId thread) {
  const uint32_t cpu = thread - 1;
  PAGODA_TRY_ASSIGN(const CpuContext context, world_.Context(cpu));
  const KvmVcpu& vcpu = world_.machine().vcpu(cpu);
  const Result<kvm_sregs> system = vcpu.GetSystemRegisters();
  const Result<kvm_fpu> fpu = vcpu.GetFpu();
  if (!system.ok() || !fpu.ok()) {
    return Fail(ErrorCode::kHost, "KVM does not give the registers");
  }
  return CpuRegisters{context, system.value(), fpu.value()};
}

Outcome<gdb::Registers> MachineTarget::ReadRegisters(gdb::ThreadId thread) {
  PAGODA_TRY_ASSIGN(const CpuRegisters cpu, ReadCpu(thread));
  return ToGdb(cpu);
}

Outcome<> MachineTarget::WriteRegisters(gdb::ThreadId thread, const gdb::Registers& registers) {
  PAGODA_TRY_ASSIGN(const CpuRegisters before, ReadCpu(thread));
  CpuRegisters cpu = before;
  if (!FromGdb(registers, cpu)) {
    return Fail(ErrorCode::kInvalid, "selectors, control registers and the system's flags cannot be changed");
  }
  KvmVcpu& vcpu = world_.machine().vcpu(thread - 1);
  if (cpu.system.fs.base != before.system.fs.base || cpu.system.gs.base != before.system.gs.base) {
    PAGODA_TRY(FromHost(vcpu.SetSystemRegisters(cpu.system)));
  }
  PAGODA_TRY(FromHost(vcpu.SetFpu(cpu.fpu)));
  return world_.SetContext(thread - 1, cpu.context);
}

// --- Memory

// The address spaces in which to look for an address, in order: the stopped code's; the kernel's, which a program's
// does not show; those of other programs, where a debugger prepares breakpoints.
std::vector<uint64_t> MachineTarget::RootsFor(const CpuContext& context) {
  std::vector<uint64_t> roots = {context.root, world_.machine().kernel_root()};
  const std::vector<uint64_t> living =
      world_.WithBreakpoints([](const BreakpointTable& breakpoints) { return breakpoints.LivingRoots(); });
  roots.insert(roots.end(), living.rbegin(), living.rend());
  return roots;
}

std::optional<uint64_t> MachineTarget::Translate(std::span<const uint64_t> roots, uint64_t address) {
  for (const uint64_t root : roots) {
    if (const auto physical = GuestView(memory(), root).Translate(address)) {
      return physical;
    }
  }
  return std::nullopt;
}

// Calls `copy` with each piece of [address, address + size) that lies in one page; its result says whether it is RAM.
template <typename Copy>
Outcome<size_t> MachineTarget::ForEachPiece(gdb::ThreadId thread, gdb::AddressSpace space, uint64_t address,
                                            size_t size, Copy copy) {
  PAGODA_TRY_ASSIGN(const CpuContext context, world_.Context(thread - 1));
  const std::vector<uint64_t> roots = RootsFor(context);
  size_t done = 0;
  while (done < size) {
    const uint64_t at = address + done;
    const size_t piece = std::min<uint64_t>(size - done, base::kPageSize - at % base::kPageSize);
    const std::optional<uint64_t> physical =
        space == gdb::AddressSpace::kPhysical ? std::optional(at) : Translate(roots, at);
    if (at < address || !physical || !copy(*physical, done, piece)) {
      break;
    }
    done += piece;
  }
  return done;
}

Outcome<size_t> MachineTarget::ReadMemory(gdb::ThreadId thread, gdb::AddressSpace space, uint64_t address,
                                          std::span<std::byte> into) {
  return ForEachPiece(thread, space, address, into.size(), [&](uint64_t physical, size_t done, size_t size) {
    const std::span<std::byte> piece = into.subspan(done, size);
    if (!memory().CopyIn(physical, piece)) {
      return false;
    }
    world_.WithBreakpoints([&](const BreakpointTable& breakpoints) { breakpoints.Hide(physical, piece); });
    return true;
  });
}

Outcome<size_t> MachineTarget::WriteMemory(gdb::ThreadId thread, gdb::AddressSpace space, uint64_t address,
                                           std::span<const std::byte> bytes) {
  return ForEachPiece(thread, space, address, bytes.size(), [&](uint64_t physical, size_t done, size_t size) {
    return world_.WithBreakpoints(
        [&](BreakpointTable& breakpoints) { return breakpoints.Write(physical, bytes.subspan(done, size)); });
  });
}

// --- Break- and watchpoints

bool MachineTarget::IsNucleus(uint64_t address) const {
  return address >= NUCLEUS_BASE || (address >= entry_ && address - entry_ < kEntryCodeSize);
}

Outcome<> MachineTarget::InsertPoint(gdb::ThreadId thread, const gdb::Point& point) {
  PAGODA_TRY_ASSIGN(const CpuContext context, world_.Context(thread - 1));
  const bool is_code = point.kind == gdb::PointKind::kSoftware || point.kind == gdb::PointKind::kHardware;
  if (!is_code) {
    return InsertWatch(context, point);
  }
  if (IsNucleus(point.address)) {
    return world_.InsertHardware(point);
  }
  world_.WithBreakpoints([&](BreakpointTable& breakpoints) {
    breakpoints.SetKernelRoot(world_.machine().kernel_root());
    breakpoints.Want(point.address, context.root);
  });
  return {};
}

Outcome<> MachineTarget::InsertWatch(const CpuContext& context, const gdb::Point& point) {
  if (caller_.CpuStopsInRing3()) {
    return world_.InsertHardware(point);
  }
  return world_.InsertWatch(point, RootOf(context, point.address));
}

Outcome<> MachineTarget::RemovePoint(gdb::ThreadId, const gdb::Point& point) {
  world_.RemoveHardware(point);
  world_.WithBreakpoints([&](BreakpointTable& breakpoints) { breakpoints.Forget(point.address); });
  return {};
}

Outcome<> MachineTarget::Resume(std::span<const gdb::ResumeAction> actions) {
  has_looked_ = false;
  return world_.Resume(actions);
}

// --- What the kernel knows

// What it says about the CPUs and the programs holds until they run again.
void MachineTarget::LookAround() {
  if (std::exchange(has_looked_, true)) {
    return;
  }
  const Outcome<std::string> records = caller_.Ask(abi::DebugCommand::kCpuRecords, 0);
  cpu_records_ = records.ok() ? ParseCpuRecords(records.value()) : std::vector<CpuRecord>();
}

std::vector<gdb::Library> MachineTarget::Libraries() {
  std::vector<gdb::Library> libraries;
  const Outcome<std::string> records = caller_.Ask(abi::DebugCommand::kModuleRecords, 0);
  if (!records.ok()) {
    return libraries;
  }
  for (const ModuleRecord& module : ParseModuleRecords(records.value())) {
    if (std::optional<std::string> path = files_.PathOf(module.name)) {
      libraries.push_back({.path = *std::move(path), .address = module.base});
    }
  }
  return libraries;
}

// A kernel address in a program's space is looked up where it is mapped.
uint64_t MachineTarget::RootOf(const CpuContext& context, uint64_t address) {
  const PageWalk walk = WalkPageTables(memory(), context.root, address);
  return walk.mapped() || address < kKernelBase ? context.root : world_.machine().kernel_root();
}

}  // namespace vmm
