// One user address space: the regions that say what is mapped, and the page table that the CPU sees.
//
// The page table is a cache of the regions and their VMOs. Entries are made by faults (fault.cc) and removed by unmap,
// protect, resize and decommit, each of which waits until no CPU can use the old entry before the page is reused.
// Kernel lock held for every call.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <span>

#include "guest/kernel/arch/paging.h"
#include "guest/kernel/arch/types.h"
#include "guest/kernel/lib/ref_ptr.h"
#include "guest/kernel/lib/status.h"
#include "guest/kernel/vm/vmar.h"

namespace gk {

// Who faulted. A program's instruction can be executed again, so its fault gives way to a suspension of the thread; a
// copy that the kernel makes for it may be half done.
enum class FaultOrigin : uint8_t { kProgram, kCopy };

class AddressSpace final : public RefCounted<AddressSpace> {
 public:
  // Zircon's user range: the root region covers it.
  static constexpr VirtualAddress kUserBase = 0x200000;
  static constexpr VirtualAddress kUserEnd = 0x7fff'ffff'f000;

  // An empty space. `root_entry` is the page-table slot that shows the nucleus (arch::PageTable::CreateSharing); `seed`
  // decides the layout of what is mapped without a fixed place. ZX_ERR_NO_MEMORY.
  static Result<RefPtr<AddressSpace>> Create(uint64_t root_entry, uint64_t seed);
  ~AddressSpace();

  // Unmaps everything; handles to regions see ZX_ERR_BAD_STATE from now on. Threads may still refer to the space: their
  // next access faults. Done by the destructor otherwise.
  void Destroy();

  [[nodiscard]] Vmar& root() { return *root_; }
  [[nodiscard]] RefPtr<Vmar> root_reference() { return root_; }

  // Resolves a page fault of user code (or of a copy on its behalf) at `address`. May block. Success: the access can be
  // retried (it may fault again). Errors:
  //   ZX_ERR_NOT_FOUND      nothing is mapped there
  //   ZX_ERR_ACCESS_DENIED  the mapping does not permit the access
  //   ZX_ERR_OUT_OF_RANGE   the mapping reaches past the end of its VMO here
  //   ZX_ERR_NO_MEMORY, the page source's error, ZX_ERR_INTERNAL_INTR_KILLED
  //   ZX_ERR_INTERNAL_INTR_RETRY  the thread is to be suspended (kProgram): the access is made again afterwards
  Result<> HandleFault(VirtualAddress address, Access access, FaultOrigin origin);

  // What the CPU's page-table base register takes.
  [[nodiscard]] PhysicalAddress page_table_root() const { return page_table_.root(); }

  // The CPUs that execute user code of this space right now. Kept by the architecture's resume and entry paths.
  [[nodiscard]] CpuMask& running_cpus() { return running_cpus_; }

  // --- for mappings, faults and copies ---

  [[nodiscard]] const arch::PageTable& page_table() const { return page_table_; }
  // Removes entries and waits until no CPU uses them. Cannot fail; may remove more than asked (they fault back in).
  void RemovePages(VirtualAddress address, PageIndex count);
  // Restricts entries to `access`, and waits as above. No access at all removes them.
  void RestrictPages(VirtualAddress address, PageIndex count, Access access);

  // Whether a CPU has used the entry for `address` since this was asked last, or it is new (arch/paging_contract.h).
  bool TakeAccessedMark(VirtualAddress address) { return page_table_.TakeAccessed(address); }

  // Enters all pages of [address, address + length) of `mapping` that are present in its VMO. Never allocates content;
  // stops early when there is no memory for tables: what is missing faults in.
  void EnterPresent(Mapping& mapping, VirtualAddress address, uint64_t length);

  // How often entries have been removed or restricted. As long as it stays the same, what page_table().Query has found
  // still holds.
  [[nodiscard]] uint64_t removals() const { return removals_; }

  // For somebody who goes through things that lie in address spaces and wants to count each space once. Nobody relies
  // on it after that.
  [[nodiscard]] bool counted() const { return counted_; }
  void set_counted(bool counted) { counted_ = counted; }

  // The next number of the layout's generator.
  uint64_t NextRandom();

 private:
  template <typename T, typename... Args>
  friend RefPtr<T> MakeRefCounted(Args&&... args);
  AddressSpace(arch::PageTable page_table, uint64_t seed);
  void Synchronize();

  // fault.cc
  Result<> EnterFaultedPage(Mapping& mapping, VirtualAddress address, Access wanted, PresentPage page);
  Result<> EnterWindow(VirtualAddress first, std::span<const PresentPage> window, bool writable,
                       const arch::MappingAttributes& attributes);
  void SayIfCode(Access access, VirtualAddress first, uint64_t pages) const;
  bool EnterLargePage(Mapping& mapping, VirtualAddress address);
  uint64_t EnterPresentAt(Mapping& mapping, VirtualAddress address, uint64_t length);

  arch::PageTable page_table_;
  RefPtr<Vmar> root_;
  CpuMask running_cpus_ = 0;
  uint64_t random_state_;
  uint64_t removals_ = 0;
  bool counted_ = false;
};

}  // namespace gk
