// Calls of the monitor for a debugger, while all CPUs stand still: any of them may be in the middle of anything. So a
// call leaves nothing behind, not even when it fails.
#include "guest/kernel/arch/debug_call.h"

#include <string.h>

#include "guest/kernel/arch/x86_64/debug_call.h"
#include "guest/kernel/arch/x86_64/nucleus.h"
#include "guest/kernel/arch/x86_64/per_cpu.h"
#include "guest/kernel/drivers/drivers.h"
#include "guest/kernel/inspect/inspect.h"
#include "guest/kernel/vm/kernel_space.h"
#include "guest/kernel/vm/pmm.h"
#include "shared/abi/debug_call.h"

extern "C" {
extern uint8_t debug_call_entry[];
extern uint8_t debug_call_return[];
[[noreturn]] void ReturnFromDebugCall(uint64_t error, uint64_t size, uint64_t cursor);
}

namespace gk::arch {
namespace {

constexpr size_t kBufferPages = 16;
constexpr size_t kBufferSize = kBufferPages * kPageSize;

// In the image, so that its guest-physical address is known.
constinit abi::DebugCallArea area = {};

// How each CPU entered the kernel last. A fault in the call is such an entry, and the interrupted code may not have
// looked yet at its own.
constinit uint64_t entries[abi::kMaxCpus] = {};

std::span<char> Buffer() { return {reinterpret_cast<char*>(area.buffer), kBufferSize}; }

void SaveEntries() {
  for (uint32_t i = 0; i < abi::kMaxCpus; ++i) {
    entries[i] = per_cpu[i].entry;
  }
}

void RestoreEntries() {
  for (uint32_t i = 0; i < abi::kMaxCpus; ++i) {
    per_cpu[i].entry = entries[i];
  }
}

}  // namespace

Result<> AnnounceDebugCalls() {
  PAGODA_TRY_ASSIGN(const kernel_space::StackMemory stack, kernel_space::AllocateStack());
  const Page* buffer = AllocateContiguous(kBufferPages, kPageSize);
  if (buffer == nullptr) {
    kernel_space::FreeStack(stack);
    return Error(ZX_ERR_NO_MEMORY);
  }
  area = {.magic = abi::kDebugAreaMagic,
          .version = abi::kDebugAreaVersion,
          .size = sizeof(area),
          .root = kernel_space::page_table().root(),
          .entry = reinterpret_cast<uint64_t>(debug_call_entry),
          .return_address = reinterpret_cast<uint64_t>(debug_call_return),
          .stack_bottom = stack.base,
          .stack_top = stack.top(),
          .buffer = reinterpret_cast<uint64_t>(PhysicalToVirtual(buffer->physical_address())),
          .buffer_address = buffer->physical_address(),
          .buffer_size = kBufferSize};
  // The first words of a stack name its thread (stack.h): this one has none.
  memset(reinterpret_cast<void*>(stack.base), 0, sizeof(uint64_t));
  drivers::system_control().AnnounceDebugArea(ImagePhysicalAddress(&area));
  return {};
}

bool IsDebugCallStack(uint64_t stack_pointer) {
  return area.magic != 0 && stack_pointer >= area.stack_bottom - kPageSize && stack_pointer <= area.stack_top;
}

void FailDebugCall(std::span<const char> what) {
  RestoreEntries();
  const size_t size = inspect::AddFailure(Buffer(), what);
  ReturnFromDebugCall(static_cast<uint64_t>(abi::DebugCallError::kFault), size, 0);
}

}  // namespace gk::arch

// Called by debug_call.S on the stack of debug calls.
extern "C" [[noreturn]] void RunDebugCall(uint64_t command, uint64_t argument, uint64_t cursor) {
  gk::arch::SaveEntries();
  memset(gk::arch::Buffer().data(), 0, gk::arch::kBufferSize);
  const gk::inspect::Answer answer =
      gk::inspect::Inspect(static_cast<pagoda::abi::DebugCommand>(command), argument, cursor, gk::arch::Buffer());
  ReturnFromDebugCall(static_cast<uint64_t>(answer.error), answer.size, answer.cursor);
}
