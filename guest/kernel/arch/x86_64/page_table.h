// x86-64 page tables: four levels, leaves of 4 KiB and 2 MiB (SDM volume 3A, section 4.5).
//
// Table pages come from the pmm and are reached through the physical map, so this file needs no privileged instruction
// and compiles for the host. Each entry is written by StorePageTableEntry (page_table_entry.h), which hosted tests
// replace by one that checks every write.
#pragma once

#include <optional>
#include <span>
#include <utility>

#include "guest/kernel/arch/paging_contract.h"
#include "guest/kernel/vm/page.h"

namespace gk::arch {

class PageTable {
 public:
  // The root slot that user address spaces share with each other: the top 512 GiB, where the nucleus is.
  static constexpr size_t kSharedRootSlot = 511;

  // An empty table. ZX_ERR_NO_MEMORY.
  static Result<PageTable> Create();
  // An empty table whose slot kSharedRootSlot is a copy of `root_entry` (another table's root_entry()): what is mapped
  // there belongs to that other table, which must live longer; addresses in it are refused here with
  // ZX_ERR_INVALID_ARGS.
  static Result<PageTable> CreateSharing(uint64_t root_entry);

  PageTable(PageTable&& other) noexcept;
  PageTable& operator=(PageTable&& other) noexcept;
  // Precondition: Destroy was called, or the table was moved away.
  ~PageTable();

  // See arch/paging_contract.h for the seven below.
  Result<> Map(VirtualAddress va, PhysicalAddress pa, size_t pages, const MappingAttributes& attributes);
  Result<> MapFrames(VirtualAddress va, std::span<const PhysicalAddress> frames, const MappingAttributes& attributes);
  Result<> Unmap(VirtualAddress va, size_t pages);
  Result<> Protect(VirtualAddress va, size_t pages, Access access);
  [[nodiscard]] std::optional<Translation> Query(VirtualAddress va) const;
  bool TakeAccessed(VirtualAddress va);
  [[nodiscard]] bool needs_invalidation() const { return needs_invalidation_; }
  // All CPUs have forgotten what was removed: frees the tables that were emptied.
  void OnInvalidated();

  [[nodiscard]] PhysicalAddress root() const { return root_->physical_address(); }
  // The content of root slot kSharedRootSlot, for CreateSharing.
  [[nodiscard]] uint64_t root_entry() const;
  // Table pages in use, those that wait for an invalidation included.
  [[nodiscard]] size_t table_pages() const { return table_pages_; }

  // Frees all table pages. Precondition: no CPU uses the table any more.
  void Destroy();

 private:
  friend class PageTableWalker;
  PageTable(Page* root, bool shares_root_slot) : root_(root), shares_root_slot_(shares_root_slot) {}

  [[nodiscard]] bool Accepts(VirtualAddress va, size_t pages) const;
  Result<> SplitLeafAt(VirtualAddress va);
  Page* NewTable();
  void Retire(Page* table);
  void FreeTables(Page* table, unsigned level);

  Page* root_;
  Page* retired_ = nullptr;  // emptied tables, linked by table.next_retired
  size_t table_pages_ = 1;
  bool needs_invalidation_ = false;
  bool shares_root_slot_;
};

}  // namespace gk::arch
