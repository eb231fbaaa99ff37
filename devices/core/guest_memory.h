// Guest RAM as devices see it, and the only way to it.
//
// RAM is a list of regions, each a guest-physical base and the host memory behind it. A GuestRange is an address and a
// length whose sum has been checked once; GuestMemory turns it into host bytes when it lies inside one region, and in
// no other case. The guest may write any byte of RAM at any time, so:
//   - fields are copied out once (CopyIn) and the copy is what is checked and used;
//   - ring indices are read and written through GuestAtomic with a named order;
//   - no reference to a structure inside RAM exists; spans are for bulk data whose content the host does not interpret.
//
// Threads: immutable after Create, so any thread may call anything. It does not own the host memory, which must outlive
// it.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <type_traits>
#include <vector>

#include "devices/core/error.h"
#include "shared/base/result.h"

namespace dev {

struct MemoryRegion {
  uint64_t base;              // guest-physical
  std::span<std::byte> host;  // borrowed
};

// A range of guest-physical addresses that does not wrap around. It need not lie in RAM.
class GuestRange {
 public:
  // nullopt when address + length cannot be represented.
  static constexpr std::optional<GuestRange> Create(uint64_t address, uint64_t length) {
    if (length > UINT64_MAX - address) {
      return std::nullopt;
    }
    return GuestRange(address, length);
  }

  [[nodiscard]] constexpr uint64_t address() const { return address_; }
  [[nodiscard]] constexpr uint64_t length() const { return length_; }

 private:
  constexpr GuestRange(uint64_t address, uint64_t length) : address_(address), length_(length) {}

  uint64_t address_;
  uint64_t length_;
};

// A naturally aligned integer in guest RAM that the guest and the host both access while the other may write it.
template <typename T>
class GuestAtomic {
  static_assert(std::is_integral_v<T> && std::atomic_ref<T>::is_always_lock_free);

 public:
  [[nodiscard]] T LoadAcquire() const { return std::atomic_ref<T>(*value_).load(std::memory_order_acquire); }
  [[nodiscard]] T LoadSequential() const { return std::atomic_ref<T>(*value_).load(std::memory_order_seq_cst); }
  void StoreRelease(T value) const { std::atomic_ref<T>(*value_).store(value, std::memory_order_release); }
  void StoreSequential(T value) const { std::atomic_ref<T>(*value_).store(value, std::memory_order_seq_cst); }

 private:
  friend class GuestMemory;
  explicit GuestAtomic(T* value) : value_(value) {}

  T* value_;
};

class GuestMemory {
 public:
  // Fails when there is no region, one is empty or wraps around, or two overlap.
  static base::Result<GuestMemory, Error> Create(std::vector<MemoryRegion> regions);

  [[nodiscard]] const std::vector<MemoryRegion>& regions() const { return regions_; }
  [[nodiscard]] bool Contains(GuestRange range) const { return Span(range).has_value(); }

  // The host bytes of `range`; nullopt when it does not lie inside one region. An empty range has an empty span when
  // its address lies in or at the end of a region.
  [[nodiscard]] std::optional<std::span<std::byte>> Span(GuestRange range) const;

  // Copies to or from RAM; false, with nothing copied, when the range is not RAM. Not atomic against the guest.
  [[nodiscard]] bool CopyIn(uint64_t address, std::span<std::byte> into) const;
  [[nodiscard]] bool CopyOut(uint64_t address, std::span<const std::byte> from) const;

  // nullopt when the value is not naturally aligned or not in RAM.
  template <typename T>
  [[nodiscard]] std::optional<GuestAtomic<T>> Atomic(uint64_t address) const {
    const auto bytes = AlignedSpan(address, sizeof(T));
    if (!bytes) {
      return std::nullopt;
    }
    // SAFETY: in RAM and aligned (AlignedSpan); an integer may be accessed in any storage of its size, and all access
    // is through std::atomic_ref.
    return GuestAtomic<T>(reinterpret_cast<T*>(bytes->data()));
  }

 private:
  explicit GuestMemory(std::vector<MemoryRegion> regions) : regions_(std::move(regions)) {}
  [[nodiscard]] std::optional<std::span<std::byte>> AlignedSpan(uint64_t address, uint64_t size) const;

  std::vector<MemoryRegion> regions_;  // ascending by base
};

// Copies guest bytes so that the compiler cannot read them again later: it sees neither this function's body nor, after
// it, any reason to believe that `guest` still holds what `into` does. Precondition: both have the same size.
void CopyOnce(std::span<std::byte> into, std::span<const std::byte> guest);

}  // namespace dev
