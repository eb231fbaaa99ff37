#include "vmm/arch/x86_64/start_state.h"

namespace vmm {
namespace {

// SDM 3A, sections 2.5 (control registers) and 2.2.1 (EFER).
constexpr uint64_t kCr0 =
    1u << 0 | 1u << 1 | 1u << 4 | 1u << 5 | 1u << 16 | 1u << 18 | 1u << 31;  // PE MP ET NE WP AM PG
constexpr uint64_t kCr4 = 1u << 5 | 1u << 7 | 1u << 9 | 1u << 10;            // PAE PGE OSFXSR OSXMMEXCPT
constexpr uint64_t kEfer = 1u << 0 | 1u << 8 | 1u << 10 | 1u << 11;          // SCE LME LMA NXE
constexpr uint64_t kRflagsReset = 1u << 1;                                   // the bit that is always set

// SDM 3A, section 10.4.4 and figure 10-26: where the local APIC is, and which modes are on.
constexpr uint64_t kApicBase = 0xfee0'0000;
constexpr uint64_t kApicBootProcessor = 1u << 8;
constexpr uint64_t kApicX2Mode = 1u << 10;
constexpr uint64_t kApicEnabled = 1u << 11;

// SDM 3A, section 3.4.5.1 and table 3-2.
constexpr uint8_t kTypeDataReadWriteAccessed = 3;
constexpr uint8_t kTypeCodeExecuteReadAccessed = 11;
constexpr uint8_t kTypeBusyTss = 11;

kvm_segment FlatSegment(uint16_t selector, uint8_t type) {
  kvm_segment segment = {};
  segment.limit = 0xffff'ffff;
  segment.selector = selector;
  segment.type = type;
  segment.present = 1;
  segment.s = 1;
  segment.g = 1;
  return segment;
}

kvm_segment EmptySegment() {
  kvm_segment segment = {};
  segment.unusable = 1;
  return segment;
}

// VMX refuses to enter a guest without a usable TR (SDM 3C, section 26.3.1.2), so "empty" is a task segment of no size.
kvm_segment EmptyTaskRegister() {
  kvm_segment segment = {};
  segment.type = kTypeBusyTss;
  segment.present = 1;
  return segment;
}

}  // namespace

kvm_regs StartRegisters(const CpuStart& start) {
  kvm_regs registers = {};
  registers.rip = start.entry;
  registers.rdi = start.boot_info;
  registers.rsi = start.index;
  registers.rflags = kRflagsReset;
  return registers;
}

kvm_sregs StartSystemRegisters(const kvm_sregs& reset, const CpuStart& start) {
  kvm_sregs registers = reset;
  registers.cs = FlatSegment(0x10, kTypeCodeExecuteReadAccessed);
  registers.cs.l = 1;
  registers.ss = FlatSegment(0x18, kTypeDataReadWriteAccessed);
  registers.ss.db = 1;
  registers.ds = registers.es = registers.fs = registers.gs = EmptySegment();
  registers.ldt = EmptySegment();
  registers.tr = EmptyTaskRegister();
  registers.gdt = {};
  registers.idt = {};
  registers.cr0 = kCr0;
  registers.cr3 = start.page_table_root;
  registers.cr4 = kCr4;
  registers.efer = kEfer;
  registers.apic_base = kApicBase | kApicEnabled | kApicX2Mode | (start.index == 0 ? kApicBootProcessor : 0);
  return registers;
}

}  // namespace vmm
