#include "vmm/debug/step_plan.h"

#include <algorithm>
#include <array>

#include "vmm/debug/breakpoint_table.h"

namespace vmm {
namespace {

constexpr uint8_t kHlt = 0xf4;
constexpr uint8_t kIretq = 0xcf;
constexpr uint8_t kPushFlags = 0x9c;
constexpr uint8_t kTwoBytes = 0x0f;
constexpr uint8_t kSyscall = 0x05;
constexpr uint8_t kUd2 = 0x0b;

// SDM volume 2A, section 2.1.1, and REX (2.2.1).
bool IsPrefix(uint8_t byte) {
  constexpr std::array<uint8_t, 11> kLegacy = {0x66, 0x67, 0xf0, 0xf2, 0xf3, 0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65};
  return (byte & 0xf0) == 0x40 || std::find(kLegacy.begin(), kLegacy.end(), byte) != kLegacy.end();
}

struct Opcode {
  uint16_t value = 0;  // 0x0fXX for those of two bytes
  size_t end = 0;      // offset behind it
};

Opcode DecodeOpcode(std::span<const std::byte> code) {
  size_t at = 0;
  while (at < code.size() && IsPrefix(std::to_integer<uint8_t>(code[at]))) {
    ++at;
  }
  if (at >= code.size()) {
    return {};
  }
  const auto first = std::to_integer<uint8_t>(code[at++]);
  if (first != kTwoBytes || at >= code.size()) {
    return {first, at};
  }
  return {static_cast<uint16_t>(kTwoBytes << 8 | std::to_integer<uint8_t>(code[at])), at + 1};
}

constexpr uint16_t TwoBytes(uint8_t second) { return static_cast<uint16_t>(kTwoBytes << 8 | second); }

}  // namespace

bool IsKernelCode(const CpuContext& context) { return context.registers.rip >= kKernelBase; }

uint64_t ProgramFlags(uint64_t flags, bool is_kernel) {
  // Programs cannot turn interrupts off (IOPL is 0), and the kernel never has them on.
  return (flags & ~kFlagTrap) | (is_kernel ? 0 : kFlagInterrupts);
}

StepPlan PlanStep(const CpuContext& context, std::span<const std::byte> code, std::optional<ResumeTarget> resume) {
  const Opcode opcode = DecodeOpcode(code);
  if (context.in_nucleus()) {
    // An emulated CPU reports no step that ends in ring 3.
    const bool leaves = opcode.value == kIretq && resume && (resume->cs & 3) != 0;
    return leaves ? StepPlan{.way = StepPlan::Way::kBreakpoint, .landing = resume->rip, .landing_root = context.root}
                  : StepPlan{.way = StepPlan::Way::kKvm};
  }
  const StepPlan behind = {
      .way = StepPlan::Way::kBreakpoint, .landing = context.registers.rip + opcode.end, .landing_root = context.root};
  const bool is_kernel = IsKernelCode(context);
  if (opcode.value == kHlt && is_kernel) {
    return behind;  // a service of the nucleus
  }
  if (opcode.value == TwoBytes(kUd2) && is_kernel && resume) {
    return {.way = StepPlan::Way::kBreakpoint, .landing = resume->rip, .landing_root = context.registers.rax};
  }
  if ((opcode.value == TwoBytes(kUd2) || opcode.value == TwoBytes(kSyscall)) && !is_kernel) {
    return behind;
  }
  return {.way = StepPlan::Way::kTrapFlag, .pushes_flags = opcode.value == kPushFlags};
}

}  // namespace vmm
