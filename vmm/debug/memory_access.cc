#include "vmm/debug/memory_access.h"

#include <algorithm>
#include <optional>

#include "vmm/symbols/instruction_decoder.h"

namespace vmm {
namespace {

constexpr uint64_t kLow32 = 0xffff'ffff;

std::optional<uint64_t> LongRegister(const kvm_regs& general, x86_reg name) {
  switch (name) {
    case X86_REG_RAX:
      return general.rax;
    case X86_REG_RBX:
      return general.rbx;
    case X86_REG_RCX:
      return general.rcx;
    case X86_REG_RDX:
      return general.rdx;
    case X86_REG_RSI:
      return general.rsi;
    case X86_REG_RDI:
      return general.rdi;
    case X86_REG_RBP:
      return general.rbp;
    case X86_REG_RSP:
      return general.rsp;
    case X86_REG_R8:
      return general.r8;
    case X86_REG_R9:
      return general.r9;
    case X86_REG_R10:
      return general.r10;
    case X86_REG_R11:
      return general.r11;
    case X86_REG_R12:
      return general.r12;
    case X86_REG_R13:
      return general.r13;
    case X86_REG_R14:
      return general.r14;
    case X86_REG_R15:
      return general.r15;
    default:
      return std::nullopt;
  }
}

// An address of 32 bits is made of registers of 32 bits (prefix 67h).
std::optional<x86_reg> LongNameOf(x86_reg name) {
  switch (name) {
    case X86_REG_EAX:
      return X86_REG_RAX;
    case X86_REG_EBX:
      return X86_REG_RBX;
    case X86_REG_ECX:
      return X86_REG_RCX;
    case X86_REG_EDX:
      return X86_REG_RDX;
    case X86_REG_ESI:
      return X86_REG_RSI;
    case X86_REG_EDI:
      return X86_REG_RDI;
    case X86_REG_EBP:
      return X86_REG_RBP;
    case X86_REG_ESP:
      return X86_REG_RSP;
    case X86_REG_R8D:
      return X86_REG_R8;
    case X86_REG_R9D:
      return X86_REG_R9;
    case X86_REG_R10D:
      return X86_REG_R10;
    case X86_REG_R11D:
      return X86_REG_R11;
    case X86_REG_R12D:
      return X86_REG_R12;
    case X86_REG_R13D:
      return X86_REG_R13;
    case X86_REG_R14D:
      return X86_REG_R14;
    case X86_REG_R15D:
      return X86_REG_R15;
    default:
      return std::nullopt;
  }
}

// nullopt: a register that has no place in an address that one instruction accesses, as a vector's in a gather.
std::optional<uint64_t> ValueOf(const kvm_regs& general, x86_reg name, uint64_t next_instruction) {
  switch (name) {
    case X86_REG_INVALID:
    case X86_REG_RIZ:
    case X86_REG_EIZ:
      return 0;
    case X86_REG_RIP:
      return next_instruction;
    case X86_REG_EIP:
      return next_instruction & kLow32;
    default:
      break;
  }
  if (const std::optional<x86_reg> long_name = LongNameOf(name)) {
    return *LongRegister(general, *long_name) & kLow32;
  }
  return LongRegister(general, name);
}

uint64_t SegmentBase(const AddressRegisters& registers, x86_reg segment) {
  switch (segment) {
    case X86_REG_FS:
      return registers.fs_base;
    case X86_REG_GS:
      return registers.gs_base;
    default:
      return 0;
  }
}

std::optional<uint64_t> AddressOf(const AddressRegisters& registers, const cs_insn& instruction,
                                  const x86_op_mem& mem) {
  const uint64_t next = instruction.address + instruction.size;
  const auto base = ValueOf(registers.general, mem.base, next);
  const auto index = ValueOf(registers.general, mem.index, next);
  if (!base || !index) {
    return std::nullopt;
  }
  const uint64_t offset = *base + *index * static_cast<uint64_t>(mem.scale) + static_cast<uint64_t>(mem.disp);
  const bool is_short = instruction.detail->x86.addr_size == 4;
  return SegmentBase(registers, mem.segment) + (is_short ? offset & kLow32 : offset);
}

// These have an operand in memory and leave that memory alone.
bool OnlyComputesAddress(unsigned id) {
  switch (id) {
    case X86_INS_LEA:
    case X86_INS_NOP:
    case X86_INS_INVLPG:
    case X86_INS_CLFLUSH:
    case X86_INS_CLFLUSHOPT:
    case X86_INS_PREFETCH:
    case X86_INS_PREFETCHNTA:
    case X86_INS_PREFETCHT0:
    case X86_INS_PREFETCHT1:
    case X86_INS_PREFETCHT2:
    case X86_INS_PREFETCHW:
      return true;
    default:
      return false;
  }
}

struct Direction {
  bool reads;
  bool writes;
};

// Capstone 4 says of the vector stores that they read (MOVUPS, MOVQ and all of VEX). Of what has two operands and the
// first in memory, only comparisons just read it.
Direction DirectionOf(const cs_insn& instruction, size_t index) {
  const cs_x86& x86 = instruction.detail->x86;
  const uint8_t access = x86.operands[index].access;
  const Direction said = {.reads = (access & CS_AC_READ) != 0, .writes = (access & CS_AC_WRITE) != 0};
  if (index != 0 || x86.op_count < 2 || said.writes) {
    return said;
  }
  switch (instruction.id) {
    case X86_INS_CMP:
    case X86_INS_TEST:
    case X86_INS_BT:
      return said;
    case X86_INS_CMPXCHG:
      return {.reads = true, .writes = true};
    default:
      return {.reads = false, .writes = true};
  }
}

// A bit test with a register counts bits from its operand on, as far away as the register says (SDM volume 2A, BT).
uint64_t BitTestDistance(const AddressRegisters& registers, const cs_insn& instruction, uint64_t size) {
  const cs_x86& x86 = instruction.detail->x86;
  const bool is_one = instruction.id == X86_INS_BT || instruction.id == X86_INS_BTS || instruction.id == X86_INS_BTR ||
                      instruction.id == X86_INS_BTC;
  if (!is_one || x86.op_count != 2 || x86.operands[1].type != X86_OP_REG || size < 4) {
    return 0;
  }
  const auto bit = ValueOf(registers.general, x86.operands[1].reg, 0);
  if (!bit) {
    return 0;
  }
  const int64_t signed_bit = size == 8 ? static_cast<int64_t>(*bit) : static_cast<int32_t>(*bit & kLow32);
  return static_cast<uint64_t>(signed_bit >> 3) & ~(size - 1);
}

// What goes through the stack without being an operand; 0: nothing.
struct StackUse {
  uint64_t address;
  uint64_t size;
  bool is_push;
};

std::optional<StackUse> StackUseOf(const kvm_regs& general, const cs_insn& instruction) {
  const cs_x86& x86 = instruction.detail->x86;
  // Operands of a push and a pop are of the stack's width; the others are of 8 bytes.
  const uint64_t width = x86.op_count == 1 && x86.operands[0].size == 2 ? 2 : 8;
  switch (instruction.id) {
    case X86_INS_PUSH:
      return StackUse{general.rsp - width, width, true};
    case X86_INS_POP:
      return StackUse{general.rsp, width, false};
    case X86_INS_CALL:
    case X86_INS_PUSHFQ:
      return StackUse{general.rsp - 8, 8, true};
    case X86_INS_PUSHF:
      return StackUse{general.rsp - 2, 2, true};
    case X86_INS_RET:
    case X86_INS_POPFQ:
      return StackUse{general.rsp, 8, false};
    case X86_INS_POPF:
      return StackUse{general.rsp, 2, false};
    case X86_INS_LEAVE:
      return StackUse{general.rbp, 8, false};
    case X86_INS_ENTER:
      return StackUse{general.rsp - 8, 8, true};
    case X86_INS_IRETQ:
      return StackUse{general.rsp, 40, false};
    default:
      return std::nullopt;
  }
}

bool RepeatsZeroTimes(const kvm_regs& general, const cs_x86& x86) {
  const bool repeats = x86.prefix[0] == X86_PREFIX_REP || x86.prefix[0] == X86_PREFIX_REPNE;
  return repeats && (x86.addr_size == 4 ? general.rcx & kLow32 : general.rcx) == 0;
}

// REP is also part of the names of instructions that repeat nothing (SSE, PAUSE, TZCNT).
bool IsStringInstruction(unsigned id) {
  switch (id) {
    case X86_INS_MOVSB:
    case X86_INS_MOVSW:
    case X86_INS_MOVSD:
    case X86_INS_MOVSQ:
    case X86_INS_STOSB:
    case X86_INS_STOSW:
    case X86_INS_STOSD:
    case X86_INS_STOSQ:
    case X86_INS_LODSB:
    case X86_INS_LODSW:
    case X86_INS_LODSD:
    case X86_INS_LODSQ:
    case X86_INS_CMPSB:
    case X86_INS_CMPSW:
    case X86_INS_CMPSD:
    case X86_INS_CMPSQ:
    case X86_INS_SCASB:
    case X86_INS_SCASW:
    case X86_INS_SCASD:
    case X86_INS_SCASQ:
      return true;
    default:
      return false;
  }
}

}  // namespace

std::vector<MemoryAccess> AccessesOf(const AddressRegisters& registers, std::span<const std::byte> code) {
  thread_local InstructionDecoder decoder(CS_OPT_SYNTAX_INTEL);  // the destination is operand 0
  const cs_insn* instruction = decoder.Decode(registers.general.rip, code);
  if (instruction == nullptr || OnlyComputesAddress(instruction->id)) {
    return {};
  }
  const cs_x86& x86 = instruction->detail->x86;
  const bool is_string = IsStringInstruction(instruction->id) &&
                         std::any_of(x86.operands, x86.operands + x86.op_count,
                                     [](const cs_x86_op& operand) { return operand.type == X86_OP_MEM; });
  if (is_string && RepeatsZeroTimes(registers.general, x86)) {
    return {};
  }
  std::vector<MemoryAccess> accesses;
  for (size_t index = 0; index < x86.op_count; ++index) {
    const cs_x86_op& operand = x86.operands[index];
    if (operand.type != X86_OP_MEM) {
      continue;
    }
    if (const auto address = AddressOf(registers, *instruction, operand.mem)) {
      const Direction direction = DirectionOf(*instruction, index);
      accesses.push_back({.address = *address + BitTestDistance(registers, *instruction, operand.size),
                          .size = operand.size,
                          .reads = direction.reads,
                          .writes = direction.writes});
    }
  }
  if (const auto stack = StackUseOf(registers.general, *instruction)) {
    accesses.push_back(
        {.address = stack->address, .size = stack->size, .reads = !stack->is_push, .writes = stack->is_push});
  }
  return accesses;
}

}  // namespace vmm
