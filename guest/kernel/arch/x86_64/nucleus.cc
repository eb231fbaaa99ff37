#include "guest/kernel/arch/x86_64/nucleus.h"

#include <string.h>

#include "guest/kernel/arch/physical_map.h"
#include "guest/kernel/arch/x86_64/offsets.h"
#include "guest/kernel/arch/x86_64/page_table.h"
#include "guest/nucleus/layout.h"
#include "shared/abi/debug_trap.h"
#include "shared/base/range.h"

extern "C" {
// Defined by the assembler files and the linker script. Those that end in _load are addresses in RAM.
extern uint8_t kernel_entries[];
extern uint8_t nucleus_user_stubs[];  // the two views of the stubs page, in the image's read-only part
extern uint8_t nucleus_kernel_stubs[];
extern uint8_t nucleus_load[];  // CPU 0's gates, bootstrap stubs and data, a page each
extern uint8_t kernel_image_virtual[];
extern uint8_t kernel_image_load[];
}

namespace gk::arch {
namespace {

// An interrupt gate, SDM volume 3A, figure 6-8.
struct Gate {
  uint16_t offset_low;
  uint16_t selector;
  uint8_t stack_table;
  uint8_t type;
  uint16_t offset_middle;
  uint32_t offset_high;
  uint32_t reserved;
};
static_assert(sizeof(Gate) == 16);

struct Frame {
  uint64_t rip, cs, rflags, rsp, ss;
};
static_assert(sizeof(Frame) * NUCLEUS_ENTRIES <= base::kPageSize);

constexpr size_t kGatesPerPage = base::kPageSize / sizeof(Gate);

static_assert(NUCLEUS_FRAMES == PAGODA_ENTRY_FRAMES);
static_assert(PER_CPU_USER_STATE == PAGODA_ENTRY_THREAD);
static_assert(NUCLEUS_STUBS + STUB_RESUME == PAGODA_RESUME_STUB);
static_assert(DATA_TRAP_STACK_TOP - DATA_RESUME_FRAME == PAGODA_RESUME_FRAME_BELOW_TRAP_STACK);
static_assert(DATA_RESUME_FRAME - DATA_RESUME_RAX == PAGODA_RESUME_RAX_BELOW_FRAME);

struct AreaPages {
  alignas(base::kPageSize) Gate kernel_gates[kGatesPerPage];  // unused for CPU 0, see KernelGates
  alignas(base::kPageSize) Gate user_gates[kGatesPerPage];
  alignas(base::kPageSize) uint8_t data[base::kPageSize];  // unused for CPU 0, see DataPage
  alignas(base::kPageSize) Frame frames[NUCLEUS_ENTRIES];
  alignas(base::kPageSize) uint8_t abort_stack[base::kPageSize];
};

AreaPages area_pages[abi::kMaxCpus];

constexpr uint32_t kVectorDebug = 1;
constexpr uint32_t kVectorNmi = 2;
constexpr uint32_t kVectorBreakpoint = 3;
constexpr uint32_t kVectorUndefined = 6;
constexpr uint32_t kVectorDoubleFault = 8;
constexpr uint32_t kVectorProtection = 13;
constexpr uint32_t kVectorMachineCheck = 18;

uint64_t AreaAddress(uint32_t index) { return NUCLEUS_BASE + uint64_t{index} * NUCLEUS_STRIDE; }

// CPU 0's gates and data page come with the image, because its first instructions need them.
PhysicalAddress KernelGates(uint32_t index) {
  return index == 0 ? reinterpret_cast<PhysicalAddress>(nucleus_load)
                    : ImagePhysicalAddress(area_pages[index].kernel_gates);
}

PhysicalAddress DataPage(uint32_t index) {
  return index == 0 ? reinterpret_cast<PhysicalAddress>(nucleus_load) + NUCLEUS_DATA - NUCLEUS_IDT
                    : ImagePhysicalAddress(area_pages[index].data);
}

// Entries of the TSS' table of stacks, SDM volume 3A, section 6.14.5.
constexpr uint8_t kTrapStack = 0;  // not from the table
constexpr uint8_t kAbortStack = 1;
constexpr uint8_t kDebugStack = 2;

uint8_t StackOf(uint32_t vector) {
  const bool may_hit_ring_0 = vector == kVectorNmi || vector == kVectorDoubleFault || vector == kVectorMachineCheck;
  return may_hit_ring_0 ? kAbortStack : kTrapStack;
}

Gate MakeGate(uint32_t vector, uint64_t target, uint8_t stack) {
  const uint8_t privilege = vector == kVectorBreakpoint ? 3 : 0;
  return Gate{.offset_low = static_cast<uint16_t>(target),
              .selector = SELECTOR_CS0,
              .stack_table = stack,
              .type = static_cast<uint8_t>(0x8e | (privilege << 5)),
              .offset_middle = static_cast<uint16_t>(target >> 16),
              .offset_high = static_cast<uint32_t>(target >> 32),
              .reserved = 0};
}

// Where a trap goes that happens with the kernel's page tables loaded. Its two deliberate traps have stubs of their
// own; an interrupt can only end an idle halt, so it takes the path of a user's from behind the change of address
// space; all else is a fault of the kernel.
uint64_t KernelGateTarget(uint32_t vector) {
  if (vector == kVectorUndefined) {
    return STUB_RESUME;
  }
  if (vector == kVectorProtection) {
    return STUB_SERVICE;
  }
  if (vector >= NUCLEUS_FIRST_INTERRUPT) {
    return vector * STUB_SIZE + STUB_CONTINUE;
  }
  return STUB_KERNEL_FAULT + vector * STUB_SIZE;
}

// The stub of a debugger's trap, the same in both views; 0 for the vectors that a debugger has no use for.
uint64_t DebugGateTarget(uint32_t vector) {
  switch (vector) {
    case kVectorDebug:
      return STUB_DEBUG_STEP;
    case kVectorBreakpoint:
      return STUB_DEBUG_BREAKPOINT;
    default:
      return 0;
  }
}

void FillGates(uint32_t index, DebugGates debug) {
  const uint64_t stubs = AreaAddress(index) + NUCLEUS_STUBS;
  Gate* user_gates = area_pages[index].user_gates;
  Gate* kernel_gates = PhysicalToVirtual<Gate>(KernelGates(index));
  for (uint32_t vector = 0; vector < NUCLEUS_VECTORS; ++vector) {
    user_gates[vector] = MakeGate(vector, stubs + vector * STUB_SIZE, StackOf(vector));
    kernel_gates[vector] = MakeGate(vector, stubs + KernelGateTarget(vector), StackOf(vector));
    if (const uint64_t target = DebugGateTarget(vector); debug == DebugGates::kToMonitor && target != 0) {
      user_gates[vector] = kernel_gates[vector] = MakeGate(vector, stubs + target, kDebugStack);
    }
  }
}

void FillFrames(AreaPages& pages, PerCpu& cpu) {
  for (uint64_t entry = 0; entry < NUCLEUS_ENTRIES; ++entry) {
    pages.frames[entry] = Frame{.rip = reinterpret_cast<uint64_t>(kernel_entries) + entry * 16,
                                .cs = SELECTOR_CS3,
                                .rflags = 2,
                                .rsp = reinterpret_cast<uint64_t>(&cpu),
                                .ss = SELECTOR_SS3};
  }
}

// Moves every address that the data page contains from CPU 0's area to the CPU's own.
void RelocateData(uint8_t* data, uint32_t index, VirtualAddress boot_stack_top) {
  const uint64_t distance = uint64_t{index} * NUCLEUS_STRIDE;
  const uint64_t tss = AreaAddress(index) + NUCLEUS_DATA + DATA_TSS;
  const auto add = [data, distance](size_t offset) {
    uint64_t value = 0;
    memcpy(&value, data + offset, sizeof(value));
    value += distance;
    memcpy(data + offset, &value, sizeof(value));
  };
  add(DATA_TSS + 4);   // RSP0
  add(DATA_TSS + 36);  // IST1
  add(DATA_TSS + 44);  // IST2
  add(DATA_GDT_POINTER + 2);
  add(DATA_IDT_POINTER + 2);
  memcpy(data + DATA_BOOT_FRAME + 24, &boot_stack_top, sizeof(boot_stack_top));
  // The TSS descriptor's base is scattered (SDM 3A, figure 8-4); it is available again, not CPU 0's busy one.
  const uint16_t low = static_cast<uint16_t>(tss);
  memcpy(data + SELECTOR_TSS + 2, &low, sizeof(low));
  data[SELECTOR_TSS + 4] = static_cast<uint8_t>(tss >> 16);
  data[SELECTOR_TSS + 5] = 0x89;
  data[SELECTOR_TSS + 7] = static_cast<uint8_t>(tss >> 24);
}

void FillSlots(uint8_t* data, uint64_t kernel_root) {
  memcpy(data + DATA_SCRATCH, &kernel_root, sizeof(kernel_root));
  const uint64_t cs = SELECTOR_CS3;
  const uint64_t ss = SELECTOR_SS3;
  memcpy(data + DATA_RESUME_FRAME + 8, &cs, sizeof(cs));
  memcpy(data + DATA_RESUME_FRAME + 32, &ss, sizeof(ss));
}

}  // namespace

PhysicalAddress ImagePhysicalAddress(const void* object) {
  return reinterpret_cast<uint64_t>(object) - reinterpret_cast<uint64_t>(kernel_image_virtual) +
         reinterpret_cast<uint64_t>(kernel_image_load);
}

void PrepareNucleusArea(uint32_t index, VirtualAddress boot_stack_top, DebugGates debug) {
  AreaPages& pages = area_pages[index];
  PerCpu& cpu = per_cpu[index];
  uint8_t* data = PhysicalToVirtual<uint8_t>(DataPage(index));
  if (index != 0) {
    memcpy(data, PhysicalToVirtual<uint8_t>(DataPage(0)), DATA_SCRATCH);
    memcpy(data + DATA_SERVICE_KEY, PhysicalToVirtual<uint8_t>(DataPage(0)) + DATA_SERVICE_KEY, sizeof(uint64_t));
    RelocateData(data, index, boot_stack_top);
  }
  FillSlots(data, cpu.kernel_root);
  FillGates(index, debug);
  FillFrames(pages, cpu);
  cpu.nucleus_data = data;
}

void SetUndefinedInstructionIsFault(uint32_t index, bool is_fault) {
  const uint64_t stubs = AreaAddress(index) + NUCLEUS_STUBS;
  const uint64_t target = is_fault ? STUB_KERNEL_FAULT + kVectorUndefined * STUB_SIZE : STUB_RESUME;
  PhysicalToVirtual<Gate>(KernelGates(index))[kVectorUndefined] =
      MakeGate(kVectorUndefined, stubs + target, kTrapStack);
}

// The gate is read at each trap, so one store turns it; the two stubs are on one page.
void SetResumeStores(uint32_t index, bool stores) {
  const uint64_t target = AreaAddress(index) + NUCLEUS_STUBS + (stores ? STUB_RESUME_STORING : STUB_RESUME);
  Gate& gate = PhysicalToVirtual<Gate>(KernelGates(index))[kVectorUndefined];
  *const_cast<volatile uint16_t*>(&gate.offset_low) = static_cast<uint16_t>(target);
}

void SetResumeStore(PerCpu& cpu, uint64_t* slot, uint64_t value) {
  const uint64_t end = reinterpret_cast<uint64_t>(slot + 1);
  memcpy(cpu.nucleus_data + DATA_STORE_END, &end, sizeof(end));
  memcpy(cpu.nucleus_data + DATA_STORE_VALUE, &value, sizeof(value));
}

Result<> MapNucleusAreas(PageTable& table, uint32_t count, NucleusView view) {
  const bool kernel = view == NucleusView::kKernel;
  const PhysicalAddress stubs = ImagePhysicalAddress(kernel ? nucleus_kernel_stubs : nucleus_user_stubs);
  constexpr MappingAttributes kCode{.access = {.read = true, .execute = true}, .accessed = true};
  constexpr MappingAttributes kReadOnly{.access = {.read = true}, .accessed = true};
  constexpr MappingAttributes kData{.access = {.read = true, .write = true}, .accessed = true};
  for (uint32_t index = 0; index < count; ++index) {
    AreaPages& pages = area_pages[index];
    const uint64_t area = AreaAddress(index);
    const PhysicalAddress gates = kernel ? KernelGates(index) : ImagePhysicalAddress(pages.user_gates);
    PAGODA_TRY(table.Map(area + NUCLEUS_IDT, gates, 1, kReadOnly));
    PAGODA_TRY(table.Map(area + NUCLEUS_STUBS, stubs, 1, kCode));
    PAGODA_TRY(table.Map(area + NUCLEUS_DATA, DataPage(index), 1, kData));
    PAGODA_TRY(table.Map(area + NUCLEUS_FRAMES, ImagePhysicalAddress(pages.frames), 1, kReadOnly));
    PAGODA_TRY(table.Map(area + NUCLEUS_ABORT_STACK, ImagePhysicalAddress(pages.abort_stack), 1, kData));
  }
  return {};
}

}  // namespace gk::arch
