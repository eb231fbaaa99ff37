// Memory by virtual address, for what explains a stopped guest: the unwinder, the disassembler, reports.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <type_traits>

namespace vmm {

class MemoryReader {
 public:
  MemoryReader() = default;
  MemoryReader(const MemoryReader&) = default;
  MemoryReader& operator=(const MemoryReader&) = default;
  virtual ~MemoryReader() = default;

  // Copies from `address` on and returns how many bytes there were before the first that cannot be read. Any address
  // and any size; what is read is whatever the guest put there.
  [[nodiscard]] virtual size_t Read(uint64_t address, std::span<std::byte> into) const = 0;

  // nullopt unless all of the value can be read.
  template <typename T>
  [[nodiscard]] std::optional<T> ReadValue(uint64_t address) const {
    static_assert(std::is_trivially_copyable_v<T>);
    T value;
    if (Read(address, std::as_writable_bytes(std::span(&value, 1))) != sizeof(value)) {
      return std::nullopt;
    }
    return value;
  }
};

}  // namespace vmm
