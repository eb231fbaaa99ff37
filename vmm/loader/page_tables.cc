#include "vmm/loader/page_tables.h"

#include <cstring>

#include "shared/base/range.h"

namespace vmm {
namespace {

// SDM 3A, tables 4-15 to 4-20.
constexpr uint64_t kPresent = 1u << 0;
constexpr uint64_t kWritable = 1u << 1;
constexpr uint64_t kUser = 1u << 2;
constexpr uint64_t kAccessed = 1u << 5;
constexpr uint64_t kDirty = 1u << 6;
constexpr uint64_t kLargePage = 1u << 7;
constexpr uint64_t kNoExecute = uint64_t{1} << 63;
constexpr uint64_t kAddressMask = 0x000f'ffff'ffff'f000;

constexpr int kTopLevel = 4;

// Permissions are decided by the leaves alone.
constexpr uint64_t kTableEntry = kPresent | kWritable | kUser | kAccessed;

uint64_t LeafBits(PagePermission permission) {
  const uint64_t bits = kPresent | kUser | kAccessed | kDirty;
  switch (permission) {
    case PagePermission::kRead:
      return bits | kNoExecute;
    case PagePermission::kReadWrite:
      return bits | kWritable | kNoExecute;
    case PagePermission::kReadExecute:
      return bits;
  }
  return bits | kNoExecute;
}

uint64_t EntryOffset(uint64_t virtual_address, int level) {
  const uint64_t index = virtual_address >> (base::kPageShift + 9 * static_cast<uint64_t>(level - 1)) & 511;
  return index * sizeof(uint64_t);
}

}  // namespace

Result<PageTableBuilder> PageTableBuilder::Create(std::span<std::byte> memory, uint64_t first_page) {
  PageTableBuilder builder(memory, first_page);
  PAGODA_TRY(builder.AllocateTable());
  return builder;
}

Result<> PageTableBuilder::MapSmallPages(uint64_t virtual_address, uint64_t physical_address, uint64_t size,
                                         PagePermission permission) {
  for (uint64_t offset = 0; offset < size; offset += base::kPageSize) {
    PAGODA_TRY_ASSIGN(const uint64_t table, TableFor(virtual_address + offset, 1));
    Store(table + EntryOffset(virtual_address + offset, 1), (physical_address + offset) | LeafBits(permission));
  }
  return {};
}

Result<> PageTableBuilder::MapLargePages(uint64_t virtual_address, uint64_t physical_address, uint64_t size,
                                         PagePermission permission) {
  for (uint64_t offset = 0; offset < size; offset += base::kLargePageSize) {
    PAGODA_TRY_ASSIGN(const uint64_t table, TableFor(virtual_address + offset, 2));
    Store(table + EntryOffset(virtual_address + offset, 2),
          (physical_address + offset) | LeafBits(permission) | kLargePage);
  }
  return {};
}

Result<uint64_t> PageTableBuilder::AllocateTable() {
  if (!base::RangeFits(next_, base::kPageSize, memory_.size())) {
    return BadInput("guest memory of {} bytes has no room for page tables", memory_.size());
  }
  const uint64_t table = next_;
  next_ += base::kPageSize;
  return table;
}

Result<uint64_t> PageTableBuilder::TableFor(uint64_t virtual_address, int level) {
  uint64_t table = root_;
  for (int current = kTopLevel; current > level; --current) {
    const uint64_t slot = table + EntryOffset(virtual_address, current);
    uint64_t entry = Load(slot);
    if (entry == 0) {
      PAGODA_TRY_ASSIGN(const uint64_t next_table, AllocateTable());
      entry = next_table | kTableEntry;
      Store(slot, entry);
    }
    table = entry & kAddressMask;
  }
  return table;
}

uint64_t PageTableBuilder::Load(uint64_t address) const {
  uint64_t entry = 0;
  std::memcpy(&entry, memory_.data() + address, sizeof(entry));
  return entry;
}

void PageTableBuilder::Store(uint64_t address, uint64_t entry) {
  std::memcpy(memory_.data() + address, &entry, sizeof(entry));
}

}  // namespace vmm
