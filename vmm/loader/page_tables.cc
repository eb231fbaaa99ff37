#include "vmm/loader/page_tables.h"

#include <cstring>

#include "shared/base/range.h"
#include "vmm/arch/x86_64/page_table_entry.h"

namespace vmm {
namespace {

// Permissions are decided by the leaves alone.
constexpr uint64_t kTableEntry = entry::kPresent | entry::kWritable | entry::kUser | entry::kAccessed;

uint64_t LeafBits(PagePermission permission) {
  const uint64_t bits = entry::kPresent | entry::kUser | entry::kAccessed | entry::kDirty;
  switch (permission) {
    case PagePermission::kRead:
      return bits | entry::kNoExecute;
    case PagePermission::kReadWrite:
      return bits | entry::kWritable | entry::kNoExecute;
    case PagePermission::kReadExecute:
      return bits;
  }
  return bits | entry::kNoExecute;
}

uint64_t EntryOffset(uint64_t virtual_address, int level) {
  return entry::Index(virtual_address, level) * sizeof(uint64_t);
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
          (physical_address + offset) | LeafBits(permission) | entry::kLargePage);
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
  for (int current = entry::kTopLevel; current > level; --current) {
    const uint64_t slot = table + EntryOffset(virtual_address, current);
    uint64_t value = Load(slot);
    if (value == 0) {
      PAGODA_TRY_ASSIGN(const uint64_t next_table, AllocateTable());
      value = next_table | kTableEntry;
      Store(slot, value);
    }
    table = value & entry::kAddressMask;
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
