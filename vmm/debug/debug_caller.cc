#include "vmm/debug/debug_caller.h"

#include <algorithm>

#include "vmm/debug/vcpu_snapshot.h"

namespace vmm {
namespace {

using gdb::ErrorCode;
using gdb::Fail;
using gdb::Outcome;

constexpr std::chrono::milliseconds kLimit(1000);

// A machine with millions of objects is asked for its first ones.
constexpr size_t kMostText = size_t{4} << 20;

// abi/boot_info.h and debug_call.h: a flat segment of ring 3.
kvm_segment FlatSegment(uint16_t selector, uint8_t type, uint8_t is_long) {
  kvm_segment segment = {};
  segment.limit = 0xffffffff;
  segment.selector = selector;
  segment.type = type;
  segment.present = 1;
  segment.dpl = 3;
  segment.s = 1;
  segment.l = is_long;
  segment.db = is_long ^ 1;
  segment.g = 1;
  return segment;
}

constexpr uint16_t kCodeSelector = 0x33;
constexpr uint16_t kDataSelector = 0x2b;
constexpr uint8_t kCodeType = 0xb;
constexpr uint8_t kDataType = 0x3;

std::string Explain(World::CallEnd end) {
  return end == World::CallEnd::kTooLong ? "the kernel did not answer within a second; it goes on as if never asked"
                                         : "the kernel failed while it was asked; it goes on as if never asked";
}

bool IsPlausible(const abi::DebugCallArea& area) {
  return area.magic == abi::kDebugAreaMagic && area.version == abi::kDebugAreaVersion && area.size >= sizeof(area) &&
         area.buffer_size != 0 && area.buffer_size <= kMostText;
}

}  // namespace

Outcome<abi::DebugCallArea> DebugCaller::Area() {
  abi::DebugCallArea area = {};
  const uint64_t address = world_.debug_area();
  if (address == 0) {
    return Fail(ErrorCode::kNotSupported, "the kernel has not started up so far that it could be asked");
  }
  const auto bytes = std::as_writable_bytes(std::span(&area, 1));
  if (!world_.machine().memory().CopyIn(address, bytes) || !IsPlausible(area)) {
    return Fail(ErrorCode::kNotSupported, "what the kernel says about debug calls makes no sense");
  }
  return area;
}

// Any will do; one that is not in ring 0 has the least to be put back.
Outcome<uint32_t> DebugCaller::ChooseCpu() {
  std::optional<uint32_t> choice;
  for (const uint32_t cpu : world_.Cpus()) {
    const Outcome<CpuContext> context = world_.Context(cpu);
    if (context.ok() && (!choice || !context.value().in_nucleus())) {
      choice = cpu;
    }
  }
  if (!choice) {
    return Fail(ErrorCode::kNotStopped);
  }
  return *choice;
}

Outcome<DebugCaller::Ended> DebugCaller::Run(const abi::DebugCallArea& area, const Question& question,
                                             std::optional<uint64_t> stop_at) {
  PAGODA_TRY_ASSIGN(const uint32_t cpu, ChooseCpu());
  KvmVcpu& vcpu = world_.machine().vcpu(cpu);
  const dev::GuestMemory& memory = world_.machine().memory();
  Result<VcpuSnapshot> before = VcpuSnapshot::Take(vcpu, memory);
  if (!before.ok()) {
    return Fail(ErrorCode::kHost, before.error().message());
  }
  kvm_sregs system = before.value().system();
  system.cs = FlatSegment(kCodeSelector, kCodeType, 1);
  system.ss = FlatSegment(kDataSelector, kDataType, 0);
  system.cr3 = area.root;
  kvm_regs registers = {};
  registers.rip = area.entry;
  registers.rsp = area.stack_top;
  registers.rflags = 2;
  registers.rdi = static_cast<uint64_t>(question.command);
  registers.rsi = question.argument;
  registers.rdx = question.cursor;
  if (!vcpu.SetSystemRegisters(system).ok() || !vcpu.SetRegisters(registers).ok() || !vcpu.SetEvents({}).ok() ||
      !vcpu.SetMpState(KVM_MP_STATE_RUNNABLE).ok()) {
    (void)before.value().Restore(vcpu, memory);
    return Fail(ErrorCode::kHost, "this host cannot change what a vCPU is doing");
  }
  world_.WithBreakpoints([](BreakpointTable& breakpoints) { breakpoints.LiftAll(); });
  const Outcome<World::CallEnd> end = world_.RunAlone(cpu, kLimit, stop_at);
  world_.WithBreakpoints([](BreakpointTable& breakpoints) { breakpoints.ReplantAll(); });
  if (!end.ok()) {
    return base::Failure{end.error()};
  }
  const Result<CpuContext> after = ReadContext(vcpu, memory, StandingAt::kRest);
  const Result<> restored = before.value().Restore(vcpu, memory);
  if (!after.ok() || !restored.ok()) {
    return Fail(ErrorCode::kHost, "a vCPU's state could not be read or put back");
  }
  return Ended{end.value(), after.value()};
}

Outcome<DebugCaller::Reply> DebugCaller::CallOnce(const abi::DebugCallArea& area, const Question& question) {
  PAGODA_TRY_ASSIGN(const Ended ended, Run(area, question, std::nullopt));
  if (ended.how != World::CallEnd::kTrapped || ended.where.registers.rip != area.return_address + 1) {
    return Fail(ErrorCode::kHost, Explain(ended.how));
  }
  const kvm_regs& answer = ended.where.registers;
  Reply reply = {.error = static_cast<abi::DebugCallError>(answer.rax), .cursor = answer.rcx, .text = {}};
  reply.text.resize(std::min<uint64_t>(answer.rdx, area.buffer_size));
  if (!world_.machine().memory().CopyIn(area.buffer_address, std::as_writable_bytes(std::span(reply.text)))) {
    return Fail(ErrorCode::kHost, "the kernel's answer is not in RAM");
  }
  return reply;
}

bool DebugCaller::CpuStopsInRing3() {
  if (cpu_stops_) {
    return *cpu_stops_;
  }
  const Outcome<abi::DebugCallArea> area = Area();
  if (!area.ok()) {
    return false;
  }
  const Question nothing = {.command = abi::DebugCommand{0}, .argument = 0, .cursor = 0};
  const Outcome<Ended> ended = Run(area.value(), nothing, area.value().entry);
  if (ended.ok()) {
    cpu_stops_ = ended.value().how == World::CallEnd::kStoppedByKvm;
  }
  return cpu_stops_.value_or(false);
}

Outcome<std::string> DebugCaller::Ask(abi::DebugCommand command, uint64_t argument) {
  PAGODA_TRY_ASSIGN(const abi::DebugCallArea area, Area());
  std::string text;
  uint64_t cursor = 0;
  do {
    PAGODA_TRY_ASSIGN(const Reply reply, CallOnce(area, {.command = command, .argument = argument, .cursor = cursor}));
    text += reply.text;
    if (reply.error == abi::DebugCallError::kNotFound) {
      return Fail(ErrorCode::kNotFound, "no process has this koid");
    }
    if (reply.error == abi::DebugCallError::kFault) {
      return text + "(the rest is missing: the kernel's structures lead nowhere here)\n";
    }
    if (reply.error != abi::DebugCallError::kNone) {
      return Fail(ErrorCode::kHost, "the kernel does not know this question");
    }
    if (reply.cursor != 0 && reply.cursor <= cursor) {
      break;  // it goes round in circles
    }
    cursor = reply.cursor;
  } while (cursor != 0 && text.size() < kMostText);
  return text;
}

}  // namespace vmm
