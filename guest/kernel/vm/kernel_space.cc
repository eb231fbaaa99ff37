#include "guest/kernel/vm/kernel_space.h"

#include <array>
#include <optional>

#include "guest/kernel/lib/min_max.h"
#include "guest/kernel/lib/panic.h"
#include "guest/kernel/vm/pmm.h"
#include "shared/base/range.h"

namespace gk::kernel_space {
namespace {

constexpr Access kReadOnly{.read = true};
constexpr Access kReadWrite{.read = true, .write = true};

// Every stack has a slot of its own, of which it takes the upper half: so it is aligned to its size, and half a slot of
// nothing lies below it.
constexpr uint64_t kStackSlot = 2 * kStackSize;
constexpr size_t kStackPages = kStackSize / kPageSize;

struct KernelSpace {
  std::optional<arch::PageTable> page_table;
  VirtualAddress next_device = kDevicesBase;
  VirtualAddress next_stack = kStacksBase;
  VirtualAddress free_stacks = 0;  // base of the first; each free stack's lowest word names the next
};
constinit KernelSpace g_space;

Result<> MapKernel(VirtualAddress address, PhysicalAddress physical, uint64_t size, Access access) {
  return page_table().Map(address, physical, size / kPageSize, {.access = access, .user = true, .accessed = true});
}

Result<> MapImage(std::span<const Segment> image) {
  for (const Segment& segment : image) {
    PAGODA_TRY(MapKernel(segment.address, segment.physical, segment.size, segment.access));
  }
  return {};
}

// The piece of the image that is not writable and ends above `address`, lowest first.
const Segment* NextProtected(std::span<const Segment> image, PhysicalAddress address) {
  const Segment* found = nullptr;
  for (const Segment& segment : image) {
    const bool candidate = !segment.access.write && segment.physical + segment.size > address;
    if (candidate && (found == nullptr || segment.physical < found->physical)) {
      found = &segment;
    }
  }
  return found;
}

// RAM from `begin` to `end`, writable except where the image is not.
Result<> MapRam(PhysicalAddress begin, PhysicalAddress end, std::span<const Segment> image) {
  while (begin < end) {
    const Segment* segment = NextProtected(image, begin);
    const bool inside = segment != nullptr && segment->physical <= begin;
    const PhysicalAddress boundary =
        segment == nullptr ? end : (inside ? segment->physical + segment->size : segment->physical);
    const PhysicalAddress stop = Min(end, boundary);
    PAGODA_TRY(MapKernel(abi::kPhysmapBase + begin, begin, stop - begin, inside ? kReadOnly : kReadWrite));
    begin = stop;
  }
  return {};
}

Result<> MapEverything(std::span<const Segment> image, std::span<const abi::MemoryRange> memory) {
  PAGODA_TRY(MapImage(image));
  for (const abi::MemoryRange& range : memory) {
    PAGODA_TRY(MapRam(range.base, range.base + range.size, image));
  }
  return {};
}

// The lowest word of a free stack, reached through the physical map: the stack's own addresses may not be in use yet.
VirtualAddress& LinkOf(VirtualAddress stack) {
  const auto found = page_table().Query(stack);
  GK_ASSERT(found.has_value());
  return *arch::PhysicalToVirtual<VirtualAddress>(found->address);
}

}  // namespace

Result<> Create(std::span<const Segment> image, std::span<const abi::MemoryRange> memory) {
  GK_ASSERT(!g_space.page_table.has_value());
  PAGODA_TRY_ASSIGN(arch::PageTable created, arch::PageTable::Create());
  g_space.page_table.emplace(std::move(created));
  if (const Result<> mapped = MapEverything(image, memory); !mapped.ok()) {
    Destroy();
    return Error(mapped.error());
  }
  return {};
}

arch::PageTable& page_table() { return *g_space.page_table; }

Result<VirtualAddress> MapDeviceRegisters(PhysicalAddress physical, uint64_t size) {
  const PhysicalAddress first = base::AlignDown(physical, kPageSize);
  const uint64_t length = base::AlignUp(physical + size, kPageSize) - first;
  const VirtualAddress address = g_space.next_device;
  PAGODA_TRY(
      page_table().Map(address, first, length / kPageSize,
                       {.access = kReadWrite, .user = true, .caching = arch::Caching::kUncached, .accessed = true}));
  g_space.next_device += length;
  return address + (physical - first);
}

Result<StackMemory> AllocateStack() {
  if (const VirtualAddress reused = g_space.free_stacks; reused != 0) {
    g_space.free_stacks = LinkOf(reused);
    return StackMemory{reused, kStackSize};
  }
  std::array<PhysicalAddress, kStackPages> frames;
  Page* pages[kStackPages] = {};
  bool complete = true;
  for (size_t i = 0; i < kStackPages; ++i) {
    pages[i] = AllocatePage();
    complete = complete && pages[i] != nullptr;
    frames[i] = pages[i] != nullptr ? pages[i]->physical_address() : arch::kNoFrame;
  }
  const VirtualAddress base = g_space.next_stack + (kStackSlot - kStackSize);
  if (!complete || !page_table().MapFrames(base, frames, {.access = kReadWrite, .user = true, .accessed = true}).ok()) {
    for (Page* page : pages) {
      if (page != nullptr) {
        FreePage(page);
      }
    }
    return Error(ZX_ERR_NO_MEMORY);
  }
  g_space.next_stack += kStackSlot;
  return StackMemory{base, kStackSize};
}

void FreeStack(StackMemory stack) {
  LinkOf(stack.base) = g_space.free_stacks;
  g_space.free_stacks = stack.base;
}

void Destroy() {
  for (VirtualAddress slot = kStacksBase; slot < g_space.next_stack; slot += kStackSlot) {
    for (size_t i = 0; i < kStackPages; ++i) {
      const auto found = page_table().Query(slot + (kStackSlot - kStackSize) + i * kPageSize);
      FreePage(PageOf(found->address));
    }
  }
  page_table().Destroy();
  g_space.page_table.reset();
  g_space = KernelSpace{};
}

bool IsStackGuard(VirtualAddress address) {
  return address >= kStacksBase && address < g_space.next_stack &&
         (address - kStacksBase) % kStackSlot < kStackSlot - kStackSize;
}

}  // namespace gk::kernel_space
