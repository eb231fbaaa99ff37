#include "vmm/symbols/unwinder.h"

#include <array>
#include <optional>

#include "vmm/symbols/loaded_library.h"
#include "vmm/symbols/nucleus.h"
#include "vmm/symbols/vdso.h"

namespace vmm {
namespace {

// Only called where there is something of libdw's to ask, and so a libdw.
const LibDw& dw() { return *LoadLibDw(); }

// The order of DWARF's register numbers, System V ABI for AMD64, figure 3.36.
constexpr std::array<gdb::General, 16> kDwarfOrder = {
    gdb::General::kRax, gdb::General::kRdx, gdb::General::kRcx, gdb::General::kRbx,
    gdb::General::kRsi, gdb::General::kRdi, gdb::General::kRbp, gdb::General::kRsp,
    gdb::General::kR8,  gdb::General::kR9,  gdb::General::kR10, gdb::General::kR11,
    gdb::General::kR12, gdb::General::kR13, gdb::General::kR14, gdb::General::kR15};

// libdw knows processes and threads; here there is one, and this is it.
constexpr pid_t kOnlyThread = 1;

struct Start {
  const gdb::Registers& registers;
  const MemoryReader& memory;
};

// libdw attaches to a process once in the life of a Dwfl, while each walk has another start. One thread at a time.
thread_local const Start* current_start = nullptr;

pid_t NextThread(Dwfl*, void*, void** thread) {
  const bool first = *thread == nullptr;
  *thread = first ? const_cast<Start*>(current_start) : nullptr;
  return first ? kOnlyThread : 0;
}

bool GetThread(Dwfl*, pid_t, void*, void** thread) {
  *thread = const_cast<Start*>(current_start);
  return true;
}

bool ReadWord(Dwfl*, Dwarf_Addr address, Dwarf_Word* result, void*) {
  const std::optional<uint64_t> word = current_start->memory.ReadValue<uint64_t>(address);
  *result = word.value_or(0);
  return word.has_value();
}

bool SetRegisters(Dwfl_Thread* thread, void*) {
  std::array<Dwarf_Word, kDwarfOrder.size()> values = {};
  for (size_t index = 0; index < values.size(); ++index) {
    values[index] = current_start->registers[kDwarfOrder[index]];
  }
  dw().dwfl_thread_state_register_pc(thread, current_start->registers.rip);
  return dw().dwfl_thread_state_registers(thread, 0, static_cast<unsigned int>(values.size()), values.data());
}

const Dwfl_Thread_Callbacks kThreadCallbacks = {.next_thread = NextThread,
                                                .get_thread = GetThread,
                                                .memory_read = ReadWord,
                                                .set_initial_registers = SetRegisters,
                                                .detach = nullptr,
                                                .thread_detach = nullptr};

int TakeFrame(Dwfl_Frame* frame, void* argument) {
  auto& addresses = *static_cast<std::vector<uint64_t>*>(argument);
  Dwarf_Addr address = 0;
  if (addresses.size() == kMaxFrames || !dw().dwfl_frame_pc(frame, &address, nullptr)) {
    return DWARF_CB_ABORT;
  }
  addresses.push_back(address);
  return DWARF_CB_OK;
}

// By frame pointers alone, where libdw has no file to work with: [RBP] is the caller's, [RBP + 8] the return address.
std::vector<uint64_t> ByFramePointers(const gdb::Registers& registers, const MemoryReader& memory) {
  std::vector<uint64_t> addresses = {registers.rip};
  uint64_t frame = registers[gdb::General::kRbp];
  while (addresses.size() < kMaxFrames && frame != 0) {
    const auto link = memory.ReadValue<std::array<uint64_t, 2>>(frame);
    if (!link || (*link)[1] == 0) {
      break;
    }
    addresses.push_back((*link)[1]);
    if ((*link)[0] <= frame) {
      break;  // callers lie above: anything else is the end, or a loop
    }
    frame = (*link)[0];
  }
  return addresses;
}

// The address of the code that the registers are at, then return addresses.
std::vector<uint64_t> Walk(const gdb::Registers& registers, const MemoryReader& memory, const SymbolSet& symbols) {
  Dwfl* dwfl = symbols.dwfl();
  if (dwfl == nullptr ||
      (dw().dwfl_pid(dwfl) < 0 && !dw().dwfl_attach_state(dwfl, nullptr, kOnlyThread, &kThreadCallbacks, nullptr))) {
    return ByFramePointers(registers, memory);
  }
  const Start start = {.registers = registers, .memory = memory};
  current_start = &start;
  std::vector<uint64_t> addresses;
  dw().dwfl_getthread_frames(dwfl, kOnlyThread, TakeFrame, &addresses);
  current_start = nullptr;
  return addresses.empty() ? ByFramePointers(registers, memory) : addresses;
}

void Append(std::vector<StackFrame>& frames, const std::vector<uint64_t>& addresses, StackFrame::Kind first) {
  for (const uint64_t address : addresses) {
    if (frames.size() < kMaxFrames) {
      frames.push_back({.address = address, .kind = address == addresses.front() ? first : StackFrame::Kind::kCall});
    }
  }
}

// Where a call went that has no frame of its own yet: its return address is on top of the stack, if that is one.
std::optional<gdb::Registers> CallerOfUnknownCode(const gdb::Registers& registers, const MemoryReader& memory,
                                                  const SymbolSet& symbols) {
  if (symbols.Nearest(registers.rip)) {
    return std::nullopt;
  }
  const std::optional<VdsoPlace> vdso = FindInVdso(registers.rip, memory);
  const uint64_t stack = registers[gdb::General::kRsp] + (vdso ? vdso->pushed * sizeof(uint64_t) : 0);
  const std::optional<uint64_t> address = memory.ReadValue<uint64_t>(stack);
  if (!address || !symbols.Nearest(*address)) {
    return std::nullopt;
  }
  gdb::Registers caller = registers;
  caller.rip = *address;
  caller[gdb::General::kRsp] = stack + sizeof(uint64_t);
  return caller;
}

void UnwindCode(std::vector<StackFrame>& frames, const gdb::Registers& registers, const MemoryReader& memory,
                const SymbolSet& symbols, StackFrame::Kind kind) {
  if (const auto caller = CallerOfUnknownCode(registers, memory, symbols)) {
    frames.push_back({.address = registers.rip, .kind = kind});
    Append(frames, Walk(*caller, memory, symbols), StackFrame::Kind::kCall);
    return;
  }
  Append(frames, Walk(registers, memory, symbols), kind);
}

}  // namespace

std::vector<StackFrame> Unwind(const gdb::Registers& registers, const MemoryReader& memory, const SymbolSet& symbols) {
  std::vector<StackFrame> frames;
  if (const std::optional<gdb::Registers> interrupted = InterruptedByNucleus(registers, memory)) {
    frames.push_back({.address = registers.rip, .kind = StackFrame::Kind::kStopped});
    UnwindCode(frames, *interrupted, memory, symbols, StackFrame::Kind::kTrapped);
  } else {
    UnwindCode(frames, registers, memory, symbols, StackFrame::Kind::kStopped);
  }
  return frames;
}

}  // namespace vmm
