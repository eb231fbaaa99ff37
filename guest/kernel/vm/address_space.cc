#include "guest/kernel/vm/address_space.h"

#include <utility>

#include "guest/kernel/arch/tlb.h"
#include "guest/kernel/lib/panic.h"
#include "guest/kernel/vm/code_observer.h"
#include "shared/base/range.h"

namespace gk {

constinit CodeObserver* code_observer = nullptr;

Result<RefPtr<AddressSpace>> AddressSpace::Create(uint64_t root_entry, uint64_t seed) {
  PAGODA_TRY_ASSIGN(arch::PageTable page_table, arch::PageTable::CreateSharing(root_entry));
  RefPtr<AddressSpace> space = MakeRefCounted<AddressSpace>(std::move(page_table), seed);
  if (!space) {
    page_table.Destroy();
    return Error(ZX_ERR_NO_MEMORY);
  }
  constexpr zx_vm_option_t kAll =
      ZX_VM_CAN_MAP_SPECIFIC | ZX_VM_CAN_MAP_READ | ZX_VM_CAN_MAP_WRITE | ZX_VM_CAN_MAP_EXECUTE;
  space->root_ = MakeRefCounted<Vmar>(*space, kUserBase, kUserEnd - kUserBase, kAll);
  if (!space->root_) {
    return Error(ZX_ERR_NO_MEMORY);
  }
  return space;
}

AddressSpace::AddressSpace(arch::PageTable page_table, uint64_t seed)
    : page_table_(std::move(page_table)), random_state_(seed) {}

AddressSpace::~AddressSpace() {
  Destroy();
  page_table_.Destroy();
}

void AddressSpace::Destroy() {
  if (!root_ || !root_->alive()) {
    return;
  }
  RemovePages(root_->base(), root_->size() / kPageSize);
  root_->DestroyChildren();
  root_->space_ = nullptr;
}

// Where a 2 MiB leaf is cut by an end of the range and there is no memory to split it, all of the leaf goes: what was
// not meant faults back in.
void AddressSpace::RemovePages(VirtualAddress address, PageIndex count) {
  if (!page_table_.Unmap(address, count).ok()) {
    const VirtualAddress first = base::AlignDown(address, base::kLargePageSize);
    const VirtualAddress end = base::AlignUp(address + count * kPageSize, base::kLargePageSize);
    const Result<> unmapped = page_table_.Unmap(first, (end - first) / kPageSize);
    GK_ASSERT(unmapped.ok());
  }
  Synchronize();
}

void AddressSpace::RestrictPages(VirtualAddress address, PageIndex count, Access access) {
  if (!page_table_.Protect(address, count, access).ok()) {
    RemovePages(address, count);
  }
  Synchronize();
}

void AddressSpace::Synchronize() {
  ++removals_;
  if (page_table_.needs_invalidation()) {
    arch::InvalidateAddressSpace(running_cpus_);
    page_table_.OnInvalidated();
  }
}

// splitmix64 (Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014).
uint64_t AddressSpace::NextRandom() {
  uint64_t z = (random_state_ += 0x9e3779b97f4a7c15);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

}  // namespace gk
