#include "vmm/debug/cpu_context.h"

#include <array>

#include "shared/abi/debug_trap.h"

namespace vmm {
namespace {

constexpr uint8_t kOutImmediate = 0xe6;
constexpr std::array<uint8_t, PAGODA_DEBUG_IRETQ_SIZE> kIretq = {0x48, 0xcf};

}  // namespace

bool IsBehindDebugOut(const GuestView& view, uint64_t rip) {
  const auto code =
      view.ReadValue<std::array<uint8_t, PAGODA_DEBUG_OUT_SIZE + PAGODA_DEBUG_IRETQ_SIZE>>(rip - PAGODA_DEBUG_OUT_SIZE);
  return code && (*code)[0] == kOutImmediate &&
         ((*code)[1] == PAGODA_DEBUG_PORT_STEP || (*code)[1] == PAGODA_DEBUG_PORT_BREAKPOINT) &&
         (*code)[2] == kIretq[0] && (*code)[3] == kIretq[1];
}

Result<CpuContext> ReadContext(const KvmVcpu& vcpu, const dev::GuestMemory& memory, StandingAt standing) {
  PAGODA_TRY_ASSIGN(const kvm_regs registers, vcpu.GetRegisters());
  PAGODA_TRY_ASSIGN(const kvm_sregs system, vcpu.GetSystemRegisters());
  CpuContext context = {
      .registers = registers, .cs = system.cs.selector, .ss = system.ss.selector, .root = system.cr3, .frame = {}};
  const GuestView view(memory, system.cr3);
  if (!context.in_nucleus() || (standing == StandingAt::kRest && !IsBehindDebugOut(view, registers.rip))) {
    return context;
  }
  const auto frame = view.ReadValue<TrapFrame>(registers.rsp);
  if (!frame) {
    return context;
  }
  context.frame = view.Translate(registers.rsp);
  context.registers.rip = frame->rip;
  context.registers.rflags = frame->rflags;
  context.registers.rsp = frame->rsp;
  context.cs = frame->cs;
  context.ss = frame->ss;
  return context;
}

Result<> WriteContext(KvmVcpu& vcpu, const dev::GuestMemory& memory, const CpuContext& context, StandingAt standing) {
  if (!context.frame) {
    return vcpu.SetRegisters(context.registers);
  }
  const kvm_regs& registers = context.registers;
  const TrapFrame frame = {registers.rip, context.cs, registers.rflags, registers.rsp, context.ss};
  if (!memory.CopyOut(*context.frame, std::as_bytes(std::span(&frame, 1)))) {
    return HostFailure(EFAULT, "writing a trap frame");
  }
  if (standing == StandingAt::kDebugExit) {
    return {};
  }
  PAGODA_TRY_ASSIGN(const kvm_regs now, vcpu.GetRegisters());
  kvm_regs changed = registers;
  changed.rip = now.rip;
  changed.rflags = now.rflags;
  changed.rsp = now.rsp;
  return vcpu.SetRegisters(changed);
}

}  // namespace vmm
