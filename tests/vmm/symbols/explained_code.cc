#include "tests/vmm/symbols/explained_code.h"

namespace explained {
namespace {

__attribute__((noinline)) int Capture(Moment& moment) {
  vmm::gdb::Registers& registers = moment.registers;
  uint64_t rip = 0, rsp = 0, rbp = 0, rbx = 0;
  asm volatile("lea 0(%%rip), %0\n\tmov %%rsp, %1\n\tmov %%rbp, %2\n\tmov %%rbx, %3"
               : "=&r"(rip), "=&r"(rsp), "=&r"(rbp), "=&r"(rbx));
  asm volatile("mov %%r12, %0\n\tmov %%r13, %1\n\tmov %%r14, %2\n\tmov %%r15, %3"
               : "=m"(registers[vmm::gdb::General::kR12]), "=m"(registers[vmm::gdb::General::kR13]),
                 "=m"(registers[vmm::gdb::General::kR14]), "=m"(registers[vmm::gdb::General::kR15]));
  registers.rip = rip;
  registers[vmm::gdb::General::kRsp] = rsp;
  registers[vmm::gdb::General::kRbp] = rbp;
  registers[vmm::gdb::General::kRbx] = rbx;
  moment.look(moment, moment.argument);
  return static_cast<int>(rip & 1);
}

constexpr int kLineAboveInlined = __LINE__;
__attribute__((always_inline)) inline int Inlined(Moment& moment) { return Capture(moment) + 1; }

constexpr int kLineAboveMiddle = __LINE__;
__attribute__((noinline)) int Middle(Moment& moment) { return Inlined(moment) * 3; }

}  // namespace

const int kInlinedLine = kLineAboveInlined + 1;
const int kMiddleLine = kLineAboveMiddle + 1;

__attribute__((noinline)) int Outer(Moment& moment) { return Middle(moment) + 7; }

}  // namespace explained

asm(R"(
        .pushsection .text
        .globl  explained_jump, explained_target
        .type   explained_jump, @function
        .type   explained_target, @function
explained_jump:
        jmp     explained_target
        .size   explained_jump, . - explained_jump
        nop
explained_target:
        lea     explained_jump(%rip), %rax
        hlt
        .byte   0x06
        .size   explained_target, . - explained_target
        .popsection
)");
