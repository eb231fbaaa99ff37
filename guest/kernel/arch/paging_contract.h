// The page-table contract: what every architecture's PageTable offers to the arch-neutral kernel.
//
// A page table is a cache of what the address space says: a missing entry is a fault, which is resolved again.
// Permission is one of "no entry", read, read+write, read+execute; write+execute does not exist.
//
// Removing or restricting entries is not finished until the CPUs have forgotten them. needs_invalidation() says that
// something is outstanding; the owner then calls arch/tlb.h for the CPUs concerned and OnInvalidated(). Until that, the
// frames that were unmapped must not be reused, and the table keeps its emptied table pages for the same reason.
//
// Kernel lock held for every call. Nothing here blocks.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <concepts>
#include <optional>
#include <span>

#include "guest/kernel/arch/types.h"
#include "guest/kernel/lib/status.h"

namespace gk::arch {

// How accesses go to memory. RAM is cached for everybody but those who asked for something else.
enum class Caching : uint8_t {
  kCached,
  kWriteCombining,  // reads go to memory, writes may be gathered
  kUncached,        // device registers
};

struct MappingAttributes {
  Access access;      // `read` must be set; write and execute exclude each other
  bool user = false;  // accessible at the privilege of user code (and of the kernel proper, which shares it)
  Caching caching = Caching::kCached;
  bool accessed = false;  // enter it as already used: Accessed and, where writable, Dirty are set, so that a
                          // hypervisor that shadows page tables can map it ahead. Reclaim learns from the first
                          // (TakeAccessed), so what was entered ahead passes for used once; nobody from the second
};

// In MapFrames: no page here.
inline constexpr PhysicalAddress kNoFrame = ~PhysicalAddress{0};

struct Translation {
  PhysicalAddress address;  // of the byte that was asked for
  MappingAttributes attributes;
  bool dirty;
  uint64_t leaf_size;  // bytes mapped by the entry: 4 KiB or 2 MiB
};

// Map(va, pa, pages, attributes): maps a physically contiguous range, with 2 MiB leaves where both addresses allow it.
//     ZX_ERR_ALREADY_EXISTS  something in the range is mapped. Nothing changed.
//     ZX_ERR_NO_MEMORY       no page for a table. Nothing changed.
//     ZX_ERR_ACCESS_DENIED   write and execute, or no read. ZX_ERR_INVALID_ARGS: unaligned, empty or not canonical.
// MapFrames(va, frames, attributes): one 4 KiB page for each frame, at consecutive addresses; pages that are mapped
//     already are left alone, kNoFrame leaves a hole. ZX_ERR_NO_MEMORY: a prefix is mapped. Otherwise as Map.
// Unmap(va, pages): ZX_ERR_NO_MEMORY: a 2 MiB leaf is cut by an end of the range and could not be split: nothing
// changed.
//     Cannot fail when no 2 MiB leaf is cut. Holes are fine.
// Protect(va, pages, access): takes permissions away: an entry keeps those of its permissions that `access` has too,
// and
//     never gets new ones. Without `read`, the same as Unmap. Errors as for Unmap.
// Query(va): what an access would find; nothing: it would fault.
// TakeAccessed(va): whether the entry that maps `va` has been marked as accessed since it was made or this was asked
//     last. The mark goes; the CPUs are not told: one that remembers the entry may use it without marking it again.
// root(): what the architecture's page-table base register takes.
template <typename T>
concept PageTableContract = requires(T table, const T& constant, VirtualAddress address, PhysicalAddress physical,
                                     size_t pages, std::span<const PhysicalAddress> frames,
                                     const MappingAttributes& attributes, Access access, uint64_t root_entry) {
  { T::Create() } -> std::same_as<Result<T>>;
  { T::CreateSharing(root_entry) } -> std::same_as<Result<T>>;
  { table.Map(address, physical, pages, attributes) } -> std::same_as<Result<>>;
  { table.MapFrames(address, frames, attributes) } -> std::same_as<Result<>>;
  { table.Unmap(address, pages) } -> std::same_as<Result<>>;
  { table.Protect(address, pages, access) } -> std::same_as<Result<>>;
  { constant.Query(address) } -> std::same_as<std::optional<Translation>>;
  { table.TakeAccessed(address) } -> std::same_as<bool>;
  { constant.needs_invalidation() } -> std::same_as<bool>;
  { table.OnInvalidated() } -> std::same_as<void>;
  { constant.root() } -> std::same_as<PhysicalAddress>;
  { table.Destroy() } -> std::same_as<void>;
};

}  // namespace gk::arch
