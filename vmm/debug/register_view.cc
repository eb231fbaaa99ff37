#include "vmm/debug/register_view.h"

#include <algorithm>
#include <cstring>

namespace vmm {
namespace {

using gdb::General;
using gdb::Segment;

struct GeneralMember {
  General which;
  __u64 kvm_regs::*member;
};

constexpr GeneralMember kGenerals[] = {
    {General::kRax, &kvm_regs::rax}, {General::kRbx, &kvm_regs::rbx}, {General::kRcx, &kvm_regs::rcx},
    {General::kRdx, &kvm_regs::rdx}, {General::kRsi, &kvm_regs::rsi}, {General::kRdi, &kvm_regs::rdi},
    {General::kRbp, &kvm_regs::rbp}, {General::kRsp, &kvm_regs::rsp}, {General::kR8, &kvm_regs::r8},
    {General::kR9, &kvm_regs::r9},   {General::kR10, &kvm_regs::r10}, {General::kR11, &kvm_regs::r11},
    {General::kR12, &kvm_regs::r12}, {General::kR13, &kvm_regs::r13}, {General::kR14, &kvm_regs::r14},
    {General::kR15, &kvm_regs::r15},
};
static_assert(std::size(kGenerals) == gdb::kGeneralCount);

void FillFpu(gdb::Registers& registers, const kvm_fpu& fpu) {
  for (size_t index = 0; index < registers.st.size(); ++index) {
    std::memcpy(registers.st[index].data(), fpu.fpr[index], registers.st[index].size());
  }
  for (size_t index = 0; index < registers.xmm.size(); ++index) {
    std::memcpy(registers.xmm[index].data(), fpu.xmm[index], registers.xmm[index].size());
  }
  registers.fcw = fpu.fcw;
  registers.fsw = fpu.fsw;
  registers.ftw = fpu.ftwx;
  registers.fop = fpu.last_opcode;
  registers.fpu_ip = fpu.last_ip;
  registers.fpu_dp = fpu.last_dp;
  registers.mxcsr = fpu.mxcsr;
}

void TakeFpu(const gdb::Registers& registers, kvm_fpu& fpu) {
  for (size_t index = 0; index < registers.st.size(); ++index) {
    std::memcpy(fpu.fpr[index], registers.st[index].data(), registers.st[index].size());
  }
  for (size_t index = 0; index < registers.xmm.size(); ++index) {
    std::memcpy(fpu.xmm[index], registers.xmm[index].data(), registers.xmm[index].size());
  }
  fpu.fcw = registers.fcw;
  fpu.fsw = registers.fsw;
  fpu.ftwx = registers.ftw;
  fpu.last_opcode = registers.fop;
  fpu.last_ip = registers.fpu_ip;
  fpu.last_dp = registers.fpu_dp;
  fpu.mxcsr = registers.mxcsr;
}

// The flags that arithmetic and string instructions use; the others are the machine's.
constexpr uint64_t kChangeableFlags = 0xcd5;

}  // namespace

gdb::Registers ToGdb(const CpuRegisters& cpu) {
  gdb::Registers registers;
  for (const GeneralMember& general : kGenerals) {
    registers[general.which] = cpu.context.registers.*general.member;
  }
  registers.rip = cpu.context.registers.rip;
  registers.rflags = cpu.context.registers.rflags;
  registers[Segment::kCs] = static_cast<uint16_t>(cpu.context.cs);
  registers[Segment::kSs] = static_cast<uint16_t>(cpu.context.ss);
  registers[Segment::kDs] = cpu.system.ds.selector;
  registers[Segment::kEs] = cpu.system.es.selector;
  registers[Segment::kFs] = cpu.system.fs.selector;
  registers[Segment::kGs] = cpu.system.gs.selector;
  registers.fs_base = cpu.system.fs.base;
  registers.gs_base = cpu.system.gs.base;
  registers.cr0 = cpu.system.cr0;
  registers.cr2 = cpu.system.cr2;
  registers.cr3 = cpu.context.root;
  registers.cr4 = cpu.system.cr4;
  registers.cr8 = cpu.system.cr8;
  registers.efer = cpu.system.efer;
  FillFpu(registers, cpu.fpu);
  return registers;
}

gdb::Registers ToGdb(const kvm_regs& general, const kvm_sregs& system, const kvm_fpu& fpu) {
  return ToGdb({.context = {.registers = general,
                            .cs = system.cs.selector,
                            .ss = system.ss.selector,
                            .root = system.cr3,
                            .frame = std::nullopt},
                .system = system,
                .fpu = fpu});
}

bool FromGdb(const gdb::Registers& wanted, CpuRegisters& cpu) {
  CpuRegisters changed = cpu;
  for (const GeneralMember& general : kGenerals) {
    changed.context.registers.*general.member = wanted[general.which];
  }
  changed.context.registers.rip = wanted.rip;
  const uint64_t kept_flags = changed.context.registers.rflags & ~kChangeableFlags;
  changed.context.registers.rflags = kept_flags | (wanted.rflags & kChangeableFlags);
  changed.system.fs.base = wanted.fs_base;
  changed.system.gs.base = wanted.gs_base;
  TakeFpu(wanted, changed.fpu);
  if (!(ToGdb(changed) == wanted)) {
    return false;
  }
  cpu = changed;
  return true;
}

}  // namespace vmm
