#include "vmm/symbols/nucleus.h"

#include <fmt/format.h>

#include <array>

#include "shared/abi/boot_info.h"
#include "shared/abi/nucleus_area.h"
#include "shared/base/range.h"
#include "vmm/arch/x86_64/page_table_entry.h"

namespace vmm {
namespace {

struct TrapFrame {
  uint64_t rip, cs, rflags, rsp, ss;
};
static_assert(sizeof(TrapFrame) == TRAP_SS + 8 - TRAP_RIP);

constexpr uint64_t kPrivilegeMask = 3;

uint64_t AreaOf(const NucleusPlace& place) { return NUCLEUS_BASE + uint64_t{place.cpu} * NUCLEUS_STRIDE; }

// The code is the same in all areas, and the kernel calls that of CPU 0's from every CPU; its stack is a CPU's own. The
// user's RSP is still there where a system call has just entered.
uint64_t AreaOfCpu(const NucleusPlace& place, uint64_t rsp) {
  const bool has_own_stack = rsp >= NUCLEUS_BASE && (rsp - NUCLEUS_BASE) / NUCLEUS_STRIDE < abi::kMaxCpus;
  return has_own_stack ? base::AlignDown(rsp, uint64_t{NUCLEUS_STRIDE}) : AreaOf(place);
}

// Which of the two views is mapped shows in its first bytes: the user's begins with the stub of vector 0, `xchg`; the
// kernel's with the gap where that stub changes over.
bool IsUserView(const NucleusPlace& place, const MemoryReader& memory) {
  return memory.ReadValue<uint16_t>(AreaOf(place) + NUCLEUS_STUBS).value_or(0) != 0;
}

}  // namespace

std::optional<NucleusPlace> FindInNucleus(uint64_t address) {
  const uint64_t offset = address - NUCLEUS_BASE;
  const uint64_t in_area = offset % NUCLEUS_STRIDE;
  if (address < NUCLEUS_BASE || offset / NUCLEUS_STRIDE >= abi::kMaxCpus || in_area < NUCLEUS_STUBS ||
      in_area >= NUCLEUS_STUBS + base::kPageSize) {
    return std::nullopt;
  }
  return NucleusPlace{.cpu = static_cast<uint32_t>(offset / NUCLEUS_STRIDE), .offset = in_area - NUCLEUS_STUBS};
}

std::optional<gdb::Registers> InterruptedByNucleus(const gdb::Registers& registers, const MemoryReader& memory) {
  const std::optional<NucleusPlace> place = FindInNucleus(registers.rip);
  if (!place) {
    return std::nullopt;
  }
  const auto frame =
      memory.ReadValue<TrapFrame>(AreaOfCpu(*place, registers[gdb::General::kRsp]) + NUCLEUS_DATA + TRAP_RIP);
  if (!frame || (frame->cs & kPrivilegeMask) != kPrivilegeMask || !entry::IsCanonical(frame->rip)) {
    return std::nullopt;
  }
  gdb::Registers interrupted = registers;
  interrupted.rip = frame->rip;
  interrupted.rflags = frame->rflags;
  interrupted[gdb::General::kRsp] = frame->rsp;
  interrupted[gdb::Segment::kCs] = static_cast<uint16_t>(frame->cs);
  interrupted[gdb::Segment::kSs] = static_cast<uint16_t>(frame->ss);
  return interrupted;
}

std::string DescribeNucleus(uint64_t address, const MemoryReader& memory, const SymbolSet& kernel) {
  const std::optional<NucleusPlace> place = FindInNucleus(address);
  if (!place) {
    return {};
  }
  const std::string page = IsUserView(*place, memory) ? "nucleus_user_stubs" : "nucleus_kernel_stubs";
  const std::string name = fmt::format("{}+{:#x}", page, place->offset);
  if (place->offset < NUCLEUS_VECTORS * STUB_SIZE) {
    return fmt::format("{} (vector {})", name, place->offset / STUB_SIZE);
  }
  const std::optional<uint64_t> image = kernel.Find(page);
  const std::string stub = image ? kernel.Describe(*image + place->offset) : "";
  return stub.empty() ? name : fmt::format("{} ({})", name, stub);
}

}  // namespace vmm
