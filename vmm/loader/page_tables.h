// The bootstrap page tables: four levels (SDM 3A, section 4.5), built in guest RAM before the guest runs.
//
// Every leaf is accessible from ring 3, since the kernel runs there, and has its Accessed and Dirty bits set: the guest
// then spends no time on setting them, and a KVM that shadows page tables may fill in neighbours at once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "vmm/base/error.h"

namespace vmm {

// Reading is always allowed. There is no permission for writing and executing at once.
enum class PagePermission { kRead, kReadWrite, kReadExecute };

class PageTableBuilder {
 public:
  // Takes zeroed pages for tables from `memory` (RAM from guest-physical address 0), upwards from the page-aligned
  // `first_page`. Fails when there is not one.
  static Result<PageTableBuilder> Create(std::span<std::byte> memory, uint64_t first_page);

  // Maps `size` bytes in pages of 4 KiB or of 2 MiB; `size` is rounded up to whole pages. Addresses are aligned to the
  // page size. Precondition: nothing is mapped there yet. Fails when there is no more memory for tables.
  [[nodiscard]] Result<> MapSmallPages(uint64_t virtual_address, uint64_t physical_address, uint64_t size,
                                       PagePermission permission);
  [[nodiscard]] Result<> MapLargePages(uint64_t virtual_address, uint64_t physical_address, uint64_t size,
                                       PagePermission permission);

  // Guest-physical: what goes into CR3.
  [[nodiscard]] uint64_t root() const { return root_; }
  // Guest-physical: the first page above all tables.
  [[nodiscard]] uint64_t end() const { return next_; }

 private:
  PageTableBuilder(std::span<std::byte> memory, uint64_t first_page)
      : memory_(memory), root_(first_page), next_(first_page) {}

  Result<uint64_t> AllocateTable();
  // Guest-physical address of the table at `level` (1: of 4 KiB leaves) that serves `virtual_address`.
  Result<uint64_t> TableFor(uint64_t virtual_address, int level);
  uint64_t Load(uint64_t address) const;
  void Store(uint64_t address, uint64_t entry);

  std::span<std::byte> memory_;
  uint64_t root_;
  uint64_t next_;
};

}  // namespace vmm
